using System.Buffers;
using System.Net.Sockets;

namespace MessageWebSockets.PowerShell.Tunnels;

/// <summary>
/// One connection of a tunnel: carries bytes between TCP and a WebSocket, both ways at once, and ends each side as the other one ended.
/// </summary>
/// <remarks>
/// A side that is slow holds the other one back: each direction holds one buffer, and only while bytes move. The end of TCP becomes a
/// close frame, behind which the other direction goes on until the peer's; the peer's close frame becomes the end of TCP, and is
/// answered when TCP has ended. What breaks resets TCP and closes the WebSocket with 1011, so that nobody takes half for the whole: also
/// what nobody can take any more, because the peer went before TCP had ended. What ends the process does the same: until the peer has said
/// that it has no more, TCP is one that the system resets (LingerState 0), and a WebSocket without a close frame is broken.
/// </remarks>
internal sealed class TunnelConnection(Socket tcp, ITunnelWebSocket webSocket, TunnelTraffic traffic, TunnelPatience patience) : IDisposable
{
    private const int BufferSize = 64 * 1024;

    // A read that brings less ends a burst: the next wait holds no buffer.
    private const int BusyRead = 4 * 1024;

    private readonly CancellationTokenSource _over = new();
    private readonly CancellationTokenSource _draining = new();
    private Task _toWebSocket = Task.CompletedTask;
    private int _isBroken;
    private Exception? _why;
    private volatile bool _tcpEnded;
    private volatile bool _webSocketEnded;
    private volatile bool _waitsForWebSocket;
    private volatile bool _hasSent;
    private volatile bool _hasSentBehindEnd;

