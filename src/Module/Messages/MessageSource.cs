using System.Diagnostics.CodeAnalysis;

namespace MessageWebSockets.PowerShell.Messages;

/// <summary>The messages of one socket or, merged in the order of their arrival, of several. For one reader.</summary>
/// <remarks>A message is taken from its inbox only when it is handed out, so that a reader that stops early loses none.</remarks>
internal sealed class MessageSource(IEnumerable<MessageWebSocket> sockets) : IDisposable
{
    private readonly List<MessageWebSocket> _open = [.. sockets];
    private readonly List<(MessageWebSocket Socket, Task<bool> Arrival)> _arrivals = [];
    private CancellationTokenSource? _waiting;

    /// <summary>The sockets that can still bring messages.</summary>
    public IReadOnlyList<MessageWebSocket> Open => _open;

    /// <summary>Takes the message that arrived first, if there is any.</summary>
    public bool TryTake([NotNullWhen(true)] out WsMessage? message)
    {
        if (_open is [var only])
        {
            return only.TryReceive(out message);
        }

        MessageWebSocket? earliest = null;
        DateTime arrival = DateTime.MaxValue;
        foreach (MessageWebSocket socket in _open)
        {
            if (socket.TryPeek(out WsMessage? head) && head.ReceivedAt.ToUniversalTime() is var received && received < arrival)
            {
                earliest = socket;
                arrival = received;
            }
        }

        message = null;
        return earliest is not null && earliest.TryReceive(out message);
    }

    /// <summary>
    /// Waits for a message or the end of a socket. The end of one is told by <see cref="SocketEnd"/> of what this returns; its socket is
    /// then no longer among <see cref="Open"/>.
    /// </summary>
    /// <returns>Null when there may be a message to take.</returns>
    public ValueTask<SocketEnd?> WaitAsync(CancellationToken cancellationToken)
    {
        if (_open is [var only])
        {
            ValueTask<bool> arrival = only.WaitToReceiveAsync(cancellationToken);
            if (!arrival.IsCompletedSuccessfully)
            {
                return WaitForAsync(only, arrival);
            }

            return arrival.Result ? default : new ValueTask<SocketEnd?>(Remove(only, null));
        }

        return WaitForAnyAsync(cancellationToken);
    }

    public void Replace(MessageWebSocket ended, MessageWebSocket successor)
    {
        _open.Remove(ended);
        if (!_open.Contains(successor))
        {
            _open.Add(successor);
        }
    }

    public void Dispose()
    {
        _waiting?.Cancel();
        _waiting?.Dispose();
        _waiting = null;
    }

    private async ValueTask<SocketEnd?> WaitForAsync(MessageWebSocket socket, ValueTask<bool> arrival)
    {
        MessageWebSocketException? failure = null;
        try
        {
            if (await arrival.ConfigureAwait(false))
            {
                return null;
            }
        }
        catch (MessageWebSocketException e)
        {
            failure = e;
        }

        return Remove(socket, failure);
    }

    private SocketEnd Remove(MessageWebSocket socket, MessageWebSocketException? failure)
    {
        _open.Remove(socket);
        return new SocketEnd(socket, failure);
    }

    private async ValueTask<SocketEnd?> WaitForAnyAsync(CancellationToken cancellationToken)
    {
        // Waits that did not end are kept for the next time: with many sockets and one busy one, that is nearly all of them.
        _waiting ??= new CancellationTokenSource();
        _arrivals.RemoveAll(arrival => !_open.Contains(arrival.Socket));
        foreach (MessageWebSocket socket in _open.Except(_arrivals.Select(static arrival => arrival.Socket)))
        {
            _arrivals.Add((socket, socket.WaitToReceiveAsync(_waiting.Token).AsTask()));
        }

        await Task.WhenAny(_arrivals.Select(static arrival => arrival.Arrival)).WaitAsync(cancellationToken).ConfigureAwait(false);
        (MessageWebSocket Socket, Task<bool> Arrival)[] arrived = [.. _arrivals.Where(static arrival => arrival.Arrival.IsCompleted)];
        if (arrived.FirstOrDefault(static arrival => !arrival.Arrival.IsCompletedSuccessfully || !arrival.Arrival.Result) is { Socket: not null } ended)
        {
            _arrivals.Remove(ended);
            return await WaitForAsync(ended.Socket, new ValueTask<bool>(ended.Arrival)).ConfigureAwait(false);
        }

        foreach ((MessageWebSocket Socket, Task<bool> Arrival) arrival in arrived)
        {
            _arrivals.Remove(arrival);
        }

        return null;
    }

    /// <summary>The end of a socket whose messages were all taken.</summary>
    /// <param name="Socket">The socket.</param>
    /// <param name="Failure">Why it ended; null where it ended in order.</param>
    internal sealed record SocketEnd(MessageWebSocket Socket, MessageWebSocketException? Failure);
}
