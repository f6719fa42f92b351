using System.Net;

namespace MessageWebSockets.TestServer;

public sealed record RawServerOptions
{
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>TLS before the script starts; null for plain TCP.</summary>
    public RawTlsOptions? Tls { get; init; }

    /// <summary>How many bytes of each direction a connection keeps for the test to look at.</summary>
    public int CaptureLimit { get; init; } = 1024 * 1024;
}