    /// <summary>Carries bytes until both sides have ended.</summary>
    /// <exception cref="Exception">What broke it; both sides know.</exception>
    public async Task RunAsync(CancellationToken stopping)
    {
        using (stopping.UnsafeRegister(static connection => ((TunnelConnection)connection!).Stop(), this))
        {
            _toWebSocket = PumpToWebSocketAsync();
            Task[] pumps = [_toWebSocket, PumpToTcpAsync()];
            Task watching = WatchAsync();
            try
            {
                await (await Task.WhenAny(pumps).ConfigureAwait(false)).ConfigureAwait(false);
                await Task.WhenAll(pumps).ConfigureAwait(false);
                await webSocket.FinishAsync(patience.Drain).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                Break(e, TunnelClose.Failed, "The TCP connection broke.");
                await Task.WhenAll(pumps).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                throw _why!;
            }
            finally
            {
                await _over.CancelAsync().ConfigureAwait(false);
                await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    public void Dispose()
    {
        webSocket.Dispose();
        tcp.Dispose();
        _over.Dispose();
        _draining.Dispose();
    }

    private void Stop() =>
        Break(new OperationCanceledException("The tunnel was stopped."), TunnelClose.GoingAway, "The tunnel was stopped.");

    private async Task PumpToWebSocketAsync()
    {
        byte[] buffer = [];
        try
        {
            while (true)
            {
                if (buffer.Length == 0)
                {
                    await tcp.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, _draining.Token).ConfigureAwait(false);
                    buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
                }

                int read = await tcp.ReceiveAsync(buffer.AsMemory(), SocketFlags.None, _draining.Token).ConfigureAwait(false);
                if (read == 0)
                {
                    _tcpEnded = true;
                    ThrowIfLost();
                    await webSocket.EndAsync().ConfigureAwait(false);
                    return;
                }

                if (!await TrySendToWebSocketAsync(buffer.AsMemory(0, read)).ConfigureAwait(false))
                {
                    return;
                }

                if (read < BusyRead)
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = [];
                }
            }
        }
        catch (OperationCanceledException) when (_draining.IsCancellationRequested)
        {
            // The other end is gone, and the client does not close: it has had its time.
            await webSocket.EndAsync().ConfigureAwait(false);
        }
        finally
        {
            if (buffer.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    // False when the peer has closed and did not say that all is well: the other pump finds out what it said.
    private async ValueTask<bool> TrySendToWebSocketAsync(ReadOnlyMemory<byte> bytes)
    {
        _hasSent = true;
        _hasSentBehindEnd = true;
        try
        {
            await webSocket.SendAsync(bytes).ConfigureAwait(false);
        }
        catch (ObjectDisposedException) when (!_webSocketEnded)
        {
            return false;
        }

        _hasSentBehindEnd = _webSocketEnded;
        traffic.CountToWebSocket(bytes.Length);
        ThrowIfLost();
        return true;
    }

    // The system takes bytes also for a peer that has gone, and breaks the connection of one that goes before it has read them.
    private void ThrowIfLost()
    {
        if (_webSocketEnded && webSocket.PeerGone is { IsCompleted: true } gone && (_hasSentBehindEnd || (_hasSent && !gone.Result)))
        {
            throw new IOException("The other end of the WebSocket was gone before it had what was sent.");
        }
    }

    private async Task PumpToTcpAsync()
    {
        byte[] buffer = [];
        try
        {
            while (true)
            {
                _waitsForWebSocket = true;
                if (buffer.Length == 0)
                {
                    await webSocket.ReadAsync(Memory<byte>.Empty).ConfigureAwait(false);
                    buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
                }

                int read = await webSocket.ReadAsync(buffer).ConfigureAwait(false);
                _waitsForWebSocket = false;
                if (read == 0)
                {
                    _webSocketEnded = true;
                    TunnelTcp.EndInOrder(tcp);
                    await WatchPeerAsync().ConfigureAwait(false);
                    return;
                }

                await SendToTcpAsync(buffer.AsMemory(0, read)).ConfigureAwait(false);
                traffic.CountToTcp(read);
                if (read < BusyRead)
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = [];
                }
            }
        }
        finally
        {
            if (buffer.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    private async ValueTask SendToTcpAsync(ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await tcp.SendAsync(bytes).ConfigureAwait(false)..];
        }
    }

    // The peer has ended, and takes what comes from TCP until it has gone.
    private async Task WatchPeerAsync()
    {
        await Task.WhenAny(webSocket.PeerGone, _toWebSocket).ConfigureAwait(false);
        if (!_tcpEnded)
        {
            ThrowIfLost();
            _draining.CancelAfter(patience.Drain);
        }
    }

    // Only once one side has ended: while both talk, keep-alive is that of the connections themselves.
    private async Task WatchAsync()
    {
        int missed = 0;
        long before = webSocket.BytesReceived;
        while (true)
        {
            await Task.Delay(patience.SignOfLife, _over.Token).ConfigureAwait(false);
            if (_webSocketEnded && !_tcpEnded)
            {
                await webSocket.SendSignOfLifeAsync().ConfigureAwait(false);
            }

            long now = webSocket.BytesReceived;
            missed = _tcpEnded && _waitsForWebSocket && now == before ? missed + 1 : 0;
            before = now;
            if (missed > patience.SignsMissed)
            {
                Break(
                    new TimeoutException("The other end of the WebSocket was told of the end and said nothing more."),
                    TunnelClose.Failed,
                    "No answer to the close.");
                return;
            }
        }
    }

    private void Break(Exception why, ushort code, string reason)
    {
        if (Interlocked.Exchange(ref _isBroken, 1) != 0)
        {
            return;
        }

        _why = why;
        TunnelTcp.Reset(tcp);
        _ = BreakWebSocketAsync(code, reason);
    }

    // A peer that takes nothing must not hold this up.
    private async Task BreakWebSocketAsync(ushort code, string reason)
    {
        await Task.WhenAny(webSocket.FailAsync(code, reason), Task.Delay(patience.Drain)).ConfigureAwait(false);
        webSocket.Dispose();
    }
}
