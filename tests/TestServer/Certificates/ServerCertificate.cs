using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace MessageWebSockets.TestServer;

/// <summary>A certificate with its key, and the intermediates that go over the wire with it.</summary>
public sealed record ServerCertificate(X509Certificate2 Leaf, X509Certificate2Collection Intermediates)
{
    /// <summary>Offline: a server under test must not fetch what it was told to leave out.</summary>
    public SslStreamCertificateContext CreateContext() => SslStreamCertificateContext.Create(Leaf, Intermediates, offline: true);
}
