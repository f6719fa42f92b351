using System.Net.WebSockets;

namespace MessageWebSockets.Connections;

/// <summary>
/// One open WebSocket, from the end of the handshake to the end of TCP: sends, the receive loop, the close handshake, keep-alive.
/// </summary>
/// <remarks>
/// The receive loop runs until the connection ends, whatever readers do: cancelling a wait never touches it. The token of a send
/// only ends the wait for its turn and for room; a frame is then handed over whole.
/// </remarks>
#pragma warning disable CA1001 // Release, at the end of the connection, disposes what holds a resource.
internal sealed class Connection : IConnectionEnd
#pragma warning restore CA1001
{
    // How long the two sides may take over the last bytes once a close frame is on its way, unless CloseTimeout is shorter.
    private static readonly TimeSpan LongestLinger = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan LastWords = TimeSpan.FromMilliseconds(250);

    // How long readers have at most for what came before something that we refuse.
    private static readonly TimeSpan LongestMoment = TimeSpan.FromMilliseconds(250);

    private readonly ConnectionSettings _settings;
    private readonly IReceiver _receiver;
    private readonly IConnectionEvents _events;
    private readonly ConnectionFailures _failures;
    private readonly OpenedConnection _opened;
    private readonly FrameStream _transport;
    private readonly WebSocket _receiving;
    private readonly IMessageSource _messages;
    private readonly KeepAlive? _keepAlive;
    private readonly CancellationTokenSource _ended = new();
    private readonly CancellationTokenSource _closeBegan = new();
    private readonly TimeSpan _linger;
    private readonly TaskCompletionSource<WebSocketCloseResult?> _peerClosed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private WebSocketCloseResult? _closeBegun;
    private int _finished;
    private volatile bool _closedLocally;
    private volatile bool _closeGivenUp;
    private MessageWebSocketException? _abortReason;

    /// <param name="settings">Its settings.</param>
    /// <param name="opened">What the handshake left.</param>
    /// <param name="receiver">Takes what is received.</param>
    /// <param name="messages">Makes what receives messages through the framing.</param>
    /// <param name="events">Told what becomes of it.</param>
    public Connection(
        ConnectionSettings settings, OpenedConnection opened, IReceiver receiver, Func<WebSocket, FrameReader, IMessageSource> messages, IConnectionEvents events)
    {
        _settings = settings;
        _receiver = receiver;
        _events = events;
        _opened = opened;
        _linger = settings.CloseTimeout > TimeSpan.Zero && settings.CloseTimeout < LongestLinger ? settings.CloseTimeout : LongestLinger;
        _transport = new FrameStream(opened.Stream, settings.Frames, InflaterFor(opened.Compression)) { RoundTripMeasured = events.OnRoundTrip };
        _failures = new ConnectionFailures(settings.Uri, _transport);
        _receiving = WebSocket.CreateFromStream(_transport, FramingOptions.ForReceiving(opened));
        Sender = new MessageSender(_transport, opened, settings.Records, this);
        _messages = messages(_receiving, _transport.Reader);
        if (settings.KeepAliveInterval > TimeSpan.Zero)
        {
            _keepAlive = new KeepAlive(
                _transport.Received, _transport.Writer, opened.Transport, settings.KeepAliveInterval, settings.KeepAliveTimeout, OnPeerVanished);
        }
    }

    /// <summary>What was received.</summary>
    public ReceiveCounters Counters { get; } = new();

    /// <summary>What the frames go through, for those who count them.</summary>
    public FrameStream Transport => _transport;

    public MessageSender Sender { get; }

    /// <inheritdoc/>
    public CancellationToken Ended => _ended.Token;

    /// <summary>Completes when nothing of the connection is left: TCP closed, tasks and timers over.</summary>
    public Task Released => _released.Task;

    private bool IsClosing => Volatile.Read(ref _closeBegun) is not null;

    // The first to begin the close decides what the close frame says.
    private bool TryBeginClose(ushort? code, string reason)
    {
        if (Interlocked.CompareExchange(ref _closeBegun, new WebSocketCloseResult(code ?? 1005, reason), null) is not null)
        {
            return false;
        }

        // A receive loop that waits for room in the inbox has to go on now: the peer's close frame is behind what is unread.
        // Elsewhere, because it would go on inside Cancel and keep the caller for as long as the peer sends.
        _ = _closeBegan.CancelAsync();
        return true;
    }

    public void Start()
    {
        ExitFlush.Add(_transport.Writer);
        _keepAlive?.Start();

        // The first wait begins here: most servers say nothing yet, and no other thread need be woken to find that out.
        _ = ReceiveLoopAsync(_messages.ReceiveAsync().AsTask());
    }

    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _transport.Writer.DrainAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw await ExplainAsync(e).ConfigureAwait(false);
        }
    }

    public void SendPong()
    {
        try
        {
            _transport.Writer.SendUnsolicitedPong();
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
            return await _transport.Writer.PingAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw await ExplainAsync(e).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw await ExplainAsync(e).ConfigureAwait(false);
        }
    }

    /// <summary>Sends the close frame and ends reading; the last bytes go in the background, and nothing waits for them.</summary>
    public void Close(ushort? code, string reason)
    {
        if (TryBeginClose(code, reason))
        {
            SendCloseFrame(code, reason);
        }

        _closedLocally = true;

        // Whoever began the close: once somebody waits for it no longer, it is over.
        bool isNews = _events.OnClosed(_closeBegun!, byPeer: false);
        _receiver.Complete(null);
        _ = ReleaseAfterLingerAsync();
        if (isNews)
        {
            // Last of all, because a handler may take its time.
            _events.RaiseClosed(_closeBegun!);
        }
    }

    /// <summary>Waits until what was sent is with the network, as long as the peer takes it and for a moment at most.</summary>
    public async ValueTask WhenLastWordsAreOutAsync()
    {
        using CancellationTokenSource patience = new(LastWords);
        try
        {
            await _transport.Writer.DrainAsync(patience.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (MessageSender.IsConnectionError(e))
        {
            // A connection that is broken already is closed without an error.
        }
    }

    public async Task<WebSocketCloseResult> CloseAsync(ushort? code, string reason, TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (TryBeginClose(code, reason))
        {
            _events.OnClosing();
            SendCloseFrame(code, reason);
        }

        WebSocketCloseResult? result;
        try
        {
            using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            if (timeout > TimeSpan.Zero)
            {
                patience.CancelAfter(timeout);
            }

            result = await _peerClosed.Task.WaitAsync(patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e)
        {
            bool isCanceled = cancellationToken.IsCancellationRequested;
            MessageWebSocketException unanswered = isCanceled ? _failures.GivenUp(e) : _failures.Unanswered(timeout, e);
            GiveUpClose(unanswered);
            throw isCanceled ? ContractError.Canceled(cancellationToken, e) : unanswered;
        }

        if (result is null)
        {
            throw Refusal();
        }

        await _released.Task.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        return result;
    }

    // Half a close handshake is no orderly end. Closed is raised all the same: the close was a local one.
    private void GiveUpClose(MessageWebSocketException unanswered)
    {
        bool isNews = Interlocked.CompareExchange(ref _abortReason, unanswered, null) is null;
        _closeGivenUp = isNews;
        _events.OnAborted(unanswered);
        _receiver.Complete(unanswered);
        Release(unanswered);
        if (isNews && !_events.IsClosed)
        {
            // Last of all, because a handler may take its time.
            _events.RaiseClosed(_closeBegun!);
        }
    }

    private void SendCloseFrame(ushort? code, string reason)
    {
        try
        {
            _transport.Writer.SendClose(code, reason);
        }
        catch (IOException)
        {
            // A peer that is gone needs no close frame.
        }
    }

    private async Task ReceiveLoopAsync(Task<ReceivedData> first)
    {
        try
        {
            // Never goes on at once: the thread belongs to whoever connects.
            ReceivedData received = await first.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            while (!received.IsClose)
            {
                if (Deliver(received))
                {
                    await _receiver.WaitForReadersAsync(_closeBegan.Token).ConfigureAwait(false);
                }

                if (!_messages.TryReceiveBuffered(out received))
                {
                    received = await new PublishingAwaitable(_messages.ReceiveAsync(), _receiver);
                }
            }

            OnPeerClosed();
        }
        catch (Exception e)
        {
            await OnReceiveFailedAsync(e).ConfigureAwait(false);
        }
        finally
        {
            _transport.Reader.Dispose();
        }
    }

    private bool Deliver(ReceivedData received)
    {
        Counters.Count(received.Length, received.IsComplete);
        if (_closedLocally)
        {
            _receiver.CountDropped();
            return false;
        }

        return _receiver.Take(received, _transport.Received.LastReadUtcTicks, IsClosing);
    }

    private void OnPeerClosed()
    {
        WebSocketCloseResult close = _transport.Reader.ReceivedClose ?? new WebSocketCloseResult(1005, "");
        if (TryBeginClose(close.Code, ""))
        {
            // RFC 6455 section 5.5.1: the answer repeats the code.
            SendCloseFrame(close.Code == 1005 ? null : close.Code, "");
        }

        bool isNews = _events.OnClosed(close, byPeer: true);
        _receiver.Complete(null);
        _peerClosed.TrySetResult(close);
        _ = ReleaseAtTcpEndAsync(null);
        if (isNews)
        {
            // Last, because a handler may take its time.
            _events.RaiseClosed(close);
        }
    }

    // RFC 6455 section 7.1.1: the server ends TCP first; a client waits for that, but not for ever. Reading on also keeps the
    // system from answering late data with a reset, which could overtake the close frame.
    private async Task ReleaseAtTcpEndAsync(Exception? reason)
    {
        if (await Linger.WhileTakenAsync(_transport.Writer.DrainAsync(_ended.Token), _transport.Writer, _linger).ConfigureAwait(false))
        {
            await ReadToTheEndAsync().ConfigureAwait(false);
        }

        Release(reason);
    }

    private async Task ReadToTheEndAsync()
    {
        using CancellationTokenSource patience = new(_linger);
        try
        {
            byte[] rest = new byte[4096];
            while (await _opened.Stream.ReadAsync(rest, patience.Token).ConfigureAwait(false) > 0)
            {
            }
        }
        catch (Exception e) when (MessageSender.IsConnectionError(e))
        {
            // However it ends, it ends here.
        }
    }

    private async Task ReleaseAfterLingerAsync()
    {
        await Linger.WhileTakenAsync(_released.Task, _transport.Writer, _linger).ConfigureAwait(false);
        Release(null);
    }

    private async Task OnReceiveFailedAsync(Exception e)
    {
        MessageWebSocketException failure = _abortReason ?? _failures.OfReceive(e);
        ushort? refusal = _failures.RefusalCodeOf(failure, e);
        if (refusal is not null && !IsClosing)
        {
            // Whoever reads may want to answer what came before, and nothing can follow the close frame. Handlers are done by now.
            await _receiver.LetReadersAnswerAsync(LongestMoment).ConfigureAwait(false);
        }

        if (_events.IsClosed || _closeGivenUp)
        {
            // Closed locally in the meantime, or dropped and told: how TCP ended no longer matters.
            Release(null);
            return;
        }

        if (refusal is ushort code)
        {
            SendCloseFrame(code, failure.HResult == HResults.MessageTooLarge ? "message too big" : "");
        }

        Abort(failure);
    }

    // The receive loop is the one that tells: it delivers what it has first, and never two things at once.
    private void OnPeerVanished()
    {
        MessageWebSocketException vanished = _failures.Vanished(_settings.KeepAliveTimeout);
        Interlocked.CompareExchange(ref _abortReason, vanished, null);
        Release(vanished);
    }

    // Called by the receive loop, which then is over: nobody else reads.
    private void Abort(MessageWebSocketException failure)
    {
        bool saysWhy = _transport.Writer.CloseFrameWritten && !_transport.Received.ReachedEnd && _transport.Fault is null;
        if (!saysWhy)
        {
            // First: whoever is told of the end must not be able to send into it. A close frame refuses the rest by itself.
            _transport.Writer.RefuseWrites(failure);
        }

        Interlocked.CompareExchange(ref _abortReason, failure, null);
        _events.OnAborted(failure);
        _receiver.Complete(failure);
        _peerClosed.TrySetResult(null);
        if (saysWhy)
        {
            // The close frame is to reach the peer before the connection goes.
            _ = ReleaseAtTcpEndAsync(failure);
        }
        else
        {
            Release(failure);
        }

        _receiver.TellFailure(failure);
    }

    private void Release(Exception? reason)
    {
        if (Interlocked.Exchange(ref _finished, 1) != 0)
        {
            return;
        }

        ExitFlush.Remove(_transport.Writer);
        _keepAlive?.Dispose();
        _ = _ended.CancelAsync();
        _transport.Abort(reason);
        _receiving.Dispose();
        Sender.Dispose();
        _opened.Handler.Dispose();
        _peerClosed.TrySetResult(null);
        _released.TrySetResult();
    }

    private static MessageInflater? InflaterFor(WebSocketDeflateOptions? agreed) =>
        agreed is null ? null : new MessageInflater(agreed.ServerContextTakeover);

    /// <inheritdoc/>
    public async ValueTask<Exception> ExplainAsync(Exception symptom)
    {
        // Why a write failed is often known only to the read beside it, and all who ask should be told the same. A paused receive
        // loop reads nothing and has nothing to tell.
        bool isPaused = _receiver.IsHeldUp;

        // A close that the peer began is told in a moment as well: whoever is told that the connection is closed finds the code.
        bool isTold = IsClosing ? _transport.Reader.ReceivedClose is null : isPaused;
        if (_abortReason is null && !isTold)
        {
            await Task.WhenAny(_peerClosed.Task, Task.Delay(LongestLinger)).ConfigureAwait(false);
        }

        return _abortReason?.Again() ?? (IsClosing ? Refusal() : _failures.Lost(symptom));
    }

    /// <inheritdoc/>
    public Exception Refusal() => _abortReason?.Again() ?? (Exception)ContractError.Closed(_settings.SocketClass);
}
