namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>Whether the connection is encrypted.</summary>
internal sealed class TlsUsed() : AuditCheck(
    "tls-used",
    WsAuditLevel.Passive,
    AuditSeverity.High,
    "ASVS 5.0 4.4.1, RFC 6455 10.6",
    "Serve the endpoint over wss alone.")
{
    public override bool NeedsConnection => false;

    public override Task<Verdict> RunAsync(AuditTarget target, CancellationToken cancellationToken) => Task.FromResult(
        target.Uri.Scheme == Uri.UriSchemeWss ? Verdict.Passed("the connection is encrypted")
        : target.IsLocal ? Verdict.NotApplicable("the connection does not leave this machine")
        : Verdict.Failed("the connection is plain ws, which everyone on the way can read and change"));
}
