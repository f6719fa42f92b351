namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>Comes without the credentials that were given for the ordinary handshake.</summary>
internal sealed class CredentialsNeeded() : AuditCheck(
    "credentials-needed",
    WsAuditLevel.Standard,
    AuditSeverity.High,
    "ASVS 5.0 4.4.3, RFC 6455 10.5",
    "Refuse handshakes without valid credentials with 401, before the upgrade.")
{
    private const string Sent = "a handshake without credentials";

    public override async Task<Verdict> RunAsync(AuditTarget target, CancellationToken cancellationToken)
    {
        if (!target.HasCredentials)
        {
            return Verdict.NotApplicable("no credentials were given that could be left out");
        }

        Admission admission;
        try
        {
            admission = await Admission.OfAsync(
                target, target.Request(withCredentials: false), Sent, target.Settings with { ClientCertificate = null }, cancellationToken)
                    .ConfigureAwait(false);
        }
        catch (MessageWebSocketException e) when (target.Settings.ClientCertificate is not null)
        {
            return Verdict.Passed($"no connection without the client certificate: {AuditAnswer.Shown(e.Message)}");
        }

        string evidence = $"{Sent} was {admission.Text}";
        return admission.IsLetIn ? Verdict.Failed(evidence) : Verdict.Passed(evidence);
    }
}
