using System.Net.Sockets;
using MessageWebSockets.PowerShell.Tunnels;
using Xunit;

namespace MessageWebSockets.PowerShell.Tests.Tunnels;

/// <summary>A tunnel to a WebSocket server that does nothing on its own, and both ends of one connection through it.</summary>
internal sealed class RawServerPair : IAsyncDisposable
{
    private readonly Socket _listener = RawPeers.Listen();
    private readonly WsTunnel _tunnel;
    private Socket? _client;
    private Socket? _peer;

    private RawServerPair(TunnelPatience? patience) => _tunnel = TcpPair.ToWebSocket(RawPeers.UriOf(_listener), patience);

    /// <summary>Connects, and agrees on a WebSocket.</summary>
    public static async Task<RawServerPair> OpenAsync(TunnelPatience? patience = null)
    {
        RawServerPair pair = new(patience);
        pair._client = await RawPeers.ConnectAsync(pair._tunnel);
        pair._peer = await RawPeers.AcceptWebSocketAsync(pair._listener);
        return pair;
    }

    /// <param name="tunnel">The tunnel.</param>
    /// <param name="client">The TCP client.</param>
    /// <param name="peer">The connection that the WebSocket server got for it.</param>
    public void Deconstruct(out WsTunnel tunnel, out Socket client, out Socket peer) =>
        (tunnel, client, peer) = (_tunnel, _client!, _peer!);

    /// <summary>The server closes in order, and the client sees the end.</summary>
    public async Task CloseAsync()
    {
        await _peer!.SendAllAsync(RawPeers.Close);
        Assert.Equal(SocketError.Success, await _client!.ReadEndAsync());
    }

    public async ValueTask DisposeAsync()
    {
        _client?.Dispose();
        _peer?.Dispose();
        _listener.Dispose();
        await _tunnel.DisposeAsync();
    }
}
