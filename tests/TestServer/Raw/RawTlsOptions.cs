using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace MessageWebSockets.TestServer;

/// <summary>How a raw server speaks TLS.</summary>
public sealed record RawTlsOptions(ServerCertificate Certificate)
{
    /// <summary>Asks for a client certificate and takes whatever comes, nothing included.</summary>
    public bool AskForClientCertificate { get; init; }

    public bool RequireClientCertificate { get; init; }

    /// <summary>Roots that a client certificate must lead to; null takes any.</summary>
    public X509Certificate2Collection? TrustedClientRoots { get; init; }

    public SslProtocols Protocols { get; init; } = SslProtocols.None;

    /// <summary>Looks at a connection before TLS begins; true where it is to go on without. Null for TLS always.</summary>
    public Func<Socket, CancellationToken, Task<bool>>? GoesWithout { get; init; }
}
