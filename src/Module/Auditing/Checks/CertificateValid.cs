using System.Security.Cryptography.X509Certificates;

namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>Whether the certificate is one that clients take, also where the settings pass over its errors.</summary>
internal sealed class CertificateValid() : AuditCheck(
    "certificate-valid",
    WsAuditLevel.Passive,
    AuditSeverity.High,
    "ASVS 5.0 12.2.2, RFC 6125 6",
    "Serve a certificate for this name from an authority that clients trust, with the certificates between the two, and renew it in time.")
{
    public override bool NeedsConnection => false;

    public override Task<Verdict> RunAsync(AuditTarget target, CancellationToken cancellationToken) =>
        Task.FromResult(target.Findings switch
        {
            { ServerCertificateErrors: { Count: > 0 } errors } =>
                Verdict.Failed($"{Subject(target)} has errors: {string.Join(", ", errors)}"),
            { ServerCertificates: null } when target.Uri.Scheme != Uri.UriSchemeWss => Verdict.NotApplicable("the address is no wss"),
            { ServerCertificates: null } => Verdict.Inconclusive("no certificate was seen"),
            _ => Verdict.Passed($"{Subject(target)} is valid"),
        });

    private static string Subject(AuditTarget target)
    {
        if (target.Findings.ServerCertificates?.Server is not { } certificate)
        {
            return "the certificate";
        }

        using X509Certificate2 copy = new(certificate);
        return AuditAnswer.Shown(copy.Subject);
    }
}
