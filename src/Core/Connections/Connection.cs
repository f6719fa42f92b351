using System.Net.WebSockets;

namespace MessageWebSockets.Connections;

/// <summary>
/// One open WebSocket, from the end of the handshake to the end of TCP: what sends (<see cref="MessageSender"/>), receives
/// (<see cref="ReceiveLoop"/>), closes (<see cref="CloseHandshake"/>) and keeps alive (<see cref="KeepAlive"/>), put together.
/// </summary>
/// <remarks>Thread-safe. The token of a send only ends the wait for its turn and for room; a frame is then handed over whole.</remarks>
internal sealed class Connection
{
    private readonly ConnectionState _state;
    private readonly ConnectionResources _resources;
    private readonly CloseHandshake _closing;
    private readonly ReceiveLoop _receiving;
    private readonly KeepAlive? _keepAlive;

    /// <param name="settings">Its settings.</param>
    /// <param name="opened">What the handshake left.</param>
    /// <param name="receiver">Takes what is received.</param>
    /// <param name="messages">Makes what receives messages through the framing.</param>
    /// <param name="events">Told what becomes of it.</param>
    public Connection(
        ConnectionSettings settings,
        OpenedConnection opened,
        IReceiver receiver,
        Func<WebSocket, FrameReader, IMessageSource> messages,
        IConnectionEvents events)
    {
        MessageInflater? inflater = opened.Compression is { } agreed ? new MessageInflater(agreed.ServerContextTakeover) : null;
        Transport = new FrameStream(opened.Stream, settings.Frames, inflater, settings.SendLimitInBytes)
        {
            Network = opened.Transport,
            Progress = opened.Transport is { } network ? () => network.Progress : null,
            RoundTripMeasured = events.OnRoundTrip,
        };
        if (opened is { IsHttp2: true, Transport: { } below })
        {
            Transport.Writer.Network.LastHeardBelow = () => below.LastRead;
        }

        _state = new ConnectionState(settings, Transport, receiver, events);
        _resources = new ConnectionResources(_state, opened);
        if (settings.KeepAliveInterval > TimeSpan.Zero)
        {
            _keepAlive = _resources.Hold(new KeepAlive(
                Transport.Received,
                Transport.Writer,
                Transport.Progress,
                settings.KeepAliveInterval,
                settings.KeepAliveTimeout,
                OnPeerVanished));
        }

        WebSocket framing = _resources.Hold(WebSocket.CreateFromStream(Transport, FramingOptions.ForReceiving(opened)));
        Sender = _resources.Hold(new MessageSender(Transport, opened, settings.Records, _state));
        _closing = new CloseHandshake(_state, Sender, _resources);
        opened.Transport?.BeforeEnd = _closing.OnPeerEndedAsync;
        _receiving = new ReceiveLoop(_state, messages(framing, Transport.Reader), _closing, _resources);
    }

    /// <summary>What was received.</summary>
    public ReceiveCounters Counters => _receiving.Counters;

    /// <summary>What the frames go through, for those who count them.</summary>
    public FrameStream Transport { get; }

    public MessageSender Sender { get; }

    /// <summary>Cancelled when the connection ended.</summary>
    public CancellationToken Ended => _state.Ended;

    /// <inheritdoc cref="ConnectionState.IsClosedHere"/>
    public bool IsClosedHere => _state.IsClosedHere;

    /// <inheritdoc cref="ConnectionState.CloseBegan"/>
    public CancellationToken CloseBegan => _state.CloseBegan;

    /// <summary>Completes when nothing of the connection is left: TCP closed, tasks and timers over.</summary>
    public Task Released => _state.Released;

    /// <inheritdoc cref="ConnectionState.PeerGone"/>
    public Task<bool> PeerGone => _state.PeerGone;

    public void Start()
    {
        ExitFlush.Add(Transport, Sender);
        _keepAlive?.Start();
        _receiving.Start();
    }

    /// <summary>Waits until everything accepted so far is with the network.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Transport.Writer.DrainAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw await _state.ExplainFlushAsync(e).ConfigureAwait(false);
        }
    }

    public void SendPong()
    {
        try
        {
            Transport.Writer.SendUnsolicitedPong();
        }
        catch (IOException)
        {
            // The connection broke, which whoever receives or sends a message is told.
        }
    }

    public async Task<TimeSpan> PingAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await Transport.Writer.PingAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw await _state.ExplainAsync(e, "the pong").ConfigureAwait(false);
        }
    }

    /// <inheritdoc cref="CloseHandshake.Close"/>
    public void Close(ushort? code, string reason) => _closing.Close(code, reason);

    /// <inheritdoc cref="CloseHandshake.CloseAsync"/>
    public Task<WebSocketCloseResult> CloseAsync(
        ushort? code, string reason, TimeSpan? timeout, CancellationToken cancellationToken) =>
        _closing.CloseAsync(code, reason, timeout, cancellationToken);

    /// <inheritdoc cref="ConnectionResources.WhenLastWordsAreOutAsync"/>
    public ValueTask WhenLastWordsAreOutAsync() => _resources.WhenLastWordsAreOutAsync();

    // The receive loop is the one that tells: it delivers what it has first.
    private void OnPeerVanished()
    {
        MessageWebSocketException vanished = _state.Failures.Vanished(_state.Settings.KeepAliveTimeout);
        _state.TryFail(vanished);
        _resources.Release(vanished);
    }
}
