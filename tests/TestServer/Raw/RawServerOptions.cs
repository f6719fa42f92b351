using System.Net;

namespace MessageWebSockets.TestServer;

public sealed record RawServerOptions
{
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>TLS before the script starts; null for plain TCP.</summary>
    public RawTlsOptions? Tls { get; init; }

    /// <summary>How many bytes of each direction a connection keeps for the test to look at.</summary>
    public int CaptureLimit { get; init; } = 1024 * 1024;

    /// <summary>How many connections the server remembers after they ended; a long-lived server wants 0.</summary>
    public int KeepConnections { get; init; } = 10_000;
}
