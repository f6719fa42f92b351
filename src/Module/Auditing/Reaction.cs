using System.Diagnostics;

namespace MessageWebSockets.PowerShell.Auditing;

/// <inheritdoc cref="ReactionKind"/>
/// <param name="Kind">The kind.</param>
/// <param name="Code">The close code, where there was a close frame.</param>
/// <param name="After">How long it took.</param>
internal readonly record struct Reaction(ReactionKind Kind, int Code, TimeSpan After)
{
    // A message takes its time on a slow line.
    private const int SlowestBytesPerSecond = 1024 * 1024;

    /// <summary>What was seen, as the rest of a sentence.</summary>
    public string Text => Kind switch
    {
        ReactionKind.Closed => $"{AuditText.Closed(Code)} after {AuditText.Milliseconds(After)}",
        ReactionKind.Ended => $"ended without a close frame after {AuditText.Milliseconds(After)}",
        ReactionKind.Reset => $"reset after {AuditText.Milliseconds(After)}",
        ReactionKind.WentOn => "still open, and a ping behind it was answered",
        _ => $"still open after {AuditText.Seconds(After)}",
    };

    /// <summary>Sends bytes and a ping behind them, and waits for what the server does about it.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="bytes">The bytes.</param>
    /// <param name="secondThought">How long to wait on when that ping was answered: a server may look at a message after that.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="withPing">Whether the ping is sent.</param>
    public static async Task<Reaction> ToAsync(
        AuditConnection connection,
        ReadOnlyMemory<byte> bytes,
        TimeSpan secondThought,
        CancellationToken cancellationToken,
        bool withPing = true)
    {
        byte[] mark = Guid.NewGuid().ToByteArray();
        long started = Stopwatch.GetTimestamp();

        // Side by side: a server that answers a large message before it has read all of it waits for its answer to be taken.
        using CancellationTokenSource enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task sending = connection.SendAsync(
            (byte[])[.. bytes.Span, .. withPing ? ProbeFrame.Create(FrameOpcode.Ping, mark) : []], enough.Token);
        (ReactionKind kind, int code) = await ReadAsync(
            connection, mark, bytes.Length, secondThought, cancellationToken).ConfigureAwait(false);
        TimeSpan after = Stopwatch.GetElapsedTime(started);
        await enough.CancelAsync().ConfigureAwait(false);
        try
        {
            await sending.ConfigureAwait(false);
        }
        catch (Exception e) when (e is WireEndException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            // What is left of it nobody reads any more; what the server did about it is known.
        }

        return new Reaction(kind, code, after);
    }

    private static async Task<(ReactionKind Kind, int Code)> ReadAsync(
        AuditConnection connection, byte[] mark, int size, TimeSpan secondThought, CancellationToken cancellationToken)
    {
        TimeSpan patience = connection.Timeout + TimeSpan.FromSeconds(size / SlowestBytesPerSecond);
        bool wentOn = false;
        try
        {
            while (true)
            {
                ReceivedFrame frame = await connection.ReadFrameAsync(
                    wentOn ? secondThought : patience, cancellationToken).ConfigureAwait(false);
                if (frame.Header.Opcode == FrameOpcode.Close)
                {
                    return (ReactionKind.Closed, frame.CloseCode);
                }

                wentOn |= frame.Header.Opcode == FrameOpcode.Pong && frame.Payload.AsSpan().SequenceEqual(mark);
            }
        }
        catch (WireEndException e) when (e.End != WireEnd.Garbled)
        {
            return (e.End switch
            {
                WireEnd.Ended => ReactionKind.Ended,
                WireEnd.Reset => ReactionKind.Reset,
                _ => wentOn ? ReactionKind.WentOn : ReactionKind.Silent,
            }, 0);
        }
    }
}
