using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;

namespace MessageWebSockets.TestServer;

/// <summary>
/// A TCP listener on loopback whose connections do what a script says, and nothing else. Disposing it ends every script
/// and waits for it.
/// </summary>
public sealed class RawServer : IAsyncDisposable
{
    private const int Backlog = 1024;
    private const int MaximumAcceptFailures = 1000;
    private const int MaximumKeptFailures = 10_000;
    private static readonly TimeSpan AcceptRetryPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(10);

    private readonly Func<RawConnection, Task> _script;
    private readonly RawServerOptions _options;
    private readonly SslStreamCertificateContext? _certificate;
    private readonly Socket _listener;
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationToken _stoppingToken;
    private readonly ConcurrentDictionary<int, (Socket Socket, Task Task)> _open = new();
    private readonly List<RawConnection> _connections = [];
    private readonly ConcurrentQueue<Exception> _failures = new();
    private readonly Channel<RawConnection> _accepted = Channel.CreateUnbounded<RawConnection>();
    private readonly Lock _idleLock = new();
    private readonly Task _accepting;
    private TaskCompletionSource _idle = CompletedSource();
    private int _openCount;
    private volatile bool _hasStoppedListening;
    private int _disposed;

    private RawServer(Func<RawConnection, Task> script, RawServerOptions options)
    {
        _script = script;
        _options = options;
        _certificate = options.Tls?.Certificate.CreateContext();
        _stoppingToken = _stopping.Token;
        _listener = new Socket(options.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(new IPEndPoint(options.Address, 0));
        _listener.Listen(Backlog);
        EndPoint = (IPEndPoint)_listener.LocalEndPoint!;
        string host = options.Tls is null ? EndPoint.ToString() : $"localhost:{EndPoint.Port}";
        Uri = new Uri($"{(options.Tls is null ? "ws" : "wss")}://{host}/");
        _accepting = Task.Run(AcceptAsync);
    }

    /// <summary>ws://127.0.0.1:port/, or wss://localhost:port/ with TLS.</summary>
    public Uri Uri { get; }

    public IPEndPoint EndPoint { get; }

    /// <summary>Connections accepted and not yet closed by this side.</summary>
    public int OpenConnections
    {
        get
        {
            lock (_idleLock)
            {
                return _openCount;
            }
        }
    }

    /// <summary>The connections whose script was started, in order, as many as the options keep.</summary>
    public IReadOnlyList<RawConnection> Connections
    {
        get
        {
            lock (_connections)
            {
                return [.. _connections];
            }
        }
    }

    /// <summary>What scripts and TLS handshakes threw, a peer's reset included. Being stopped is no failure.</summary>
    public IReadOnlyCollection<Exception> Failures => _failures;

    public static RawServer Start(Func<RawConnection, Task> script, RawServerOptions? options = null) =>
        new(script, options ?? new RawServerOptions());

    /// <summary>The next connection that was not handed out yet, in the order of acceptance.</summary>
    public ValueTask<RawConnection> NextConnectionAsync(CancellationToken cancellationToken = default) =>
        _accepted.Reader.ReadAsync(cancellationToken);

    /// <summary>Takes no further connection: whoever comes is refused by the system. Those that are open stay.</summary>
    public void StopListening()
    {
        _hasStoppedListening = true;
        _listener.Dispose();
    }

    /// <summary>Completes when no connection is open.</summary>
    public Task WhenIdleAsync(CancellationToken cancellationToken = default)
    {
        lock (_idleLock)
        {
            return _idle.Task.WaitAsync(cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _stopping.CancelAsync();
        _listener.Dispose();
        await _accepting;
        foreach ((Socket socket, _) in _open.Values)
        {
            socket.Dispose();
        }

        await Task.WhenAll(_open.Values.Select(entry => entry.Task)).WaitAsync(StopTimeout);
        _stopping.Dispose();
    }

    private static TaskCompletionSource CompletedSource()
    {
        TaskCompletionSource source = new(TaskCreationOptions.RunContinuationsAsynchronously);
        source.SetResult();
        return source;
    }

    private async Task AcceptAsync()
    {
        int failures = 0;
        for (int number = 1; failures < MaximumAcceptFailures && !_hasStoppedListening && !_stoppingToken.IsCancellationRequested;)
        {
            try
            {
                Socket socket = await _listener.AcceptAsync(_stoppingToken);
                failures = 0;
                socket.NoDelay = true;
                Enter();
                int current = number++;
                TaskCompletionSource registered = new(TaskCreationOptions.RunContinuationsAsynchronously);
                _open[current] = (socket, RunAsync(current, socket, registered.Task));
                registered.SetResult();
            }
            catch (SocketException exception) when (!_hasStoppedListening && !_stoppingToken.IsCancellationRequested)
            {
                // Out of file descriptors, most likely: they come back, and the listener must outlive that.
                Record(exception);
                failures++;
                await Task.Delay(AcceptRetryPause, CancellationToken.None);
            }
            catch (Exception) when (_hasStoppedListening || _stoppingToken.IsCancellationRequested)
            {
                // The listener is gone.
            }
        }

        _accepted.Writer.TryComplete();
    }

    private async Task RunAsync(int number, Socket socket, Task registered)
    {
        // The registration comes first: a script that ends at once must not leave its entry behind.
        await registered;
        Stream stream = new NetworkStream(socket, ownsSocket: true);
        RawConnection? connection = null;
        Exception? failure = null;
        try
        {
            if (_options.Tls is { } tls && !(tls.GoesWithout is not null && await tls.GoesWithout(socket, _stoppingToken)))
            {
                SslStream secure = new(stream, leaveInnerStreamOpen: false);
                stream = secure;
                await secure.AuthenticateAsServerAsync(TlsAuthentication(tls), _stoppingToken);
            }

            connection = new RawConnection(number, socket, stream, _options.CaptureLimit, _stoppingToken);
            Remember(connection);
            await _script(connection);
        }
        catch (Exception) when (_stoppingToken.IsCancellationRequested)
        {
            // Disposal closed the socket under the script.
        }
        catch (Exception exception)
        {
            // Whatever a script throws belongs to the test that looks at Failures, not to an unobserved task.
            failure = exception;
            Record(exception);
        }

        if (connection is null)
        {
            await LingerAsync(socket);
            await stream.DisposeAsync();
        }
        else
        {
            connection.Failure = failure;
            connection.Dispose();
        }

        _open.TryRemove(number, out _);
        Leave();
        connection?.Completed.TrySetResult();
    }

    // After a TLS handshake that failed. What the client has sent by then must not turn the end of the connection into a reset, which
    // could overtake the alert.
    private async Task LingerAsync(Socket socket)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
            byte[] rest = new byte[4096];
            while (await socket.ReceiveAsync(rest, _stoppingToken) > 0)
            {
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The client was faster, or the server is being stopped.
        }
    }

    private void Remember(RawConnection connection)
    {
        lock (_connections)
        {
            if (_connections.Count >= _options.KeepConnections)
            {
                return;
            }

            _connections.Add(connection);
        }

        _accepted.Writer.TryWrite(connection);
    }

    private void Record(Exception failure)
    {
        // A server that lives for a whole benchmark must not collect its clients' resets for ever.
        if (_failures.Count < MaximumKeptFailures)
        {
            _failures.Enqueue(failure);
        }
    }

    private SslServerAuthenticationOptions TlsAuthentication(RawTlsOptions tls) => new()
    {
        ServerCertificateContext = _certificate,
        EnabledSslProtocols = tls.Protocols,
        ClientCertificateRequired = tls.RequireClientCertificate || tls.AskForClientCertificate,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        RemoteCertificateValidationCallback = (_, certificate, chain, _) =>
            !tls.RequireClientCertificate || ClientCertificateCheck.IsTrusted(certificate, chain, tls.TrustedClientRoots),
    };

    private void Enter()
    {
        lock (_idleLock)
        {
            if (_openCount++ == 0)
            {
                _idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }

    private void Leave()
    {
        lock (_idleLock)
        {
            if (--_openCount == 0)
            {
                _idle.TrySetResult();
            }
        }
    }
}
