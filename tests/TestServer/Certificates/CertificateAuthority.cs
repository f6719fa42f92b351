using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MessageWebSockets.TestServer;

/// <summary>One certificate authority with its key in memory.</summary>
internal sealed class CertificateAuthority : IDisposable
{
    private readonly X509Certificate2 _certificate;
    private long _listNumber;

    private CertificateAuthority(X509Certificate2 certificate)
    {
        _certificate = certificate;
        PublicCertificate = X509CertificateLoader.LoadCertificate(certificate.RawData);
    }

    /// <summary>Without the key, as a client has it.</summary>
    public X509Certificate2 PublicCertificate { get; }

    public static CertificateAuthority CreateRoot(string name)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = AuthorityRequest(name, key);
        return new CertificateAuthority(request.CreateSelfSigned(DateTimeOffset.UtcNow.AddYears(-5), DateTimeOffset.UtcNow.AddYears(5)));
    }

    public static X509Certificate2 SelfSign(LeafRequest leaf)
    {
        using AsymmetricAlgorithm key = leaf.CreateKey();
        return Usable(LeafCertificateRequest(leaf, key).CreateSelfSigned(leaf.NotBefore, leaf.NotAfter));
    }

    public CertificateAuthority IssueAuthority(string name, Uri? revocationList = null)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = AuthorityRequest(name, key);
        AddIssuer(request, revocationList);
        using X509Certificate2 issued = request.Create(_certificate, _certificate.NotBefore, _certificate.NotAfter, SerialNumber());
        return new CertificateAuthority(issued.CopyWithPrivateKey(key));
    }

    public X509Certificate2 Issue(LeafRequest leaf)
    {
        using AsymmetricAlgorithm key = leaf.CreateKey();
        CertificateRequest request = LeafCertificateRequest(leaf, key);
        AddIssuer(request, leaf.RevocationList);
        if (leaf.IssuerAddress is not null)
        {
            request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension(null, [leaf.IssuerAddress.AbsoluteUri]));
        }

        // The issuer's key is ECDSA whatever the leaf's is, so the signature generator has to be named.
        using ECDsa issuerKey = _certificate.GetECDsaPrivateKey()!;
        using X509Certificate2 issued = request.Create(
            _certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(issuerKey), leaf.NotBefore, leaf.NotAfter, SerialNumber());
        return Usable(key is RSA rsa ? issued.CopyWithPrivateKey(rsa) : issued.CopyWithPrivateKey((ECDsa)key));
    }

    public byte[] CreateRevocationList(params X509Certificate2[] revoked)
    {
        CertificateRevocationListBuilder builder = new();
        foreach (X509Certificate2 certificate in revoked)
        {
            builder.AddEntry(certificate, DateTimeOffset.UtcNow.AddHours(-1), X509RevocationReason.KeyCompromise);
        }

        return builder.Build(
            _certificate,
            Interlocked.Increment(ref _listNumber),
            DateTimeOffset.UtcNow.AddDays(1),
            HashAlgorithmName.SHA256,
            thisUpdate: DateTimeOffset.UtcNow.AddHours(-1));
    }

    public void Dispose()
    {
        PublicCertificate.Dispose();
        _certificate.Dispose();
    }

    private static CertificateRequest AuthorityRequest(string name, ECDsa key)
    {
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return request;
    }

    private static CertificateRequest LeafCertificateRequest(LeafRequest leaf, AsymmetricAlgorithm key)
    {
        string name = $"CN={leaf.Name}";
        CertificateRequest request = key is RSA rsa
            ? new CertificateRequest(name, rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest(name, (ECDsa)key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(leaf.Usage)], false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        if (leaf.IsServer)
        {
            SubjectAlternativeNameBuilder names = new();
            names.AddDnsName(leaf.Name);
            if (leaf.Name == "localhost")
            {
                names.AddIpAddress(IPAddress.Loopback);
                names.AddIpAddress(IPAddress.IPv6Loopback);
            }

            request.CertificateExtensions.Add(names.Build());
        }

        return request;
    }

    private static byte[] SerialNumber()
    {
        byte[] number = RandomNumberGenerator.GetBytes(16);
        number[0] = (byte)((number[0] & 0x3F) | 0x40);
        return number;
    }

    /// <summary>Windows and macOS cannot serve TLS with a key that was never imported; Linux can.</summary>
    private static X509Certificate2 Usable(X509Certificate2 certificate)
    {
        if (OperatingSystem.IsLinux())
        {
            return certificate;
        }

        using (certificate)
        {
            return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
        }
    }

    private void AddIssuer(CertificateRequest request, Uri? revocationList)
    {
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_certificate, true, false));
        if (revocationList is not null)
        {
            request.CertificateExtensions.Add(
                CertificateRevocationListBuilder.BuildCrlDistributionPointExtension([revocationList.AbsoluteUri]));
        }
    }
}
