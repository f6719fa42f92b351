namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>Closes, and leaves it to the server to end TCP, as RFC 6455 has it.</summary>
internal sealed class CloseTcp() : AuditCheck(
    "close-tcp",
    WsAuditLevel.Passive,
    AuditSeverity.Low,
    "RFC 6455 5.5.1, 7.1.1",
    "End TCP as soon as both close frames are through: the server holds the connection's memory otherwise for as long as the client likes.")
{
    public override async Task<Verdict> RunAsync(AuditTarget target, CancellationToken cancellationToken)
    {
        using AuditConnection connection = await target.ConnectAsync(cancellationToken).ConfigureAwait(false);
        await connection.SendAsync(ProbeFrame.Close(1000), cancellationToken).ConfigureAwait(false);
        try
        {
            await connection.ReadCloseAsync(target.Plan.Timeout, cancellationToken).ConfigureAwait(false);
        }
        catch (WireEndException e)
        {
            throw e.After("a close frame with 1000");
        }

        try
        {
            WireEnd end = await target
                .ExpectAsync(patience => connection.ReadToEndAsync(patience, cancellationToken), cancellationToken)
                .ConfigureAwait(false);
            return end == WireEnd.Ended
                ? Verdict.Passed("the server ended TCP after the close frames")
                : Verdict.Inconclusive("TCP was reset after the close frames");
        }
        catch (WireEndException e) when (e.End == WireEnd.Silent)
        {
            return Verdict.Failed($"after both close frames TCP is {e.Message}");
        }
    }
}
