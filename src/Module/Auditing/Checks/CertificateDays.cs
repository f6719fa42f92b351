using System.Security.Cryptography.X509Certificates;

namespace MessageWebSockets.PowerShell.Auditing.Checks;

/// <summary>How long the certificate is good for; one that is not any more is the affair of <see cref="CertificateValid"/>.</summary>
internal sealed class CertificateDays() : AuditCheck(
    "certificate-days",
    WsAuditLevel.Passive,
    AuditSeverity.High,
    "RFC 5280 4.1.2.5",
    "Renew the certificate, and have that done by a program.")
{
    private const int FewDays = 14;

    public override bool NeedsConnection => false;

    public override Task<Verdict> RunAsync(AuditTarget target, CancellationToken cancellationToken)
    {
        if (target.Findings.ServerCertificates?.Server is not { } certificate)
        {
            return Task.FromResult(Verdict.NotApplicable("there is no certificate"));
        }

        using X509Certificate2 copy = new(certificate);
        int days = (int)Math.Floor((copy.NotAfter - DateTime.Now).TotalDays);
        return Task.FromResult(days switch
        {
            < 0 => Verdict.NotApplicable("the certificate has expired"),
            < FewDays => Verdict.Warning($"the certificate expires in {days} days"),
            _ => Verdict.Passed($"the certificate is good for {days} days"),
        });
    }
}
