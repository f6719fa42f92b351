using System.Net;
using System.Net.Sockets;
using Xunit;

namespace MessageWebSockets.Tests.Loopback;

/// <summary>Both ends of a TCP connection: that of the library, and the socket of its peer.</summary>
internal sealed record TransportPair(TransportStream Network, Socket Peer) : IDisposable
{
    public static async Task<TransportPair> ConnectAsync()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(listener.LocalEndpoint, TestContext.Current.CancellationToken);
        return new TransportPair(new TransportStream(socket), await listener.AcceptSocketAsync(TestContext.Current.CancellationToken));
    }

    public void Dispose()
    {
        Network.Dispose();
        Peer.Dispose();
    }
}
