using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace MessageWebSockets.TestServer;

public sealed record TestServerOptions
{
    /// <summary>The port of the ws endpoint; 0 for one that is free. Tests take a free one.</summary>
    public int Port { get; init; }

    /// <summary>Opens the wss endpoint (HTTP/1.1 and HTTP/2) with this certificate.</summary>
    public ServerCertificate? Certificate { get; init; }

    public ClientCertificateMode ClientCertificates { get; init; } = ClientCertificateMode.NoCertificate;

    /// <summary>Roots that a client certificate must lead to; null takes any.</summary>
    public X509Certificate2Collection? TrustedClientRoots { get; init; }

    /// <summary>Maps <see cref="StreamHub"/> to /hub.</summary>
    public bool Hub { get; init; }

    /// <summary>Listens on this Unix domain socket too.</summary>
    public string? UnixSocketPath { get; init; }
}
