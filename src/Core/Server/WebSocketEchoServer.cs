using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MessageWebSockets;

/// <summary>
/// A small WebSocket server for trying things: it sends messages back, passes them on to all its clients, or answers them with a
/// handler. It is made to be safe on a desk and in a test, not to carry a service.
/// </summary>
/// <remarks>
/// <para>Thread-safe. It does not trust its clients: requests, messages, connections and what waits to be sent are limited, a
/// client that is slow or wrong is dropped by itself, and browsers are refused unless their origin is allowed.</para>
/// <para>RFC 6455 sections 4.2 and 5; RFC 7692 where <see cref="WebSocketEchoServerOptions.Compression"/> says so.</para>
/// </remarks>
public sealed class WebSocketEchoServer : IDisposable, IAsyncDisposable
{
    // What the system takes on its way to a client counts as taken; with more of it a slow reader shows its progress too seldom.
    private const int BroadcastSendBuffer = 128 * 1024;

    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(2);

    private readonly WebSocketEchoServerOptions _options;
    private readonly ServerConnectionSettings _connectionSettings;
    private readonly TcpAcceptor _acceptor;
    private readonly ConnectionOpening _opening;
    private readonly Broadcast _broadcast;
    private readonly SemaphoreSlim _handshakes = new(ConnectionOpening.MostAtOnce, ConnectionOpening.MostAtOnce);
    private readonly ConcurrentDictionary<int, WebSocketEchoClient> _clients = new();
    private readonly HandlerErrors _errors = new();
    private readonly MessageCounts _messages = new(all: null);
    private readonly Lock _stateLock = new();
    private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task? _stopped;
    private WebSocketEchoServerState _state = WebSocketEchoServerState.Listening;
    private int _placesTaken;
    private long _accepted;
    private long _refused;

    private WebSocketEchoServer(WebSocketEchoServerOptions options, TcpAcceptor acceptor)
    {
        _options = options;
        _connectionSettings = new ServerConnectionSettings(options.MaxMessageSize, options.QueueLimit, options.IdleTimeout);
        _acceptor = acceptor;
        _opening = new ConnectionOpening(new ServerHandshake(options), options.Certificate);
        _broadcast = new Broadcast(() => _clients.Values.Select(static client => client.Connection), options.SlowClientTimeout);
        Port = acceptor.LocalEndPoint.Port;
        Uri = AddressOf(options, Port);
        acceptor.Start(ServeAsync, _handshakes.WaitAsync);
    }

    /// <summary>The name it was given. Not called Name, lest a pipeline names each connection to the server after it.</summary>
    public string ServerName => _options.Name;

    /// <summary>Where it stands.</summary>
    public WebSocketEchoServerState State
    {
        get
        {
            lock (_stateLock)
            {
                return _state;
            }
        }
    }

    /// <summary>The address to connect to. A server that listens on all addresses goes by the name of the machine.</summary>
    public Uri Uri { get; }

    /// <summary>The address it listens on.</summary>
    public IPAddress Address => _options.Address;

    /// <summary>The port it listens on.</summary>
    public int Port { get; }

    /// <summary>What it does with a message: echo, broadcast, handler, or handler, broadcast.</summary>
    public string Mode => (_options.Handler, _options.Broadcast) switch
    {
        (null, false) => "echo",
        (null, true) => "broadcast",
        (not null, false) => "handler",
        (not null, true) => "handler, broadcast",
    };

    /// <summary>The path clients have to ask for; null for any.</summary>
    public string? Path => _options.Path;

    // Arrays, here and below: a script can index them, and not what a collection expression makes of an interface.

    /// <summary>The subprotocols it speaks.</summary>
    public IReadOnlyList<string> SubProtocols => _options.SubProtocols.ToArray();

    /// <summary>The most bytes of a message.</summary>
    public int MaxMessageSize => _options.MaxMessageSize;

    /// <summary>How many clients are connected.</summary>
    public int Connections => _clients.Count;

    /// <summary>The clients that are connected, oldest first.</summary>
    public IReadOnlyList<WebSocketEchoClient> Clients => _clients.Values.OrderBy(static client => client.Id).ToArray();

    /// <summary>How many messages came from all clients.</summary>
    public long MessagesReceived => _messages.Received;

    /// <summary>How many messages were sent to all clients.</summary>
    public long MessagesSent => _messages.Sent;

    /// <summary>How many connections there have been.</summary>
    public long ConnectionsAccepted => Volatile.Read(ref _accepted);

    /// <summary>How many connections did not get through TLS and the handshake.</summary>
    public long ConnectionsRefused => Volatile.Read(ref _refused);

