using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace MessageWebSockets;

/// <summary>
/// A small WebSocket server for trying things: it sends messages back, passes them on to all its clients, or answers them with a
/// handler. It is made to be safe on a desk and in a test, not to carry a service.
/// </summary>
/// <remarks>
/// <para>Thread-safe. It does not trust its clients: requests, messages, connections and what waits to be sent are limited, a
/// client that is slow or wrong is dropped by itself, and browsers are refused unless their origin is allowed.</para>
/// <para>RFC 6455 section 4.2 and 5, without extensions.</para>
/// </remarks>
public sealed class WebSocketEchoServer : IDisposable, IAsyncDisposable
{
    private const int ErrorsKept = 64;

    // Clients may queue for a moment beyond those that are served, to be told that there is no room; not without limit either.
    private const int PendingHandshakes = 64;

    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);

    private readonly WebSocketEchoServerOptions _options;
    private readonly Socket _listener;
    private readonly SslServerAuthenticationOptions? _tls;
    private readonly ServerHandshake _handshake;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<int, WebSocketEchoClient> _clients = new();
    private readonly ConcurrentDictionary<int, Task> _connections = new();
    private readonly ConcurrentQueue<Exception> _errors = new();
    private readonly Lock _broadcasting = new();
    private readonly Lock _stateLock = new();
    private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _accepting;
    private Task? _stopped;
    private WebSocketEchoServerState _state = WebSocketEchoServerState.Listening;
    private int _lastId;
    private int _placesTaken;
    private long _messagesReceived;
    private long _messagesSent;
    private long _accepted;
    private long _refused;
    private long _dropped;
    private long _handlerErrors;

    private WebSocketEchoServer(WebSocketEchoServerOptions options, Socket listener)
    {
        _options = options;
        _listener = listener;
        _handshake = new ServerHandshake(options);
        Port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        Uri = AddressOf(options, Port);
        if (options.Certificate is { } certificate)
        {
            _tls = new SslServerAuthenticationOptions
            {
                // Offline: whoever starts a server does not expect it to fetch certificates.
                ServerCertificateContext = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true),
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            };
        }

        _accepting = AcceptAsync();
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
    public long MessagesReceived => Volatile.Read(ref _messagesReceived);

    /// <summary>How many messages were sent to all clients.</summary>
    public long MessagesSent => Volatile.Read(ref _messagesSent);

    /// <summary>How many connections there have been.</summary>
    public long ConnectionsAccepted => Volatile.Read(ref _accepted);

    /// <summary>How many connections did not get through TLS and the handshake.</summary>
    public long ConnectionsRefused => Volatile.Read(ref _refused);

    /// <summary>How many clients were dropped because they did not read what was broadcast.</summary>
    public long ClientsDropped => Volatile.Read(ref _dropped);

    /// <summary>How often the handler failed.</summary>
    public long HandlerErrors => Volatile.Read(ref _handlerErrors);

    /// <summary>What the handler failed with, oldest first; the last 64.</summary>
    public IReadOnlyList<Exception> Errors => _errors.ToArray();

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
        Socket listener = new(settings.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (settings.Address.Equals(IPAddress.IPv6Any))
            {
                listener.DualMode = true;
            }

            listener.Bind(new IPEndPoint(settings.Address, settings.Port));
            listener.Listen();
            return new WebSocketEchoServer(settings, listener);
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    /// <summary>Takes no more connections, closes those there are (close code 1001), and drops what is not closed within two seconds.</summary>
    /// <returns>Completes when nothing is left of the server; the same for every call.</returns>
    public Task StopAsync()
    {
        lock (_stateLock)
        {
            return _stopped ??= Task.Run(StopCoreAsync);
        }
    }

    /// <summary>As <see cref="StopAsync"/>, and waits for it.</summary>
    public void Dispose() => StopAsync().GetAwaiter().GetResult();

    /// <inheritdoc cref="Dispose"/>
    public ValueTask DisposeAsync() => new(StopAsync());

    /// <summary>Records an error of the handler that does not end a connection.</summary>
    /// <param name="error">What went wrong.</param>
    public void ReportHandlerError(Exception error)
    {
        ArgumentNullException.ThrowIfNull(error);
        Interlocked.Increment(ref _handlerErrors);
        _errors.Enqueue(error);
        while (_errors.Count > ErrorsKept)
        {
            _errors.TryDequeue(out _);
        }
    }

    /// <summary>The name, or the address where it has none.</summary>
    public override string ToString() => ServerName.Length > 0 ? ServerName : Uri.ToString();

    internal void CountSent() => Interlocked.Increment(ref _messagesSent);

    /// <summary>Does with a message what the server is for.</summary>
    internal async Task DispatchAsync(WebSocketEchoClient client, ServerMessage message, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _messagesReceived);
        if (_options.Handler is not { } handler)
        {
            await AnswerAsync(client, message, cancellationToken).ConfigureAwait(false);
            return;
        }

        try
        {
            SocketMessageType type = message.Type == WebSocketMessageType.Text ? SocketMessageType.Utf8 : SocketMessageType.Binary;
            ReceivedData data = new(message.Payload.ToArray(), null, type, IsComplete: true);
            await handler(new WsMessage(data, DateTime.UtcNow.Ticks, socket: null), client, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception e)
        {
            // Anything a handler can throw. What it was stays here: the client has no business with it.
            ReportHandlerError(e);
            client.Close(WebSocketCloseStatus.InternalServerError, "The handler failed.", discards: false);
        }
    }

    /// <summary>Sends a message to a client, or on its behalf to all; waits for room in its queue.</summary>
    internal async Task AnswerAsync(WebSocketEchoClient client, ServerMessage message, CancellationToken cancellationToken)
    {
        try
        {
            if (!_options.Broadcast)
            {
                await client.Queue.AddAsync(message, cancellationToken).ConfigureAwait(false);
                return;
            }

            // Whoever sends is held to the pace at which it reads itself, and so seldom outruns the others.
            await client.Queue.WaitForRoomAsync(message, cancellationToken).ConfigureAwait(false);
            lock (_broadcasting)
            {
                // One message after the other, so that all clients see the same order.
                foreach (WebSocketEchoClient member in _clients.Values)
                {
                    if (!member.Queue.TryAdd(message))
                    {
                        Interlocked.Increment(ref _dropped);
                        member.Close(WebSocketCloseStatus.PolicyViolation, "This client reads too slowly.", discards: true);
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The connection has ended, and nobody is there to send to.
        }
    }

    private static Uri AddressOf(WebSocketEchoServerOptions options, int port)
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

    private static bool Names(X509Certificate2 certificate, string host) => certificate.MatchesHostname(host);

    private async Task StopCoreAsync()
    {
        lock (_stateLock)
        {
            _state = WebSocketEchoServerState.Stopping;
        }

        _listener.Dispose();
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _accepting.ConfigureAwait(false);
        foreach (WebSocketEchoClient client in _clients.Values)
        {
            client.Close(WebSocketCloseStatus.EndpointUnavailable, "The server stops.", discards: true);
            client.CancelHandler();
        }

        Task connections = Task.WhenAll(_connections.Values);
        await Task.WhenAny(connections, Task.Delay(StopPatience, CancellationToken.None)).ConfigureAwait(false);
        foreach (WebSocketEchoClient client in _clients.Values)
        {
            client.Abort();
        }

        // Only a handler that ignores its token is still busy now; it has nobody to answer any more.
        await Task.WhenAny(connections, Task.Delay(StopPatience, CancellationToken.None)).ConfigureAwait(false);
        lock (_stateLock)
        {
            _state = WebSocketEchoServerState.Stopped;
        }

        _completed.SetResult();
    }

    private async Task AcceptAsync()
    {
        // Start returns to its caller at once.
        await Task.Yield();
        while (!_stopping.IsCancellationRequested)
        {
            Socket transport;
            try
            {
                transport = await _listener.AcceptAsync(_stopping.Token).ConfigureAwait(false);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // The client was gone before it was taken, or the process has no descriptor left; the next one may do better.
                await Task.Delay(AcceptPause, CancellationToken.None).ConfigureAwait(false);
                continue;
            }

            if (_connections.Count >= _options.MaxConnections + PendingHandshakes)
            {
                Interlocked.Increment(ref _refused);
                transport.Dispose();
                continue;
            }

            int id = ++_lastId;
            Task connection = ServeAsync(id, transport);
            _connections[id] = connection;
            _ = connection.ContinueWith(_ => _connections.TryRemove(id, out Task? _), TaskScheduler.Default);
        }
    }

    private async Task ServeAsync(int id, Socket transport)
    {
        await Task.Yield();
        bool hasPlace = false;
        try
        {
            if (await OpenAsync(id, transport, () => hasPlace = TryTakePlace()).ConfigureAwait(false) is { } client)
            {
                Interlocked.Increment(ref _accepted);

                // While its handshake was under way the server may have stopped.
                if (_stopping.IsCancellationRequested)
                {
                    client.Close(WebSocketCloseStatus.EndpointUnavailable, "The server stops.", discards: true);
                }

                await client.RunAsync().ConfigureAwait(false);
            }
            else
            {
                Interlocked.Increment(ref _refused);
            }
        }
        finally
        {
            _clients.TryRemove(id, out _);
            if (hasPlace)
            {
                Interlocked.Decrement(ref _placesTaken);
            }

            transport.Dispose();
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
    private async Task<WebSocketEchoClient?> OpenAsync(int id, Socket transport, Func<bool> tryTakePlace)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        patience.CancelAfter(_options.HandshakeTimeout);
        Stream stream = new NetworkStream(transport, ownsSocket: false);
        try
        {
            transport.NoDelay = true;
            transport.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            if (_tls is not null)
            {
                SslStream secure = new(stream);
                stream = secure;
                await secure.AuthenticateAsServerAsync(_tls, patience.Token).ConfigureAwait(false);
            }

            AcceptedUpgrade upgrade = await _handshake.ReadAsync(stream, tryTakePlace, patience.Token).ConfigureAwait(false);
            WebSocketEchoClient client = new(this, _options, id, transport, stream, upgrade);

            // Before the answer: whoever is connected gets everything that is broadcast from then on.
            _clients[id] = client;
            await ServerHandshake.AcceptAsync(stream, upgrade, patience.Token).ConfigureAwait(false);
            return client;
        }
        catch (UpgradeRefusedException)
        {
            await DrainAsync(transport, stream, patience.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or SocketException or AuthenticationException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // It went away, was too slow, or does not speak the same TLS; there is no one to tell.
        }

        await stream.DisposeAsync().ConfigureAwait(false);
        return null;
    }

    // What the client still sends is read for a moment, lest a reset overtakes the answer.
    private static async Task DrainAsync(Socket transport, Stream stream, CancellationToken cancellationToken)
    {
        const int MostBytes = 64 * 1024;
        byte[] rest = new byte[4096];
        try
        {
            transport.Shutdown(SocketShutdown.Send);
            int drained = 0;
            int count;
            do
            {
                count = await stream.ReadAsync(rest, cancellationToken).ConfigureAwait(false);
                drained += count;
            }
            while (count > 0 && drained < MostBytes);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
        }
    }
}
