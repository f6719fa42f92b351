using System.Diagnostics;

namespace MessageWebSockets.PowerShell.Auditing;

/// <inheritdoc cref="ReactionKind"/>
/// <param name="Kind">The kind.</param>
/// <param name="Code">The close code, where there was a close frame.</param>
/// <param name="After">How long it took.</param>
/// <param name="IsPong">Whether what was sent is itself what was answered with a pong.</param>
internal readonly record struct Reaction(ReactionKind Kind, int Code, TimeSpan After, bool IsPong)
{
    // A message takes its time on a slow line.
    private const int SlowestBytesPerSecond = 1024 * 1024;

    /// <summary>What was seen, as the rest of a sentence.</summary>
    public string Text => Kind switch
    {
        ReactionKind.Closed => $"{AuditText.Closed(Code)} after {AuditText.Milliseconds(After)}",
        ReactionKind.Ended => $"ended without a close frame after {AuditText.Milliseconds(After)}",
        ReactionKind.Reset => $"reset after {AuditText.Milliseconds(After)}",
        ReactionKind.WentOn when IsPong => "still open, and answered with a pong",
        ReactionKind.WentOn => "still open, and a ping behind it was answered",
        _ => $"still open after {AuditText.Seconds(After)}",
    };

    /// <summary>The payload of a ping that is itself what is sent: a pong with it shows as well that the server went on.</summary>
    public static ReadOnlySpan<byte> PingPayload => "audit"u8;

    /// <summary>Sends bytes and a ping behind them, and waits for what the server does about it.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="bytes">The bytes.</param>
    /// <param name="secondThought">How long to wait on when that ping was answered: a server may look at a message after that.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="withPing">Whether the ping is sent.</param>
    /// <param name="atSilence">
    /// What to do when the server did nothing in time; after it the server has as much more as with a second thought.
    /// </param>
    public static async Task<Reaction> ToAsync(
        AuditConnection connection,
        ReadOnlyMemory<byte> bytes,
        TimeSpan secondThought,
        CancellationToken cancellationToken,
        bool withPing = true,
        Func<Task>? atSilence = null)
    {
        byte[] mark = Guid.NewGuid().ToByteArray();
        long started = Stopwatch.GetTimestamp();

        // Side by side: a server that answers a large message before it has read all of it waits for its answer to be taken.
        using CancellationTokenSource enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        byte[] ping = withPing ? ProbeFrame.Create(FrameOpcode.Ping, mark) : [];
        Task sending = connection.SendAsync((byte[])[.. bytes.Span, .. ping], enough.Token);
        TimeSpan patience = connection.Timeout + TimeSpan.FromSeconds(bytes.Length / SlowestBytesPerSecond);
        (ReactionKind kind, int code, bool isPong) = await ReadAsync(connection, mark, patience, secondThought, cancellationToken)
            .ConfigureAwait(false);
        if (kind == ReactionKind.Silent && atSilence is not null)
        {
            await atSilence().ConfigureAwait(false);
            (kind, code, isPong) = await ReadAsync(connection, mark, secondThought, secondThought, cancellationToken).ConfigureAwait(false);
        }

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

        return new Reaction(kind, code, after, isPong);
    }

    private static async Task<(ReactionKind Kind, int Code, bool IsPong)> ReadAsync(
        AuditConnection connection, byte[] mark, TimeSpan patience, TimeSpan secondThought, CancellationToken cancellationToken)
    {
        bool wentOn = false;
        bool isPong = false;
        long started = Stopwatch.GetTimestamp();
        try
        {
            while (true)
            {
                // In all, and not for each frame: some servers talk without being asked.
                TimeSpan left = patience - Stopwatch.GetElapsedTime(started);
                left = left > TimeSpan.Zero ? left : TimeSpan.Zero;
                ReceivedFrame frame = await connection.ReadFrameAsync(left, cancellationToken).ConfigureAwait(false);
                if (frame.Header.Opcode == FrameOpcode.Close)
                {
                    return (ReactionKind.Closed, frame.CloseCode, isPong);
                }

                if (!wentOn && frame.Header.Opcode == FrameOpcode.Pong && IsAnswer(frame.Payload, mark))
                {
                    wentOn = true;
                    isPong = !frame.Payload.AsSpan().SequenceEqual(mark);
                    (started, patience) = (Stopwatch.GetTimestamp(), secondThought);
                }
            }
        }
        catch (WireEndException e) when (e.End != WireEnd.Garbled)
        {
            return (e.End switch
            {
                WireEnd.Ended => ReactionKind.Ended,
                WireEnd.Reset => ReactionKind.Reset,
                _ => wentOn ? ReactionKind.WentOn : ReactionKind.Silent,
            }, 0, isPong);
        }
    }

    // Of two pings one behind the other a server may answer one alone (RFC 6455 section 5.5.3).
    private static bool IsAnswer(ReadOnlySpan<byte> pong, ReadOnlySpan<byte> mark) =>
        pong.SequenceEqual(mark) || pong.SequenceEqual(PingPayload);
}
