using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace MessageWebSockets.Server;

/// <summary>Listens on a TCP port and has each connection served, by a task of its own.</summary>
/// <remarks>Thread-safe. Neither the thread of who starts it nor what flows with its calls is any business of those who are served.</remarks>
#pragma warning disable CA1001 // The stop releases the port; a source nobody asked for a wait handle has nothing to dispose of.
internal sealed class TcpAcceptor
#pragma warning restore CA1001
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly Socket _listener;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<long, Task> _served = new();
    private Func<Socket, CancellationToken, Task>? _serve;
    private Task _accepting = Task.CompletedTask;
    private long _lastId;

    private TcpAcceptor(Socket listener)
    {
        _listener = listener;
        LocalEndPoint = (IPEndPoint)listener.LocalEndPoint!;
    }

    /// <summary>Where it listens, with the port that the system chose.</summary>
    public IPEndPoint LocalEndPoint { get; }

    /// <summary>Takes a port; connections wait until <see cref="Start"/>.</summary>
    /// <exception cref="SocketException">The port is in use, or the address is none of this machine.</exception>
    public static TcpAcceptor Bind(IPEndPoint endPoint)
    {
        Socket listener = new(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (endPoint.Address.Equals(IPAddress.IPv6Any))
            {
                listener.DualMode = true;
            }

            listener.Bind(endPoint);
            listener.Listen();
            return new TcpAcceptor(listener);
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    /// <summary>Begins to take connections.</summary>
    /// <param name="serve">Serves one, which is closed when its task ends; its token is cancelled by the stop. Never throws.</param>
    public void Start(Func<Socket, CancellationToken, Task> serve)
    {
        _serve = serve;
        using AsyncFlowControl? flow = ExecutionContext.IsFlowSuppressed() ? null : ExecutionContext.SuppressFlow();
        _accepting = Task.Run(AcceptAsync);
    }

    /// <summary>Takes no more connections and waits for those there are to end, which their token tells them.</summary>
    public async Task StopAsync()
    {
        _listener.Dispose();
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _accepting.ConfigureAwait(false);
        await Task.WhenAll(_served.Values).ConfigureAwait(false);
    }

    private async Task AcceptAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            Socket connection;
            try
            {
                connection = await _listener.AcceptAsync(_stopping.Token).ConfigureAwait(false);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // The peer was gone before it was taken, or the process has no descriptor left; the next one may do better.
                await Task.Delay(Pause, CancellationToken.None).ConfigureAwait(false);
                continue;
            }

            long id = ++_lastId;
            Task served = Task.Run(() => ServeAsync(connection));
            _served[id] = served;
            _ = served.ContinueWith(_ => _served.TryRemove(id, out Task? _), TaskScheduler.Default);
        }
    }

    private async Task ServeAsync(Socket connection)
    {
        using (connection)
        {
            await _serve!(connection, _stopping.Token).ConfigureAwait(false);
        }
    }
}
