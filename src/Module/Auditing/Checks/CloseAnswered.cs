namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>Closes: a close frame has to come back.</summary>
internal sealed class CloseAnswered() : AuditCheck(
    "close-answered",
    WsAuditLevel.Passive,
    AuditSeverity.Low,
    "RFC 6455 5.5.1",
    "Answer a close frame with a close frame; clients report an abnormal end (1006) otherwise.")
{
    public override async Task<Verdict> RunAsync(AuditTarget target, CancellationToken cancellationToken)
    {
        using AuditConnection connection = await target.ConnectAsync(cancellationToken).ConfigureAwait(false);
        await connection.SendAsync(ProbeFrame.Close(1000), cancellationToken).ConfigureAwait(false);
        try
        {
            ReceivedFrame close = await target
                .ExpectAsync(patience => connection.ReadCloseAsync(patience, cancellationToken), cancellationToken).ConfigureAwait(false);
            return Verdict.Passed($"a close frame with 1000 was answered: {AuditText.Closed(close.CloseCode)}");
        }
        catch (WireEndException e) when (e.End is WireEnd.Silent or WireEnd.Ended)
        {
            // The peer is there and reads, so that the exception of section 7.1.7 does not hold.
            return Verdict.Failed($"a close frame with 1000 was not answered: {e.Message}");
        }
        catch (WireEndException e)
        {
            throw e.After("a close frame with 1000");
        }
    }
}
