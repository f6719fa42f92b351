using System.Net;
using System.Net.Sockets;

namespace MessageWebSockets.TestServer;

/// <summary>
/// A port that refuses connections for sure: bound, so that nobody else gets it, and never listening.
/// </summary>
public sealed class RefusedPort : IDisposable
{
    private readonly Socket _bound = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public RefusedPort()
    {
        _bound.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Uri = new Uri($"ws://{_bound.LocalEndPoint}/");
    }

    /// <summary>Port 1 is nobody's in practice; for where nothing can keep a socket bound.</summary>
    public static Uri UnservedHttpUri { get; } = new("http://127.0.0.1:1/none.crl");

    public Uri Uri { get; }

    public void Dispose() => _bound.Dispose();
}
