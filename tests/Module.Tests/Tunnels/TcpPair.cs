using System.Net;
using System.Net.Sockets;
using MessageWebSockets.PowerShell.Tunnels;

namespace MessageWebSockets.PowerShell.Tests.Tunnels;

/// <summary>A TCP service, the tunnels to it, and both ends of one connection through them.</summary>
internal sealed class TcpPair : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly List<Socket> _sockets = [];

    public TcpPair(TunnelPatience? patience = null, int maxConnections = 1000, Action<WebSocketEchoServerOptions>? configure = null)
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        WebSocketEchoServerOptions options = new() { Name = "in", MaxConnections = 1000 };
        options.SubProtocols.Add("binary");
        configure?.Invoke(options);
        Inbound = WsTunnel.ToTcp(new DnsEndPoint("127.0.0.1", Port), options, patience);
        Outbound = ToWebSocket(Inbound.Uri, patience, maxConnections);
    }

    /// <summary>The port of the service.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <summary>From WebSocket clients to the service.</summary>
    public WsTunnel Inbound { get; }

    /// <summary>From TCP clients to the other tunnel.</summary>
    public WsTunnel Outbound { get; }

    public static WsTunnel ToWebSocket(
        Uri uri,
        TunnelPatience? patience = null,
        int maxConnections = 1000,
        TimeSpan? connectTimeout = null,
        Action<StreamWebSocketControl>? configure = null)
    {
        using StreamWebSocket prototype = new();
        prototype.Control.CloseTimeout = TimeSpan.Zero;
        prototype.Control.ConnectTimeout = connectTimeout ?? TimeSpan.FromSeconds(30);
        configure?.Invoke(prototype.Control);
        return WsTunnel.ToWebSocket("out", new IPEndPoint(IPAddress.Loopback, 0), uri, prototype.Clone(), maxConnections, patience);
    }

    public async Task<Socket> ConnectAsync(WsTunnel? through = null)
    {
        Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _sockets.Add(client);
        await client.ConnectAsync((through ?? Outbound).LocalEndPoint);
        return client;
    }

    public async Task<Socket> AcceptAsync()
    {
        Socket served = await _listener.AcceptAsync();
        _sockets.Add(served);
        return served;
    }

    /// <summary>A client and the connection that the service got for it.</summary>
    public async Task<(Socket Client, Socket Service)> OpenAsync()
    {
        Socket client = await ConnectAsync();
        return (client, await AcceptAsync());
    }

    /// <summary>Ends the service: nobody can connect to it any more.</summary>
    public void CloseService() => _listener.Dispose();

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        _sockets.ForEach(static socket => socket.Dispose());
        await Task.WhenAll(Inbound.StopAsync(), Outbound.StopAsync());
    }
}
