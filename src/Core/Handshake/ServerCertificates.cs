using System.Security.Cryptography.X509Certificates;

namespace MessageWebSockets.Handshake;

/// <summary>
/// The certificates a server presented, kept as bytes until somebody looks at them: reading them takes a good part of a connect on a
/// fast network, and most connections are never asked.
/// </summary>
/// <remarks>The framework disposes the objects it hands to the validation callback, so they cannot be kept themselves.</remarks>
internal sealed class ServerCertificates
{
    private readonly Lazy<X509Certificate2> _server;
    private readonly Lazy<IReadOnlyList<X509Certificate2>> _intermediates;

    /// <param name="server">The server's certificate.</param>
    /// <param name="chain">The chain that was built from it, as far as that came; null for none.</param>
    public ServerCertificates(X509Certificate server, X509Chain? chain)
    {
        byte[] serverData = server.GetRawCertData();
        _server = new Lazy<X509Certificate2>(() => X509CertificateLoader.LoadCertificate(serverData));
        byte[][] issuers = [.. chain?.ChainElements.Skip(1).Select(element => element.Certificate.RawData) ?? []];
        _intermediates = new Lazy<IReadOnlyList<X509Certificate2>>(
            () => [.. issuers.Select(data => X509CertificateLoader.LoadCertificate(data)).Where(issuer => !IsRoot(issuer))]);
    }

    /// <summary>The server's certificate.</summary>
    public X509Certificate2 Server => _server.Value;

    /// <summary>The certificates between the server's and the root, as far as they are known.</summary>
    public IReadOnlyList<X509Certificate2> Intermediates => _intermediates.Value;

    private static bool IsRoot(X509Certificate2 certificate) =>
        certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData);
}
