namespace MessageWebSockets;

/// <summary>The events of one socket: raised one at a time, in order, outside of every lock, and none after Closed.</summary>
/// <remarks>
/// A close while a handler works does not wait for it: Closed is then raised by the thread of that handler when it has returned. Each
/// handler is called whatever the one before it threw, and what it throws is reported as a fault of its own.
/// </remarks>
internal sealed class SocketEvents
{
    private readonly Lock _lock = new();
    private bool _isRaising;
    private bool _isOver;
    private Notice<WebSocketClosedEventArgs>? _closedLater;

    public Handlers<TypedEventHandler<MessageWebSocket, MessageWebSocketMessageReceivedEventArgs>> MessageReceived { get; } = new();

    public Handlers<TypedEventHandler<MessageWebSocket, WebSocketClosedEventArgs>> Closed { get; } = new();

    public Handlers<TypedEventHandler<MessageWebSocket, WebSocketServerCustomValidationRequestedEventArgs>> ValidationRequested { get; } = new();

    public void CopyHandlersTo(SocketEvents clone)
    {
        MessageReceived.CopyTo(clone.MessageReceived);
        Closed.CopyTo(clone.Closed);
        ValidationRequested.CopyTo(clone.ValidationRequested);
    }

    /// <summary>Raises MessageReceived, unless Closed came first. For one thread at a time: the receive loop.</summary>
    public void RaiseMessageReceived(MessageWebSocket sender, MessageWebSocketMessageReceivedEventArgs args)
    {
        lock (_lock)
        {
            if (_isOver)
            {
                return;
            }

            _isRaising = true;
        }

        Raise(new Notice<MessageWebSocketMessageReceivedEventArgs>(nameof(MessageWebSocket.MessageReceived), MessageReceived.All, sender, args));
        Notice<WebSocketClosedEventArgs>? closed;
        lock (_lock)
        {
            _isRaising = false;
            closed = _closedLater;
            _closedLater = null;
        }

        Raise(closed);
    }

    /// <summary>Raises Closed, once; when a handler works at this moment, after it.</summary>
    public void RaiseClosed(MessageWebSocket sender, WebSocketClosedEventArgs args)
    {
        Notice<WebSocketClosedEventArgs> closed = new(nameof(MessageWebSocket.Closed), Closed.All, sender, args);
        lock (_lock)
        {
            if (_isOver)
            {
                return;
            }

            _isOver = true;
            if (_isRaising)
            {
                _closedLater = closed;
                return;
            }
        }

        Raise(closed);
    }

    /// <summary>Asks the handlers about the server certificate, on another thread; the token ends the wait for them, not them.</summary>
    public async Task RaiseValidationRequestedAsync(
        MessageWebSocket sender, WebSocketServerCustomValidationRequestedEventArgs args, CancellationToken cancellationToken)
    {
        // A handler may block, and the connect must be able to end all the same. What it throws is caught where it runs: nobody looks
        // at that task any more once the connect was given up.
        Task asking = Task.Run(
            () =>
            {
                Notice<WebSocketServerCustomValidationRequestedEventArgs> question = new(
                    nameof(MessageWebSocket.ServerCustomValidationRequested), ValidationRequested.All, sender, args);
                Raise(question);
                if (question.SomeoneThrew)
                {
                    args.Reject();
                }
            },
            CancellationToken.None);
        await asking.WaitAsync(cancellationToken).ConfigureAwait(false);
        await args.WhenHandledAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private static void Raise<TArgs>(Notice<TArgs>? notice)
        where TArgs : EventArgs
    {
        if (notice?.Handlers is not null)
        {
            ForeignCode.Run(notice.Name, static n => n.Give(), notice);
        }
    }

    /// <summary>One event for all its handlers.</summary>
    private sealed class Notice<TArgs>(string name, TypedEventHandler<MessageWebSocket, TArgs>? handlers, MessageWebSocket sender, TArgs args)
        where TArgs : EventArgs
    {
        public string Name => name;

        public TypedEventHandler<MessageWebSocket, TArgs>? Handlers => handlers;

        public bool SomeoneThrew { get; private set; }

        public void Give()
        {
            foreach (TypedEventHandler<MessageWebSocket, TArgs> handler in Delegate.EnumerateInvocationList(handlers))
            {
                try
                {
                    handler(sender, args);
                }
                catch (Exception e)
                {
                    SomeoneThrew = true;
                    ForeignCode.Report($"A handler of MessageWebSocket.{name}", e);
                }
            }
        }
    }
}
