using System.Globalization;
using System.Security.Cryptography.X509Certificates;

namespace MessageWebSockets.PowerShell;

/// <summary>A server certificate in plain values.</summary>
public sealed class WsEndpointCertificate
{
    internal WsEndpointCertificate(X509Certificate2 certificate, IEnumerable<X509Certificate2> intermediates)
    {
        Subject = certificate.Subject;
        Issuer = certificate.Issuer;
        DnsNames = NamesOf(certificate);
        NotBefore = certificate.NotBefore;
        NotAfter = certificate.NotAfter;
        SerialNumber = certificate.SerialNumber;
        Thumbprint = certificate.Thumbprint;
        Sha256 = certificate.GetCertHashString(System.Security.Cryptography.HashAlgorithmName.SHA256);
        SignatureAlgorithm = certificate.SignatureAlgorithm.FriendlyName ?? certificate.SignatureAlgorithm.Value ?? "";
        PublicKey = KeyOf(certificate);
        Intermediates = [.. intermediates.Select(static intermediate => intermediate.Subject)];
    }

    /// <summary>Whom it is for.</summary>
    public string Subject { get; }

    /// <summary>Who issued it.</summary>
    public string Issuer { get; }

    /// <summary>The names and addresses it is valid for.</summary>
    public string[] DnsNames { get; }

    /// <summary>When its validity begins, in local time.</summary>
    public DateTime NotBefore { get; }

    /// <summary>When it expires, in local time.</summary>
    public DateTime NotAfter { get; }

    /// <summary>Its serial number, hexadecimal.</summary>
    public string SerialNumber { get; }

    /// <summary>Its SHA-1 hash, by which certificate stores list it.</summary>
    public string Thumbprint { get; }

    /// <summary>Its SHA-256 hash, as -PinnedCertificateSha256 takes it.</summary>
    public string Sha256 { get; }

    /// <summary>The algorithm of its signature.</summary>
    public string SignatureAlgorithm { get; }

    /// <summary>The algorithm and size of its key.</summary>
    public string PublicKey { get; }

    /// <summary>The subjects of the intermediate certificates.</summary>
    public string[] Intermediates { get; }

    /// <summary>The subject.</summary>
    public override string ToString() => Subject;

    private static string[] NamesOf(X509Certificate2 certificate)
    {
        List<string> names = [];
        foreach (X509SubjectAlternativeNameExtension extension in certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>())
        {
            names.AddRange(extension.EnumerateDnsNames());
            names.AddRange(extension.EnumerateIPAddresses().Select(static address => address.ToString()));
        }

        return [.. names];
    }

    private static string KeyOf(X509Certificate2 certificate)
    {
        string name = certificate.PublicKey.Oid.FriendlyName ?? certificate.PublicKey.Oid.Value ?? "";
        using System.Security.Cryptography.AsymmetricAlgorithm? key = (System.Security.Cryptography.AsymmetricAlgorithm?)certificate.GetRSAPublicKey() ?? certificate.GetECDsaPublicKey();
        return key is null ? name : string.Create(CultureInfo.InvariantCulture, $"{name} {key.KeySize}");
    }
}
