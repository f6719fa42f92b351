using System.Diagnostics.CodeAnalysis;

namespace MessageWebSockets.PowerShell.Messages;

/// <summary>The messages of one socket or, merged in the order of their arrival, of several. For one reader.</summary>
/// <remarks>
/// They are taken in turn, or each is looked at once and some are taken. A message is taken from its inbox only when it is handed out,
/// so that a reader that stops early loses none.
/// </remarks>
/// <param name="sockets">The sockets.</param>
/// <param name="looksThrough">Whether messages are looked at and not just taken.</param>
internal sealed class MessageSource(IEnumerable<MessageWebSocket> sockets, bool looksThrough) : IDisposable
{
    private readonly List<Inlet> _open = [.. sockets.Select(socket => new Inlet(socket, looksThrough))];
    private readonly List<(Inlet Inlet, Task<bool> Arrival)> _arrivals = [];
    private CancellationTokenSource? _waiting;
    private Inlet? _looked;

    /// <summary>The sockets that can still bring messages.</summary>
    public IReadOnlyList<MessageWebSocket> Open => [.. _open.Select(static inlet => inlet.Socket)];

    /// <summary>Whether there is none that can.</summary>
    public bool IsOver => _open.Count == 0;

    /// <summary>The sockets whose inbox is full of what was left, so that they bring nothing until somebody reads.</summary>
    public IReadOnlyList<MessageWebSocket> Full => looksThrough ? [.. Open.Where(IsFull)] : [];

    /// <summary>Takes the message that arrived first, if there is any.</summary>
    public bool TryTake([NotNullWhen(true)] out WsMessage? message)
    {
        message = null;
        return First() is { } inlet && inlet.TryTake(out message);
    }

    /// <summary>Looks at the message that arrived first of those that were not looked at, and leaves it there.</summary>
    public bool TryLook([NotNullWhen(true)] out WsMessage? message)
    {
        message = null;
        if (First() is not { } inlet || !inlet.TryPeek(out message))
        {
            return false;
        }

        inlet.Pass();
        _looked = inlet;
        return true;
    }

    /// <summary>Takes the message that was looked at last; false when somebody else has.</summary>
    public bool TryTakeLooked(WsMessage message) => _looked!.TryTakePassed(message);

    /// <summary>Whether messages are looked at, and one that is taken can be put back only before the next is looked at.</summary>
    public bool LooksThrough => looksThrough;

    /// <summary>Puts back what was taken last, so that it is there as before.</summary>
    /// <param name="messages">The messages, in the order in which they were taken.</param>
    public void Return(IReadOnlyList<WsMessage> messages)
    {
        foreach (WsMessage message in messages.Reverse())
        {
            if (looksThrough)
            {
                _looked!.Return(message);
            }
            else
            {
                message.GetSocket()?.Return(message);
            }
        }
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
            ValueTask<bool> arrival = only.WaitAsync(cancellationToken);
            if (!arrival.IsCompletedSuccessfully)
            {
                return WaitForAsync(only, arrival);
            }

            return arrival.Result ? default : new ValueTask<SocketEnd?>(Remove(only, null));
        }

        return WaitForAnyAsync(cancellationToken);
    }

    /// <summary>Receives from a socket no longer.</summary>
    public void Leave(MessageWebSocket socket)
    {
        foreach (Inlet inlet in _open.FindAll(inlet => inlet.Socket == socket))
        {
            Remove(inlet, null);
        }
    }

    /// <summary>Receives from a socket as well.</summary>
    public void Join(MessageWebSocket socket)
    {
        if (!_open.Exists(inlet => inlet.Socket == socket))
        {
            _open.Add(new Inlet(socket, looksThrough));
        }
    }

    public void Dispose()
    {
        _waiting?.Cancel();
        _waiting?.Dispose();
        _waiting = null;
        _open.ForEach(static inlet => inlet.Dispose());
    }

    private static bool IsFull(MessageWebSocket socket) => socket.Control.InboxFullMode == InboxFullMode.Wait
        && socket.State == MessageWebSocketState.Open
        && socket.Information.IsInboxFull;

    private Inlet? First()
    {
        if (_open is [var only])
        {
            return only;
        }

        Inlet? earliest = null;
        DateTime arrival = DateTime.MaxValue;
        foreach (Inlet inlet in _open)
        {
            if (inlet.TryPeek(out WsMessage? head) && head.ReceivedAt.ToUniversalTime() is var received && received < arrival)
            {
                earliest = inlet;
                arrival = received;
            }
        }

        return earliest;
    }

    private async ValueTask<SocketEnd?> WaitForAsync(Inlet inlet, ValueTask<bool> arrival)
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

        return Remove(inlet, failure);
    }

    private SocketEnd Remove(Inlet inlet, MessageWebSocketException? failure)
    {
        _open.Remove(inlet);
        inlet.Dispose();
        return new SocketEnd(inlet.Socket, failure);
    }

    private async ValueTask<SocketEnd?> WaitForAnyAsync(CancellationToken cancellationToken)
    {
        // Waits that did not end are kept for the next time: with many sockets and one busy one, that is nearly all of them.
        _waiting ??= new CancellationTokenSource();
        _arrivals.RemoveAll(arrival => !_open.Contains(arrival.Inlet));
        foreach (Inlet inlet in _open.Except(_arrivals.Select(static arrival => arrival.Inlet)))
        {
            _arrivals.Add((inlet, inlet.WaitAsync(_waiting.Token).AsTask()));
        }

        await Task.WhenAny(_arrivals.Select(static arrival => arrival.Arrival)).WaitAsync(cancellationToken).ConfigureAwait(false);
        (Inlet Inlet, Task<bool> Arrival)[] arrived = [.. _arrivals.Where(static arrival => arrival.Arrival.IsCompleted)];
        if (arrived.FirstOrDefault(static arrival =>
            !arrival.Arrival.IsCompletedSuccessfully || !arrival.Arrival.Result) is { Inlet: not null } ended)
        {
            _arrivals.Remove(ended);
            return await WaitForAsync(ended.Inlet, new ValueTask<bool>(ended.Arrival)).ConfigureAwait(false);
        }

        foreach ((Inlet Inlet, Task<bool> Arrival) arrival in arrived)
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
