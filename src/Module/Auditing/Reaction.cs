using System.Diagnostics;

namespace MessageWebSockets.PowerShell.Auditing;

/// <summary>How a server met bytes that it has to end the connection for.</summary>
internal enum ReactionKind
{
    /// <summary>With a close frame.</summary>
    Closed,

    /// <summary>It ended TCP in order, without a close frame.</summary>
    Ended,

    /// <summary>The connection was reset or broke.</summary>
    Reset,

    /// <summary>It went on: a ping that was sent after them was answered.</summary>
    WentOn,

    /// <summary>It did nothing for as long as was waited.</summary>
    Silent,
}

/// <inheritdoc cref="ReactionKind"/>
/// <param name="Kind">The kind.</param>
/// <param name="Code">The close code, where there was a close frame.</param>
/// <param name="After">How long it took.</param>
internal readonly record struct Reaction(ReactionKind Kind, int Code, TimeSpan After)
{
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
    public static async Task<Reaction> ToAsync(
        AuditConnection connection, ReadOnlyMemory<byte> bytes, TimeSpan secondThought, CancellationToken cancellationToken)
    {
        byte[] mark = Guid.NewGuid().ToByteArray();
        long sent = Stopwatch.GetTimestamp();
        await connection.SendAsync((byte[])[.. bytes.Span, .. ProbeFrame.Create(FrameOpcode.Ping, mark)], cancellationToken).ConfigureAwait(false);
        bool wentOn = false;
        try
        {
            while (true)
            {
                Task<ReceivedFrame> reading = wentOn ? connection.ReadFrameAsync(secondThought, cancellationToken) : connection.ReadFrameAsync(cancellationToken);
                ReceivedFrame frame = await reading.ConfigureAwait(false);
                if (frame.Header.Opcode == FrameOpcode.Close)
                {
                    return new Reaction(ReactionKind.Closed, frame.CloseCode, Stopwatch.GetElapsedTime(sent));
                }

                wentOn |= frame.Header.Opcode == FrameOpcode.Pong && frame.Payload.AsSpan().SequenceEqual(mark);
            }
        }
        catch (WireEndException e) when (e.End != WireEnd.Garbled)
        {
            ReactionKind kind = e.End switch
            {
                WireEnd.Ended => ReactionKind.Ended,
                WireEnd.Reset => ReactionKind.Reset,
                _ => wentOn ? ReactionKind.WentOn : ReactionKind.Silent,
            };
            return new Reaction(kind, 0, Stopwatch.GetElapsedTime(sent));
        }
    }
}
