namespace MessageWebSockets;

/// <summary>
/// The life of one client socket, from its creation to its end: what <see cref="MessageWebSocket"/> and <see cref="StreamWebSocket"/>
/// have in common. What a connection carries is theirs.
/// </summary>
/// <remarks>Thread-safe.</remarks>
/// <param name="socketClass">The name of the class, for messages.</param>
/// <param name="state">Where the socket stands; changed here only.</param>
/// <param name="control">The settings.</param>
/// <param name="information">Told what is known of the connection.</param>
/// <param name="events">Raised when the connection closes, and asked about certificates.</param>
internal sealed class ClientSocket(
    string socketClass, SocketState state, WebSocketControl control, WebSocketInformation information, ISocketEvents events)
    : IConnectionEvents
{
    // The greeting that the running code is a part of, on whichever thread it continues.
    private static readonly AsyncLocal<object?> s_greeting = new();

    private readonly Lock _lock = new();
    private readonly RequestHeaders _requestHeaders = new();
    private Connection? _connection;
    private CancellationTokenSource? _connecting;
    private object? _greeting;
    private bool _disposed;

    private HandshakeSettings ForHandshake(IReadOnlyList<string> protocols) =>
        control.ForHandshake(_requestHeaders, protocols, events.JudgesCertificates ? events.IsCertificateAcceptedAsync : null);

    /// <summary>The address of the last connect; null before.</summary>
    public Uri? Uri { get; private set; }

    /// <summary>Where it stands; for who greets the connection it is open already.</summary>
    public MessageWebSocketState State
    {
        get
        {
            lock (_lock)
            {
                return state.Value == MessageWebSocketState.Connecting && IsGreeter ? MessageWebSocketState.Open : state.Value;
            }
        }
    }

    /// <summary>Whether it was closed locally.</summary>
    public bool IsDisposed => _disposed;

    /// <summary>The connection, once there is one; also after its end.</summary>
    public Connection? Connection => Volatile.Read(ref _connection);

    /// <summary>Completes when nothing of the connection is left; completed before there was one.</summary>
    public Task Released => Connection?.Released ?? Task.CompletedTask;

    bool IConnectionEvents.IsClosed => State == MessageWebSocketState.Closed;

    /// <summary>Whether a connection is there and still belongs to code that greets it, which is not the running one.</summary>
    public bool IsGreetedByOthers => Volatile.Read(ref _greeting) is { } greeting && s_greeting.Value != greeting;

    private bool IsGreeter => Volatile.Read(ref _greeting) is { } greeting && s_greeting.Value == greeting;

    public void SetRequestHeader(string name, string? value)
    {
        lock (_lock)
        {
            ThrowIfDisposed();
            state.ThrowIfBegun("Request headers can only be set before ConnectAsync.");
            _requestHeaders.Set(name, value);
        }
    }

    /// <inheritdoc cref="RequestHeaders.ValueOf"/>
    public string? RequestHeader(string name)
    {
        using Lock.Scope scope = _lock.EnterScope();
        return _requestHeaders.ValueOf(name);
    }

    public void CopyRequestHeadersTo(ClientSocket clone)
    {
        lock (_lock)
        {
            _requestHeaders.CopyTo(clone._requestHeaders);
        }
    }

    /// <summary>Sets what can be set before the connect only.</summary>
    public void Set<T>(ref T field, T value)
    {
        lock (_lock)
        {
            state.ThrowIfBegun("This can only be set before ConnectAsync.");
            field = value;
        }
    }

    /// <summary>Adds an event handler, before the connect only.</summary>
    public void AddHandler<THandler>(Handlers<THandler> handlers, THandler? handler)
        where THandler : Delegate
    {
        lock (_lock)
        {
            ThrowIfHandlersAreFixed();
            handlers.Add(handler);
        }
    }

    /// <summary>Removes an event handler, before the connect only, but for those that <see cref="HandlerOwners"/> knows.</summary>
    public void RemoveHandler<THandler>(Handlers<THandler> handlers, THandler? handler)
        where THandler : Delegate
    {
        if (handler is not null && HandlerOwners.MayRemoveAtAnyTime(handler))
        {
            // Its owner knows the socket it was added to and not the clones that took over from it.
            handlers.RemoveFromFamily(handler);
            return;
        }

        lock (_lock)
        {
            ThrowIfHandlersAreFixed();
            handlers.Remove(handler);
        }
    }

    /// <summary>Connects and performs the opening handshake.</summary>
    /// <param name="uri">The address.</param>
    /// <param name="makePlan">Called once the connect has begun, which fixes settings and handlers; in a lock.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public async Task ConnectAsync(Uri uri, Func<ConnectPlan> makePlan, CancellationToken cancellationToken)
    {
        ConnectArguments.CheckUri(uri);
        string[] protocols = ConnectArguments.CheckedProtocols(control.SupportedProtocols, control.RequireSubProtocol);
        using CancellationTokenSource timeout = new();
        using CancellationTokenSource connecting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        ConnectPlan plan = BeginConnect(uri, makePlan, connecting);
        TimeSpan longest = TimeSpan.Zero;
        bool isOpened = false;
        try
        {
            ConnectSettings settings = control.ForConnect(uri, socketClass, ForHandshake(protocols));
            longest = settings.Timeout;
            if (longest > TimeSpan.Zero)
            {
                timeout.CancelAfter(longest);
            }

            OpeningHandshake handshake = new(settings.Handshake);
            information.Handshake = handshake.Findings;
            OpenedConnection opened = await handshake.RunAsync(uri, connecting.Token).ConfigureAwait(false);
            isOpened = true;
            if (plan.Greet is null)
            {
                ForeignCode.WithoutAmbience(() =>
                {
                    Connection connection = Open(settings.Connection, opened, plan, isHeld: false).Connection;
                    plan.Opened?.Invoke(connection);
                });
            }
            else
            {
                await OpenAndGreetAsync(settings.Connection, opened, plan, connecting.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            BackToCreated();
            throw !timeout.IsCancellationRequested ? ContractError.Closed(socketClass)
                : isOpened ? GreetingFailure.TookTooLong(uri, longest, e)
                : HandshakeFailure.ConnectTimeout(uri, longest, information.Handshake, e);
        }
        catch (OperationCanceledException e)
        {
            BackToCreated();
            throw ContractError.Canceled(cancellationToken, e);
        }
        catch
        {
            BackToCreated();
            throw;
        }
    }

    /// <summary>The settings of a handshake as this socket would make it now.</summary>
    /// <exception cref="ArgumentException">A subprotocol cannot be offered.</exception>
    public HandshakeSettings ForHandshake() => ForHandshake(ConnectArguments.CheckedProtocols(control.SupportedProtocols));

    /// <summary>The connection, to write to; also one that broke, which tells whoever writes.</summary>
    /// <exception cref="InvalidOperationException">Not connected yet (E_ILLEGAL_METHOD_CALL).</exception>
    /// <exception cref="ObjectDisposedException">Closed (RO_E_CLOSED).</exception>
    public Connection WritableConnection()
    {
        // The usual case needs no lock: a state that changes right after the look would do so after the lock as well.
        if (state.Value == MessageWebSocketState.Open && Connection is { } open)
        {
            return open;
        }

        lock (_lock)
        {
            return state.Value switch
            {
                MessageWebSocketState.Open or MessageWebSocketState.Aborted => _connection!,
                MessageWebSocketState.Connecting when IsGreeter => _connection!,
                MessageWebSocketState.Created or MessageWebSocketState.Connecting => throw NotConnected(),
                _ => throw ContractError.Closed(socketClass),
            };
        }
    }

    /// <summary>Why there is nothing to read: closed before there was a connection, or not connected yet.</summary>
    public Exception NothingToRead() => _disposed ? ContractError.Closed(socketClass) : NotConnected();

    /// <summary>Sends a close frame, raises Closed and releases everything; does not wait for the network.</summary>
    /// <exception cref="ArgumentException">The code or the reason cannot be sent.</exception>
    public void Close(ushort? code, string reason)
    {
        CloseArguments.Check(code, reason);
        Connection? connection;
        lock (_lock)
        {
            _disposed = true;
            connection = _connection;

            if (!IsGreeter)
            {
                // On another thread: what waits for the connect goes on with code of its own, and must not do so in this lock.
                _ = _connecting?.CancelAsync();
            }

            if (connection is null)
            {
                state.Value = MessageWebSocketState.Closed;
            }
        }

        connection?.Close(code, reason);
    }

    /// <summary>As <see cref="Close"/>, without a code; completes when what was sent is with the network, or after a moment.</summary>
    public ValueTask DisposeAsync()
    {
        Close(null, "");
        return Connection?.WhenLastWordsAreOutAsync() ?? default;
    }

    /// <inheritdoc cref="CloseHandshake.CloseAsync"/>
    public async Task<WebSocketCloseResult> CloseAsync(
        ushort? code, string? reason, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        CloseArguments.Check(code, reason);
        Connection? connection;
        lock (_lock)
        {
            connection = _connection;
        }

        if (connection is null)
        {
            throw ContractError.IllegalMethodCall("The socket is not connected, so there is nothing to close in order; Close() ends it.");
        }

        return await connection.CloseAsync(code, reason ?? "", timeout, cancellationToken).ConfigureAwait(false);
    }

    void IConnectionEvents.OnClosing()
    {
        lock (_lock)
        {
            if (state.Value == MessageWebSocketState.Open)
            {
                state.Value = MessageWebSocketState.Closing;
            }
        }
    }

    bool IConnectionEvents.OnClosed(WebSocketCloseResult close, bool byPeer)
    {
        lock (_lock)
        {
            if (state.Value == MessageWebSocketState.Aborted)
            {
                return false;
            }

            // First, so that whoever sees the state finds the reason.
            if (byPeer || information.Close is null)
            {
                information.Close = close;
            }

            information.NoteEnded();
            state.Value = MessageWebSocketState.Closed;
            return true;
        }
    }

    void IConnectionEvents.RaiseClosed(WebSocketCloseResult close) => events.RaiseClosed(close);

    void IConnectionEvents.OnRoundTrip(TimeSpan roundTrip) => information.LastRoundTripTime = roundTrip;

    void IConnectionEvents.OnAborted(MessageWebSocketException failure)
    {
        lock (_lock)
        {
            if (state.Value != MessageWebSocketState.Closed)
            {
                // First, so that whoever sees the state finds the reason.
                information.Failure = failure;
                information.NoteEnded();
                state.Value = MessageWebSocketState.Aborted;
            }
        }
    }

    private static InvalidOperationException NotConnected() =>
        ContractError.IllegalMethodCall("The socket is not connected yet; call ConnectAsync first.");

    private ConnectPlan BeginConnect(Uri uri, Func<ConnectPlan> makePlan, CancellationTokenSource connecting)
    {
        lock (_lock)
        {
            ThrowIfDisposed();
            state.ThrowIfBegun(
                $"ConnectAsync was called on a socket that is {state.Value}; each socket connects once. Clone() makes another one.");
            state.Value = MessageWebSocketState.Connecting;
            try
            {
                ConnectPlan plan = makePlan();
                _connecting = connecting;
                Uri = uri;
                return plan;
            }
            catch
            {
                // The settings do not go together, and can be changed.
                state.Value = MessageWebSocketState.Created;
                throw;
            }
        }
    }

    private (Connection Connection, ConnectionLife Life, ReceivingEnd End) Open(
        ConnectionSettings settings, OpenedConnection opened, ConnectPlan plan, bool isHeld)
    {
        Connection connection;
        ReceivingEnd end;
        ConnectionLife life = new(this, isHeld);
        lock (_lock)
        {
            if (_disposed)
            {
                _connecting = null;
                opened.Stream.Dispose();
                opened.Handler?.Dispose();
                throw ContractError.Closed(socketClass);
            }

            end = plan.ReceivingEnd();
            connection = new Connection(settings, opened, end.Receiver, end.Messages, life);
            end.SendThrough?.Invoke(connection.Sender);
            information.Connection = connection;
            information.Inbox = end.Counts;
            Volatile.Write(ref _connection, connection);
            information.NoteOpened();
            if (isHeld)
            {
                Volatile.Write(ref _greeting, new object());
            }
            else
            {
                _connecting = null;
                state.Value = MessageWebSocketState.Open;
            }
        }

        connection.Start();
        return (connection, life, end);
    }

    private async Task OpenAndGreetAsync(
        ConnectionSettings settings, OpenedConnection opened, ConnectPlan plan, CancellationToken cancellationToken)
    {
        (Connection, ConnectionLife, ReceivingEnd)? held = null;
        ForeignCode.WithoutAmbience(() => held = Open(settings, opened, plan, isHeld: true));
        (Connection connection, ConnectionLife life, ReceivingEnd end) = held!.Value;
        try
        {
            await WhenGreetedAsync(plan.Greet!, cancellationToken).ConfigureAwait(false);
            HandOver(cancellationToken);
        }
        catch
        {
            GiveUp(life);
            throw;
        }

        ForeignCode.WithoutAmbience(() =>
        {
            plan.Opened?.Invoke(connection);
            _ = Task.Run(
                () =>
                {
                    end.Release?.Invoke();
                    life.Release();
                },
                CancellationToken.None);
        });
    }

    // Elsewhere and with a token of its own: who greets may block, pay no attention to the token, or have told it something that blocks.
    private async Task WhenGreetedAsync(Func<CancellationToken, Task> greet, CancellationToken cancellationToken)
    {
        CancellationTokenSource gaveUp = new();
        Task greeting = Task.Run(() => GreetAsync(greet, gaveUp.Token), CancellationToken.None);
        _ = greeting.ContinueWith(
            static t => t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        try
        {
            await greeting.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            _ = ForeignCode.CancelAsync("What a greeting registered", gaveUp);
            throw;
        }
    }

    // In a method of its own, so that code of the caller does not count as a part of the greeting.
    private async Task GreetAsync(Func<CancellationToken, Task> greet, CancellationToken cancellationToken)
    {
        s_greeting.Value = Volatile.Read(ref _greeting);
        try
        {
            await greet(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            // What the greeting met may be the effect of a close that the peer began.
            throw GreetingFailure.Of(Uri!, e, _disposed ? null : information.Close);
        }
    }

    // The connection is everybody's, as it is: it may have ended meanwhile, and who greeted it may have closed it.
    private void HandOver(CancellationToken connecting)
    {
        lock (_lock)
        {
            connecting.ThrowIfCancellationRequested();
            _greeting = null;
            _connecting = null;
            if (state.Value == MessageWebSocketState.Connecting)
            {
                state.Value = MessageWebSocketState.Open;
            }
        }
    }

    // The connection ends by itself, and the socket is as it was before.
    private void GiveUp(ConnectionLife life)
    {
        life.GiveUp();
        Connection? connection;
        lock (_lock)
        {
            connection = _connection;
            _greeting = null;
            information.Connection = null;
            information.Inbox = null;
            information.ForgetOpened();
            information.Close = null;
            information.Failure = null;
            Volatile.Write(ref _connection, null);
            state.Value = _disposed ? MessageWebSocketState.Closed : MessageWebSocketState.Connecting;
        }

        connection?.Close(null, "");
    }

    private void BackToCreated()
    {
        lock (_lock)
        {
            _connecting = null;
            if (state.Value == MessageWebSocketState.Connecting)
            {
                state.Value = MessageWebSocketState.Created;
            }
        }
    }

    private void ThrowIfHandlersAreFixed() => state.ThrowIfBegun("Event handlers can only be added or removed before ConnectAsync.");

    private void ThrowIfDisposed()
    {
        if (_disposed)
        {
            throw ContractError.Closed(socketClass);
        }
    }
}
