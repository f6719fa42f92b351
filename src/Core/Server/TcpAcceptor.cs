using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace MessageWebSockets.Server;

/// <summary>Listens on a TCP port and has each connection served, by a task of its own.</summary>
/// <remarks>Thread-safe. Neither the thread of who starts it nor what flows with its calls is any business of those who are
/// served.</remarks>
#pragma warning disable CA1001 // The stop releases the port; a source nobody asked for a wait handle has nothing to dispose of.
internal sealed class TcpAcceptor
#pragma warning restore CA1001
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly Socket _listener;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<int, Task> _served = new();
    private Func<int, Socket, CancellationToken, Task>? _serve;
    private Func<CancellationToken, Task>? _waitForRoom;
    private Task _accepting = Task.CompletedTask;
    private int _lastId;

    private TcpAcceptor(Socket listener)
    {
        _listener = listener;
        LocalEndPoint = (IPEndPoint)listener.LocalEndPoint!;
    }

    /// <summary>Where it listens, with the port that the system chose.</summary>
    public IPEndPoint LocalEndPoint { get; }

    /// <summary>How many connections are being served; those that are over are forgotten a moment later.</summary>
    public int Serving => _served.Count;

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
    /// <param name="serve">Serves one, which is closed when its task ends, and gets its number in the order of their coming; its token is
    /// cancelled by the stop. Never throws.</param>
    /// <param name="waitForRoom">Waited for before each; whoever comes meanwhile waits in the queue of the system. Null for no
    /// bound.</param>
    public void Start(Func<int, Socket, CancellationToken, Task> serve, Func<CancellationToken, Task>? waitForRoom = null)
    {
        _serve = serve;
        _waitForRoom = waitForRoom;
        using AsyncFlowControl? flow = ExecutionContext.IsFlowSuppressed() ? null : ExecutionContext.SuppressFlow();
        _accepting = Task.Run(AcceptAsync);
    }

    /// <summary>Gives the port back.</summary>
    public void Close() => _listener.Dispose();

    /// <summary>Takes no more connections, and tells those there are by their token.</summary>
    /// <returns>Completes when no further one will be served.</returns>
    public async Task StopAcceptingAsync()
    {
        Close();
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _accepting.ConfigureAwait(false);
    }

    /// <summary>Waits until nobody is served any more; after <see cref="StopAcceptingAsync"/>.</summary>
    public Task WhenServedAsync() => Task.WhenAll(_served.Values);

    /// <summary>Takes no more connections and waits for those there are to end, which their token tells them.</summary>
    public async Task StopAsync()
    {
        await StopAcceptingAsync().ConfigureAwait(false);
        await WhenServedAsync().ConfigureAwait(false);
    }

    private async Task AcceptAsync()
    {
        bool isRoomDue = true;
        while (!_stopping.IsCancellationRequested)
        {
            Socket connection;
            try
            {
                if (isRoomDue && _waitForRoom is not null)
                {
                    await _waitForRoom(_stopping.Token).ConfigureAwait(false);
                }

                isRoomDue = false;
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

            isRoomDue = true;
            int id = ++_lastId;
            Task served = Task.Run(() => ServeAsync(id, connection));
            _served[id] = served;
            _ = served.ContinueWith(_ => _served.TryRemove(id, out Task? _), TaskScheduler.Default);
        }
    }

    private async Task ServeAsync(int id, Socket connection)
    {
        using (connection)
        {
            await _serve!(id, connection, _stopping.Token).ConfigureAwait(false);
        }
    }
}
