using System.Net;
using System.Net.Sockets;
using MessageWebSockets.PowerShell.Errors;
using MessageWebSockets.PowerShell.Tunnels;
using MessageWebSockets.Server;

namespace MessageWebSockets.PowerShell;

/// <summary>
/// A tunnel of Start-WsTunnel: listens, and carries the bytes of each connection between TCP and a WebSocket of its own.
/// </summary>
/// <remarks>Thread-safe. The connections are independent: one that breaks is reset, and counted, and leaves the others alone.</remarks>
public sealed class WsTunnel : IDisposable, IAsyncDisposable
{
    private readonly TcpAcceptor _acceptor;
    private readonly ITunnelRoute _route;
    private readonly TunnelPatience _patience;
    private readonly int _maxConnections;
    private readonly SemaphoreSlim _handshakes = new(ConnectionOpening.MostAtOnce, ConnectionOpening.MostAtOnce);
    private readonly TunnelTraffic _traffic = new();
    private readonly Lock _lock = new();
    private Task? _stopped;
    private volatile bool _isOver;
    private int _places;
    private int _open;
    private long _accepted;
    private long _failed;
    private volatile string? _lastError;

    private WsTunnel(
        string name, TcpAcceptor acceptor, ITunnelRoute route, Uri uri, string? target, int maxConnections, TunnelPatience patience)
    {
        TunnelName = name;
        _acceptor = acceptor;
        _route = route;
        _patience = patience;
        _maxConnections = maxConnections;
        Uri = uri;
        Target = target;

        // Who connects over TCP takes a place at once, of which there are -MaxConnections.
        _acceptor.Start((_, accepted, stopping) => ServeAsync(accepted, stopping), route.BeginsInTcp ? null : _handshakes.WaitAsync);
    }

    /// <summary>The name it was given. Not called Name, lest a pipeline names each connection to the tunnel after it.</summary>
    public string TunnelName { get; }

