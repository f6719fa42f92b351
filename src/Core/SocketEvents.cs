namespace MessageWebSockets;

/// <summary>The events of one socket: raised one at a time, in order, outside of every lock, and none after Closed.</summary>
/// <remarks>
/// A close while a handler works does not wait for it: Closed is then raised by the thread of that handler when it has returned. Each
/// handler is called whatever the one before it threw, and what it throws is reported as a fault of its own.
/// </remarks>
/// <param name="socket">The sender of the events.</param>
internal class SocketEvents<TSocket>(TSocket socket) : ISocketEvents
    where TSocket : class
{
    private readonly Lock _lock = new();
    private bool _isRaising;
    private bool _isOver;
    private Notice<WebSocketClosedEventArgs>? _closedLater;

    public Handlers<TypedEventHandler<TSocket, WebSocketClosedEventArgs>> Closed { get; } = new();

    public Handlers<TypedEventHandler<TSocket, WebSocketServerCustomValidationRequestedEventArgs>> ValidationRequested { get; } = new();

    public bool JudgesCertificates => ValidationRequested.All is not null;

    public void CopyHandlersTo(SocketEvents<TSocket> clone)
    {
        Closed.CopyTo(clone.Closed);
        ValidationRequested.CopyTo(clone.ValidationRequested);
    }

    /// <summary>Raises Closed, once; when a handler works at this moment, after it.</summary>
    public void RaiseClosed(WebSocketCloseResult close)
    {
        Notice<WebSocketClosedEventArgs> closed = new(
            nameof(Closed), Closed.All, socket, new WebSocketClosedEventArgs(close.Code, close.Reason));
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

    public async Task<bool> IsCertificateAcceptedAsync(HandshakeFindings findings, CancellationToken cancellationToken)
    {
        WebSocketServerCustomValidationRequestedEventArgs args = new(findings);

        // A handler may block, and the connect must be able to end all the same. What it throws is caught where it runs: nobody looks
        // at that task any more once the connect was given up.
        Task asking = Task.Run(
            () =>
            {
                Notice<WebSocketServerCustomValidationRequestedEventArgs> question = new(
                    "ServerCustomValidationRequested", ValidationRequested.All, socket, args);
                Raise(question);
                if (question.SomeoneThrew)
                {
                    args.Reject();
                }
            },
            CancellationToken.None);
        await asking.WaitAsync(cancellationToken).ConfigureAwait(false);
        return await args.JudgedAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Raises an event, unless Closed came first. For one thread at a time: the receive loop.</summary>
    protected void RaiseUnlessOver<TArgs>(string name, TypedEventHandler<TSocket, TArgs>? handlers, TArgs args)
        where TArgs : EventArgs
    {
        lock (_lock)
        {
            if (_isOver)
            {
                return;
            }

            _isRaising = true;
        }

        Raise(new Notice<TArgs>(name, handlers, socket, args));
        Notice<WebSocketClosedEventArgs>? closed;
        lock (_lock)
        {
            _isRaising = false;
            closed = _closedLater;
            _closedLater = null;
        }

        Raise(closed);
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
    private sealed class Notice<TArgs>(string name, TypedEventHandler<TSocket, TArgs>? handlers, TSocket sender, TArgs args)
        where TArgs : EventArgs
    {
        public string Name => name;

        public TypedEventHandler<TSocket, TArgs>? Handlers => handlers;

        public bool SomeoneThrew { get; private set; }

        public void Give()
        {
            foreach (TypedEventHandler<TSocket, TArgs> handler in Delegate.EnumerateInvocationList(handlers))
            {
                try
                {
                    handler(sender, args);
                }
                catch (Exception e)
                {
                    SomeoneThrew = true;
                    ForeignCode.Report($"A handler of {typeof(TSocket).Name}.{name}", e);
                }
            }
        }
    }
}
