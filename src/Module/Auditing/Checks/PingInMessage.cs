namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>Pings between the fragments of a message, and finishes that only when the pong is there.</summary>
internal sealed class PingInMessage() : AuditCheck(
    "ping-in-message",
    WsAuditLevel.Standard,
    AuditSeverity.Low,
    "RFC 6455 5.4, 5.5.2",
    "Answer control frames between the fragments of a message: a large message must not look like a dead server.")
{
    public override async Task<Verdict> RunAsync(AuditTarget target, CancellationToken cancellationToken)
    {
        using AuditConnection connection = await target.ConnectAsync(cancellationToken).ConfigureAwait(false);
        ReceivedFrame before;
        try
        {
            before = await connection.PingAsync("before"u8.ToArray(), cancellationToken).ConfigureAwait(false);
        }
        catch (WireEndException e)
        {
            throw e.After("a ping before the message");
        }

        if (before.Header.Opcode == FrameOpcode.Close)
        {
            return Verdict.Inconclusive("closed at a ping before the message");
        }

        await connection.SendAsync(ProbeFrame.Create(FrameOpcode.Text, "au"u8, isFinal: false), cancellationToken).ConfigureAwait(false);
        await connection.SendAsync(ProbeFrame.Create(FrameOpcode.Ping, "inside"u8), cancellationToken).ConfigureAwait(false);
        ReceivedFrame pong;
        try
        {
            pong = await target.ExpectAsync(
                patience => connection.ReadPongAsync(patience, cancellationToken),
                () => PingBehindMessageAsync(target, cancellationToken)).ConfigureAwait(false);
        }
        catch (WireEndException e) when (e.End == WireEnd.Silent)
        {
            return Verdict.Failed($"a ping between the fragments of a text: {e.Message}, while one before the text was answered");
        }
        catch (WireEndException e)
        {
            throw e.After("a fragment of a text and a ping behind it");
        }

        if (pong.Header.Opcode == FrameOpcode.Close)
        {
            return Verdict.Inconclusive("closed at a fragment of a text or the ping behind it");
        }

        await connection.SendAsync(ProbeFrame.Create(FrameOpcode.Continuation, "dit"u8), cancellationToken).ConfigureAwait(false);
        return Verdict.Passed("a ping between the fragments of a text was answered before the last of them was sent");
    }

    private static async Task PingBehindMessageAsync(AuditTarget target, CancellationToken cancellationToken)
    {
        using AuditConnection connection = await target.ConnectBesideAsync(cancellationToken).ConfigureAwait(false);
        await connection.SendAsync(ProbeFrame.Create(FrameOpcode.Text, "audit"u8), cancellationToken).ConfigureAwait(false);
        try
        {
            ReceivedFrame pong = await connection.PingAsync("behind"u8.ToArray(), cancellationToken).ConfigureAwait(false);
            if (pong.Header.Opcode == FrameOpcode.Close)
            {
                throw new WireEndException(WireEnd.Ended, "it was closed");
            }
        }
        catch (WireEndException e)
        {
            throw e.After("a ping behind a text");
        }
    }
}