    /// <summary>Where it stands: Listening, Stopping or Stopped.</summary>
    public string State
    {
        get
        {
            lock (_lock)
            {
                return _stopped is null ? "Listening" : _isOver ? "Stopped" : "Stopping";
            }
        }
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint LocalEndPoint => _acceptor.LocalEndPoint;

    /// <summary>The address of the WebSocket: where TCP connections lead, or where WebSocket clients connect to.</summary>
    public Uri Uri { get; }

    /// <summary>The TCP service that WebSocket clients get to, as host:port; null for a tunnel that leads to a WebSocket.</summary>
    public string? Target { get; }

    /// <summary>Where it begins: the TCP address or that of the WebSocket.</summary>
    public string From => _route.BeginsInTcp ? LocalEndPoint.ToString() : Uri.ToString();

    /// <summary>
    /// Where it leads: the address of the WebSocket, without its query, in which servers take tokens, or the TCP service.
    /// </summary>
    public string To => Target ?? Redaction.Of(Uri);

    /// <summary>How many connections are open.</summary>
    public int Connections => Volatile.Read(ref _open);

    /// <summary>How many connections got through.</summary>
    public long ConnectionsAccepted => Volatile.Read(ref _accepted);

    /// <summary>How many connections came to nothing or broke.</summary>
    public long ConnectionsFailed => Volatile.Read(ref _failed);

    /// <summary>How many bytes went from those who connected to where the tunnel leads.</summary>
    public long BytesSent => _route.BeginsInTcp ? _traffic.ToWebSocket : _traffic.ToTcp;

    /// <summary>How many bytes came back.</summary>
    public long BytesReceived => _route.BeginsInTcp ? _traffic.ToTcp : _traffic.ToWebSocket;

    /// <summary>Why the last connection that failed did so; null when none has.</summary>
    public string? LastError => _lastError;

    /// <summary>When it started, in local time.</summary>
    public DateTime Started { get; } = DateTime.Now;

    /// <summary>Takes no more connections and resets those there are: whoever talks through it must not take half for the whole.</summary>
    /// <returns>Completes when nothing is left of the tunnel; the same for every call. The port is free at once.</returns>
    public Task StopAsync()
    {
        lock (_lock)
        {
            return _stopped ??= StopCoreAsync();
        }
    }

    /// <summary>As <see cref="StopAsync()"/>.</summary>
    /// <param name="cancellationToken">Ends the wait; the tunnel stops all the same.</param>
    /// <returns>As for <see cref="StopAsync()"/>.</returns>
    /// <exception cref="OperationCanceledException">The wait was ended.</exception>
    public Task StopAsync(CancellationToken cancellationToken) => StopAsync().WaitAsync(cancellationToken);

    /// <summary>Begins what <see cref="StopAsync()"/> does, and does not wait for it.</summary>
    public void Dispose() => _ = StopAsync();

    /// <summary>As <see cref="StopAsync()"/>.</summary>
    public ValueTask DisposeAsync() => new(StopAsync());

    /// <summary>The name.</summary>
    public override string ToString() => TunnelName;

    /// <summary>Whether nothing is left of it.</summary>
    internal bool IsOver => _isOver;

    /// <summary>How many connections have a task, those included that are no WebSocket yet or any more.</summary>
    internal int Serving => _acceptor.Serving;

    /// <summary>Starts a tunnel from TCP to a WebSocket.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="listen">Where to listen.</param>
    /// <param name="uri">The address of the WebSocket.</param>
    /// <param name="prototype">A socket with the settings of all.</param>
    /// <param name="maxConnections">The most connections at once.</param>
    /// <param name="patience">How long the ends wait for each other; null for the usual.</param>
    /// <exception cref="SocketException">The port is in use, or the address is none of this machine.</exception>
    internal static WsTunnel ToWebSocket(
        string name, IPEndPoint listen, Uri uri, StreamWebSocket prototype, int maxConnections, TunnelPatience? patience = null) =>
        new(
            name,
            TcpAcceptor.Bind(listen),
            new ToWebSocketRoute(uri, prototype),
            uri,
            null,
            maxConnections,
            patience ?? new TunnelPatience());

    /// <summary>Starts a tunnel from WebSocket clients to a TCP service.</summary>
    /// <param name="target">The service.</param>
    /// <param name="options">Where to listen, who may connect and how.</param>
    /// <param name="patience">How long the ends wait for each other; null for the usual.</param>
    /// <exception cref="ArgumentException">A setting cannot be.</exception>
    /// <exception cref="SocketException">The port is in use, or the address is none of this machine.</exception>
    internal static WsTunnel ToTcp(DnsEndPoint target, WebSocketEchoServerOptions options, TunnelPatience? patience = null)
    {
        WebSocketEchoServerOptions settings = options.Checked();
        TcpAcceptor acceptor = TcpAcceptor.Bind(new IPEndPoint(settings.Address, settings.Port));
        return new WsTunnel(
            settings.Name,
            acceptor,
            new ToTcpRoute(target, settings),
            WebSocketEchoServer.AddressOf(settings, acceptor.LocalEndPoint.Port),
            target.Host.Contains(':') ? $"[{target.Host}]:{target.Port}" : $"{target.Host}:{target.Port}",
            settings.MaxConnections,
            patience ?? new TunnelPatience());
    }

    private async Task StopCoreAsync()
    {
        await Task.Yield();
        await _acceptor.StopAsync().ConfigureAwait(false);
        _isOver = true;
    }

    // Never throws.
    private async Task ServeAsync(Socket accepted, CancellationToken stopping)
    {
        bool hasPlace = false;
        bool isInHandshake = !_route.BeginsInTcp;
        try
        {
            (Socket tcp, ITunnelWebSocket webSocket) = await _route.OpenAsync(accepted, TryEnter, stopping).ConfigureAwait(false);
            Interlocked.Increment(ref _accepted);
            Interlocked.Increment(ref _open);
            try
            {
                using TunnelConnection connection = new(tcp, webSocket, _traffic, _patience);
                await connection.RunAsync(stopping).ConfigureAwait(false);
            }
            finally
            {
                // First: whoever sees that it is gone finds its place free.
                LeavePlace(ref hasPlace);
                Interlocked.Decrement(ref _open);
            }
        }
        catch (Exception e)
        {
            if (_route.BeginsInTcp)
            {
                TunnelTcp.Reset(accepted);
            }

            if (!stopping.IsCancellationRequested)
            {
                Fail(e is MessageWebSocketException known ? LibraryText.Of(known).Message : e.Message);
            }
        }
        finally
        {
            LeavePlace(ref hasPlace);
            LeaveHandshake(ref isInHandshake);
        }

        // A good request is counted by its place from then on: how long the target takes keeps nobody else waiting.
        bool TryEnter()
        {
            hasPlace = TryTakePlace();
            if (hasPlace)
            {
                LeaveHandshake(ref isInHandshake);
            }

            return hasPlace;
        }
    }

    private void LeaveHandshake(ref bool isInHandshake)
    {
        if (isInHandshake)
        {
            isInHandshake = false;
            _handshakes.Release();
        }
    }

    private void Fail(string why)
    {
        _lastError = TerminalText.Escape(why);
        Interlocked.Increment(ref _failed);
    }

    private void LeavePlace(ref bool hasPlace)
    {
        if (hasPlace)
        {
            hasPlace = false;
            Interlocked.Decrement(ref _places);
        }
    }

    private bool TryTakePlace()
    {
        if (Interlocked.Increment(ref _places) <= _maxConnections)
        {
            return true;
        }

        Interlocked.Decrement(ref _places);
        return false;
    }
}