    /// <summary>How many clients were dropped because they did not read what was broadcast.</summary>
    public long ClientsDropped => _broadcast.Dropped;

    /// <summary>How often the handler failed.</summary>
    public long HandlerErrors => _errors.Count;

    /// <summary>What the handler failed with, oldest first; the last 64.</summary>
    public IReadOnlyList<Exception> Errors => _errors.Kept;

    /// <summary>When it started, in local time.</summary>
    public DateTime Started { get; } = DateTime.Now;

    /// <summary>Completes, never faulted, when nothing is left of the server.</summary>
    public Task Completion => _completed.Task;

    /// <summary>Starts a server.</summary>
    /// <param name="options">Its settings; later changes to them have no effect.</param>
    /// <returns>The server, which takes connections already.</returns>
    /// <exception cref="ArgumentException">A setting cannot be.</exception>
    /// <exception cref="SocketException">The port is in use, or the address is none of this machine.</exception>
    public static WebSocketEchoServer Start(WebSocketEchoServerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        WebSocketEchoServerOptions settings = options.Checked();
        return new WebSocketEchoServer(settings, TcpAcceptor.Bind(new IPEndPoint(settings.Address, settings.Port)));
    }

    /// <summary>
    /// Takes no more connections, closes those there are (close code 1001), and drops what is not closed within two seconds.
    /// </summary>
    /// <returns>
    /// Completes when nothing is left of the server, or after four seconds when a handler ignores its token; the same for every call.
    /// The port is free at once.
    /// </returns>
    public Task StopAsync()
    {
        lock (_stateLock)
        {
            if (_stopped is null)
            {
                _state = WebSocketEchoServerState.Stopping;
                _acceptor.Close();
                _stopped = Task.Run(StopCoreAsync);
            }

            return _stopped;
        }
    }

