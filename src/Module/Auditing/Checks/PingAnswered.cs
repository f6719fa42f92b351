using MessageWebSockets.Framing;

namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>Pings with the longest payload: the pong has to have it.</summary>
internal sealed class PingAnswered() : AuditCheck(
    "ping-answered",
    WsAuditLevel.Passive,
    AuditSeverity.Medium,
    "RFC 6455 5.5.2, 5.5.3",
    "Answer every ping with a pong that has its payload: keep-alive of clients depends on it.")
{
    public override async Task<Verdict> RunAsync(AuditTarget target, CancellationToken cancellationToken)
    {
        byte[] payload = [.. Enumerable.Range(0, ControlFrame.MaxPayload).Select(static value => (byte)value)];
        using AuditConnection connection = await target.ConnectAsync(cancellationToken).ConfigureAwait(false);
        ReceivedFrame pong;
        try
        {
            await connection.SendAsync(ProbeFrame.Create(FrameOpcode.Ping, payload), cancellationToken).ConfigureAwait(false);
            pong = await target.ExpectAsync(patience => connection.ReadPongAsync(patience, cancellationToken), cancellationToken)
                .ConfigureAwait(false);
        }
        catch (WireEndException e) when (e.End == WireEnd.Silent)
        {
            return Verdict.Failed($"a ping: {e.Message}, on a connection that is open");
        }
        catch (WireEndException e)
        {
            throw e.After("a ping");
        }

        return pong.Header.Opcode == FrameOpcode.Close ? Verdict.Inconclusive("a ping: a close frame came in place of the pong")
            : pong.Payload.AsSpan().SequenceEqual(payload) ? Verdict.Passed("a ping of 125 bytes was answered with its payload")
            : Verdict.Failed($"a ping of 125 bytes was answered with {pong.Payload.Length} bytes that are not its payload");
    }
}
