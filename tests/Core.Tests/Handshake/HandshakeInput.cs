using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MessageWebSockets.Tests.Handshake;

/// <summary>What the parts of a connect are given where nothing about it matters.</summary>
internal static class HandshakeInput
{
    public static HandshakeSettings Settings() => new()
    {
        RequestHeaders = new RequestHeaders(),
        Protocols = [],
        HttpVersion = HttpVersion.Version11,
        IgnorableServerCertificateErrors = [],
        PinnedCertificateSha256 = [],
    };

    public static X509Certificate2 SelfSigned()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=test", key, HashAlgorithmName.SHA256);
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }
}