    /// <summary>As <see cref="StopAsync()"/>.</summary>
    /// <param name="cancellationToken">Ends the wait; the server stops all the same, and <see cref="Completion"/> says when it has.</param>
    /// <returns>As for <see cref="StopAsync()"/>.</returns>
    /// <exception cref="OperationCanceledException">The wait was ended.</exception>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        try
        {
            await StopAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException e)
        {
            throw ContractError.Canceled(cancellationToken, e);
        }
    }

    /// <summary>Begins what <see cref="StopAsync()"/> does, and does not wait for it.</summary>
    public void Dispose() => _ = StopAsync();

    /// <summary>As <see cref="StopAsync()"/>.</summary>
    public ValueTask DisposeAsync() => new(StopAsync());

    /// <summary>The name, or the address where it has none.</summary>
    public override string ToString() => ServerName.Length > 0 ? ServerName : Uri.ToString();

    internal static Uri AddressOf(WebSocketEchoServerOptions options, int port)
    {
        IPAddress address = options.Address;
        string literal = address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{address}]" : address.ToString();
        string host = address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) ? Dns.GetHostName() : literal;

        // A certificate for localhost is common, one for 127.0.0.1 is not.
        if (options.Certificate is { } certificate && IPAddress.IsLoopback(address)
            && !Names(certificate, address.ToString()) && Names(certificate, "localhost"))
        {
            host = "localhost";
        }

        return new Uri($"{(options.Certificate is null ? "ws" : "wss")}://{host}:{port}{options.Path ?? "/"}");
    }

    private static bool Names(X509Certificate2 certificate, string host)
    {
        try
        {
            return certificate.MatchesHostname(host);
        }
        catch (CryptographicException)
        {
            // A certificate whose names cannot be read is good for no name.
            return false;
        }
    }

    private async Task StopCoreAsync()
    {
        await _acceptor.StopAcceptingAsync().ConfigureAwait(false);
        foreach (WebSocketEchoClient client in _clients.Values)
        {
            client.Connection.Close(ServerStops(), discards: true);
            client.Connection.CancelWork();
        }

        Task connections = _acceptor.WhenServedAsync();
        await Task.WhenAny(connections, Task.Delay(StopPatience, CancellationToken.None)).ConfigureAwait(false);
        foreach (WebSocketEchoClient client in _clients.Values)
        {
            client.Connection.Abort();
        }

        // Only a handler that ignores its token is still busy now; it has nobody to answer any more.
        await Task.WhenAny(connections, Task.Delay(StopPatience, CancellationToken.None)).ConfigureAwait(false);
        lock (_stateLock)
        {
            _state = WebSocketEchoServerState.Stopped;
        }

        _completed.SetResult();
    }

    private static ConnectionEnd ServerStops() => new(ConnectionEnd.GoingAway, "The server stops.");

    private async Task ServeAsync(int id, Socket transport, CancellationToken stopping)
    {
        bool hasPlace = false;
        IClientMessages? messages = null;
        try
        {
            WebSocketEchoClient? client;
            try
            {
                (client, messages) = await OpenAsync(id, transport, () => hasPlace = TryTakePlace(), stopping).ConfigureAwait(false);
            }
            finally
            {
                _handshakes.Release();
            }

            Interlocked.Increment(ref client is null ? ref _refused : ref _accepted);
            if (client is not null)
            {
                // While its handshake was under way the server may have stopped.
                if (stopping.IsCancellationRequested)
                {
                    client.Connection.Close(ServerStops(), discards: true);
                }

                await client.Connection.RunAsync(messages!).ConfigureAwait(false);
            }
        }
        finally
        {
            _clients.TryRemove(id, out _);
            transport.Dispose();
            if (messages is not null)
            {
                // Work that goes on keeps the place of the client: a handler that never ends is not begun without bound.
                await messages.CompleteAsync(discards: true).ConfigureAwait(false);
            }

            if (hasPlace)
            {
                Interlocked.Decrement(ref _placesTaken);
            }
        }
    }

    // Only good requests take a place, so that slow ones cannot take them all.
    private bool TryTakePlace()
    {
        if (Interlocked.Increment(ref _placesTaken) <= _options.MaxConnections)
        {
            return true;
        }

        Interlocked.Decrement(ref _placesTaken);
        return false;
    }

    // Null when there is no connection to be had with this client.
    private async Task<(WebSocketEchoClient? Client, IClientMessages? Messages)> OpenAsync(
        int id, Socket transport, Func<bool> tryTakePlace, CancellationToken stopping)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        patience.CancelAfter(_options.HandshakeTimeout);
        EndPoint? remote = Prepare(transport);
        Stream stream;
        AcceptedUpgrade upgrade;
        try
        {
            (stream, upgrade) = await _opening.OpenAsync(transport, tryTakePlace, patience.Token).ConfigureAwait(false);
        }
        catch (ClientRefusedException)
        {
            return (null, null);
        }

        ServerConnection connection = new(_connectionSettings, transport, stream, upgrade, _messages, _errors.Add);
        WebSocketEchoClient client = new(
            id,
            remote,
            upgrade,
            connection,
            (message, cancellationToken) => SendAsync(connection, message, cancellationToken),
            _errors.Add);
        IClientMessages messages = MessagesOf(client);

        // Before the answer: whoever is connected gets everything that is broadcast from then on.
        _clients[id] = client;
        if (await ServerHandshake.TryAcceptAsync(stream, upgrade, patience.Token).ConfigureAwait(false))
        {
            return (client, messages);
        }

        connection.Abort();
        return (null, messages);
    }

    // Where it connected from; a client that is gone already has no address any more.
    private EndPoint? Prepare(Socket transport)
    {
        try
        {
            transport.NoDelay = true;
            transport.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            if (_options.Broadcast)
            {
                transport.SendBufferSize = BroadcastSendBuffer;
            }

            return transport.RemoteEndPoint;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    private IClientMessages MessagesOf(WebSocketEchoClient client)
    {
        ServerConnection connection = client.Connection;
        return (_options.Handler, _options.Broadcast) switch
        {
            (null, false) => new ReturnedMessages(connection.Outgoing),
            (null, true) => new WorkedMessages(message => _broadcast.SendAsync(message, CancellationToken.None), connection.Activity),
            var (handler, _) => new WorkedMessages(message => HandleAsync(handler, client, message), connection.Activity),
        };
    }

    private Task SendAsync(ServerConnection connection, ServerMessage message, CancellationToken cancellationToken) => _options.Broadcast
        ? _broadcast.SendAsync(message, cancellationToken)
        : connection.Outgoing.AddAsync(message, cancellationToken);

    // Never throws.
    private async Task HandleAsync(WebSocketEchoHandler handler, WebSocketEchoClient client, ServerMessage message)
    {
        ServerConnection connection = client.Connection;
        CancellationToken ended = connection.Ended;
        if (connection.IsClosing || ended.IsCancellationRequested)
        {
            return;
        }

        try
        {
            SocketMessageType type = message.Type == WebSocketMessageType.Text ? SocketMessageType.Utf8 : SocketMessageType.Binary;
            ReceivedData data = new(message.Payload.ToArray(), null, type, IsComplete: true);
            await handler(new WsMessage(data, DateTime.UtcNow.Ticks, origin: null), client, ended).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
        }
        catch (Exception e)
        {
            // Anything a handler can throw. What it was stays here: the client has no business with it.
            _errors.Add(e);
            connection.Close(new ConnectionEnd(ConnectionEnd.InternalError, "The handler failed."), discards: false);
        }
    }
}
