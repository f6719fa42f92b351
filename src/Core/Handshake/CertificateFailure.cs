using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MessageWebSockets.Handshake;

/// <summary>Tells why a server certificate was refused (the certificate rows of the table "Errors" of the contract).</summary>
internal sealed class CertificateFailure(Uri uri, TlsHandshake tls, HandshakeFindings findings, Exception cause)
{
    public MessageWebSocketException Tell(CertificateRefusal refusal) => refusal switch
    {
        CertificateRefusal.Pin => Create(
            "matches none of the pinned SHA-256 hashes",
            " If the server changed its certificate, pin the new one.",
            HResults.CertificateInvalid,
            WebErrorStatus.CertificateIsInvalid),
        CertificateRefusal.Handler => Create(
            "was rejected by the custom validation", "", HResults.CertificateInvalid, WebErrorStatus.CertificateIsInvalid),
        _ => FromErrors([.. findings.ServerCertificateErrors.Where(error => !tls.IsIgnored(error))]),
    };

    private MessageWebSocketException FromErrors(ChainValidationResult[] errors)
    {
        string advice = !errors.All(ServerCertificateValidation.CanBeIgnored) ? " This cannot be ignored."
            : !tls.IsEntrusted ? " A redirect led there, where no error is ignored; connect to that address itself."
            : $" To connect all the same, ignore: {string.Join(", ", errors)}.";
        if (errors.Length == 1)
        {
            (string what, int hresult) = Describe(errors[0]);
            return Create(what, advice, hresult, WebSocketError.GetStatus(hresult));
        }

        // Untrusted and incomplete are one cause: no chain to a trusted root.
        bool isAuthority = errors.All(e => e is ChainValidationResult.Untrusted or ChainValidationResult.IncompleteChain);
        return Create(
            $"has several errors: {string.Join(", ", errors)}",
            advice,
            isAuthority ? HResults.CertificateAuthority : HResults.CertificateInvalid,
            isAuthority ? WebErrorStatus.CertificateIsInvalid : WebErrorStatus.CertificateContainsErrors);
    }

    private (string What, int HResult) Describe(ChainValidationResult error) => error switch
    {
        ChainValidationResult.InvalidName => ("is for another name", HResults.CertificateName),
        ChainValidationResult.Expired => (Validity(), HResults.CertificateDate),
        ChainValidationResult.Untrusted => ("does not lead to a root that is trusted here", HResults.CertificateAuthority),
        ChainValidationResult.IncompleteChain =>
            ("does not lead to a trusted root: an intermediate or root certificate is missing", HResults.CertificateAuthority),
        ChainValidationResult.Revoked => ("was revoked", HResults.CertificateRevoked),
        ChainValidationResult.WrongUsage => ("is not meant for a server", HResults.CertificateInvalid),
        ChainValidationResult.RevocationInformationMissing =>
            ("does not say where its revocation can be looked up, or the answer is not usable", HResults.CertificateInvalid),
        ChainValidationResult.RevocationFailure =>
            ("could not be checked for revocation: the service does not answer", HResults.CertificateInvalid),
        _ => ($"is not valid: {error}", HResults.CertificateInvalid),
    };

    private string Validity()
    {
        if (findings.ServerCertificates?.Server is not { } certificate)
        {
            return "is not valid now";
        }

        // A certificate above the server's may be the one outside its time.
        return certificate.NotBefore > DateTime.Now ? $"is not valid before {Day(certificate.NotBefore)}"
            : certificate.NotAfter < DateTime.Now ? $"expired on {Day(certificate.NotAfter)}"
            : "leads over a certificate that is not valid now";
    }

    private static string Names(X509Certificate2 certificate)
    {
        try
        {
            return $"{PeerText.Clean(certificate.Subject)}, issued by {PeerText.Clean(certificate.Issuer)}";
        }
        catch (CryptographicException)
        {
            // A name may be well-formed enough for TLS, and hold text that is none.
            return "with a subject or issuer that cannot be read";
        }
    }

    private static string Day(DateTime time) => time.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private MessageWebSocketException Create(string what, string advice, int hresult, WebErrorStatus status)
    {
        string subject = findings.ServerCertificates?.Server is { } certificate ? $" ({Names(certificate)})" : "";
        return new MessageWebSocketException($"The certificate of {uri.IdnHost} {what}{subject}.{advice}", hresult, cause)
        {
            Status = status,
            PeerUri = uri,
        };
    }
}
