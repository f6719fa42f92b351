using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.Unicode;

namespace MessageWebSockets;

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

    private readonly MessageWebSocket _owner;
    private readonly Uri _uri;
    private readonly string _peer;
    private readonly OpenedConnection _opened;
    private readonly FrameStream _transport;
    private readonly WebSocket _receiving;
    private readonly MessageAssembler _assembler;
    private readonly KeepAlive? _keepAlive;
    private readonly CancellationTokenSource _ended = new();
    private readonly CancellationTokenSource _closeBegan = new();
    private readonly ReceivePause _pause = new();
    private readonly InboxFullMode _inboxFullMode;
    private readonly bool _pushes;
    private readonly TimeSpan _linger;
    private readonly TaskCompletionSource<WebSocketCloseResult?> _peerClosed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private WebSocketCloseResult? _closeBegun;
    private int _finished;
    private volatile bool _closedLocally;
    private MessageWebSocketException? _abortReason;

    public Connection(MessageWebSocket owner, Uri uri, OpenedConnection opened, bool pushes)
    {
        MessageWebSocketControl control = owner.Control;
        _owner = owner;
        _uri = uri;
        _peer = PeerText.Name(uri);
        _opened = opened;
        _pushes = pushes;
        _linger = control.CloseTimeout > TimeSpan.Zero && control.CloseTimeout < LongestLinger ? control.CloseTimeout : LongestLinger;
        _inboxFullMode = control.InboxFullMode;
        Inbox = new Inbox(control.InboxLimitInBytes, _pause);
        _transport = new FrameStream(opened.Stream, control.Frames, InflaterFor(opened.Compression))
        {
            RoundTripMeasured = roundTrip => owner.Information.LastRoundTripTime = roundTrip,
        };
        _receiving = WebSocket.CreateFromStream(_transport, FramingOptions.ForReceiving(opened));
        Sender = new MessageSender(_transport, opened, this);
        _assembler = new MessageAssembler(
            _receiving, _transport.Reader, control.MaxMessageSize, control.ReceiveMode == MessageWebSocketReceiveMode.FullMessage);
        if (control.ActualUnsolicitedPongInterval > TimeSpan.Zero)
        {
            _keepAlive = new KeepAlive(
                _transport,
                opened.Transport,
                control.ActualUnsolicitedPongInterval,
                control.KeepAliveTimeout,
                OnPeerVanished);
        }

        owner.Information.Transport = _transport;
        owner.Information.Inbox = Inbox;
        owner.Information.Sender = Sender;
    }

    public Inbox Inbox { get; }

    public MessageSender Sender { get; }

    /// <inheritdoc/>
    public CancellationToken Ended => _ended.Token;

    /// <summary>Whether messages go to handlers and not into the inbox.</summary>
    public bool Pushes => _pushes;

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
        ExitFlush.Add(_transport);
        _keepAlive?.Start();

        // The first wait begins here: most servers say nothing yet, and no other thread need be woken to find that out.
        _ = ReceiveLoopAsync(_assembler.ReceiveAsync().AsTask());
    }

    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _transport.DrainAsync(cancellationToken).ConfigureAwait(false);
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
            _transport.SendUnsolicitedPong();
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
            return await _transport.PingAsync(cancellationToken).ConfigureAwait(false);
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
        bool isNews = OnClosedLocally();
        Inbox.Complete(null);
        _ = ReleaseAfterLingerAsync();
        if (isNews)
        {
            RaiseClosedLocally();
        }
    }

    /// <summary>Waits until what was sent is with the network, as long as the peer takes it and for a moment at most.</summary>
    public async ValueTask WhenLastWordsAreOutAsync()
    {
        using CancellationTokenSource patience = new(LastWords);
        try
        {
            await _transport.DrainAsync(patience.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (MessageSender.IsConnectionError(e))
        {
            // A connection that is broken already is closed without an error.
        }
    }

    // Whoever began the close: once somebody waits for it no longer, it is over.
    private bool OnClosedLocally() => _owner.OnClosed(_closeBegun!.Code, _closeBegun.Reason, byPeer: false);

    // Last of all, because a handler may take its time.
    private void RaiseClosedLocally() => _owner.RaiseClosed(_closeBegun!.Code, _closeBegun.Reason);

    public async Task<WebSocketCloseResult> CloseAsync(ushort? code, string reason, TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (TryBeginClose(code, reason))
        {
            _owner.OnClosing();
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
            MessageWebSocketException unanswered = new(
                $"{_peer} did not answer the close frame within {timeout.TotalSeconds:0.###} s. The connection was dropped.", HResults.Timeout, e)
            {
                PeerUri = _uri,
            };
            bool isNews = OnClosedLocally();
            Inbox.Complete(null);
            Release(unanswered);
            if (isNews)
            {
                RaiseClosedLocally();
            }

            throw cancellationToken.IsCancellationRequested ? ContractError.Canceled(cancellationToken, e) : unanswered;
        }

        if (result is null)
        {
            throw Refusal();
        }

        await _released.Task.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        return result;
    }

    private void SendCloseFrame(ushort? code, string reason)
    {
        try
        {
            _transport.SendClose(code, reason);
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
                Deliver(received);
                if (!_pushes && Inbox.IsWriterAhead && _inboxFullMode == InboxFullMode.Wait && !IsClosing)
                {
                    await (Inbox.IsFull ? MakeRoomAsync() : Inbox.WaitForReadersAsync()).ConfigureAwait(false);
                }

                if (!_assembler.TryReceiveBuffered(out received))
                {
                    received = await new PublishingAwaitable(_assembler.ReceiveAsync(), Inbox);
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

    private void Deliver(ReceivedData received)
    {
        _owner.Information.CountReceived(received.Length, received.IsComplete);

        if (_closedLocally)
        {
            Inbox.CountDropped();
            return;
        }

        WsMessage message = new(received, _transport.Received.LastReadUtcTicks, _owner);
        if (_pushes)
        {
            _pause.Begin();
            _owner.OnMessageReceived(new MessageWebSocketMessageReceivedEventArgs(message));
            _pause.End();
        }
        else if (_inboxFullMode == InboxFullMode.DropOldest)
        {
            Inbox.DropOldest();
            Inbox.Add(message);
        }
        else if (IsClosing && Inbox.IsFull)
        {
            Inbox.CountDropped();
        }
        else
        {
            Inbox.Add(message);
        }
    }

    private async Task MakeRoomAsync()
    {
        _pause.Begin();
        try
        {
            await Inbox.WaitForRoomAsync(_closeBegan.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Closing: from now on what does not fit is counted as dropped.
        }
        finally
        {
            _pause.End();
        }
    }

    private void OnPeerClosed()
    {
        WebSocketCloseResult close = _transport.Reader.ReceivedClose ?? new WebSocketCloseResult(1005, "");
        if (TryBeginClose(close.Code, ""))
        {
            // RFC 6455 section 5.5.1: the answer repeats the code.
            SendCloseFrame(close.Code == 1005 ? null : close.Code, "");
        }

        bool isNews = _owner.OnClosed(close.Code, close.Reason, byPeer: true);
        Inbox.Complete(null);
        _peerClosed.TrySetResult(close);
        _ = ReleaseAtTcpEndAsync(null);
        if (isNews)
        {
            // Last, because a handler may take its time.
            _owner.RaiseClosed(close.Code, close.Reason);
        }
    }

    // RFC 6455 section 7.1.1: the server ends TCP first; a client waits for that, but not for ever. Reading on also keeps the
    // system from answering late data with a reset, which could overtake the close frame.
    private async Task ReleaseAtTcpEndAsync(Exception? reason)
    {
        using CancellationTokenSource patience = new(_linger);
        try
        {
            await _transport.DrainAsync(patience.Token).ConfigureAwait(false);
            byte[] rest = new byte[4096];
            while (await _opened.Stream.ReadAsync(rest, patience.Token).ConfigureAwait(false) > 0)
            {
            }
        }
        catch (Exception e) when (MessageSender.IsConnectionError(e))
        {
            // However it ends, it ends here.
        }

        Release(reason);
    }

    private async Task ReleaseAfterLingerAsync()
    {
        try
        {
            await _released.Task.WaitAsync(_linger).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            Release(null);
        }
    }

    private async Task OnReceiveFailedAsync(Exception e)
    {
        MessageWebSocketException failure = _abortReason ?? ReceiveFailure(e);
        ushort? refusal = RefusalCodeOf(failure, e);
        if (refusal is not null && !_pushes && !IsClosing)
        {
            // Whoever reads may want to answer what came before, and nothing can follow the close frame. Handlers are done by now.
            await Inbox.LetReadersAnswerAsync(LongestMoment).ConfigureAwait(false);
        }

        if (_owner.State == MessageWebSocketState.Closed)
        {
            // Closed locally in the meantime: how TCP ended no longer matters.
            Release(null);
            return;
        }

        if (refusal is ushort code)
        {
            SendCloseFrame(code, failure.HResult == HResults.MessageTooLarge ? "message too big" : "");
        }

        Abort(failure);
    }

    // RFC 6455 section 7.4.1. Null when it is not we who refuse what came.
    private ushort? RefusalCodeOf(MessageWebSocketException failure, Exception cause) => failure.HResult switch
    {
        HResults.MessageTooLarge => 1009,
        HResults.InvalidServerResponse => ViolationIn(cause)?.CloseCode ?? _transport.RefusalCode ?? ProtocolViolationException.ProtocolError,
        _ => null,
    };

    // What is thrown below the framing comes out of it as the cause of what it throws.
    private static ProtocolViolationException? ViolationIn(Exception e) =>
        e as ProtocolViolationException ?? e.InnerException as ProtocolViolationException;

    // The receive loop is the one that tells: it delivers what it has first, and never two things at once.
    private void OnPeerVanished()
    {
        MessageWebSocketException vanished = new(
            $"{_peer} gave no sign of life within {_owner.Control.KeepAliveTimeout.TotalSeconds:0.###} s after a keep-alive ping. The connection was dropped; connect again.",
            HResults.Timeout)
        {
            PeerUri = _uri,
        };
        Interlocked.CompareExchange(ref _abortReason, vanished, null);
        Release(vanished);
    }

    // Called by the receive loop, which then is over: nobody else reads.
    private void Abort(MessageWebSocketException failure)
    {
        bool saysWhy = _transport.CloseFrameWritten && !_transport.Received.ReachedEnd && _transport.Fault is null;
        if (!saysWhy)
        {
            // First: whoever is told of the end must not be able to send into it. A close frame refuses the rest by itself.
            _transport.RefuseWrites(failure);
        }

        Interlocked.CompareExchange(ref _abortReason, failure, null);
        _owner.OnAborted(failure);
        Inbox.Complete(failure);
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

        if (_pushes)
        {
            // Last, because a handler may take its time or close the socket.
            _owner.OnMessageReceived(new MessageWebSocketMessageReceivedEventArgs(failure.Again()));
        }
    }

    private void Release(Exception? reason)
    {
        if (Interlocked.Exchange(ref _finished, 1) != 0)
        {
            return;
        }

        ExitFlush.Remove(_transport);
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
        bool isPaused = _pause.IsOn;

        // A close that the peer began is told in a moment as well: whoever is told that the connection is closed finds the code.
        bool isTold = IsClosing ? _transport.Reader.ReceivedClose is null : isPaused;
        if (_abortReason is null && !isTold)
        {
            await Task.WhenAny(_peerClosed.Task, Task.Delay(LongestLinger)).ConfigureAwait(false);
        }

        return _abortReason?.Again() ?? (IsClosing ? Refusal() : Lost(symptom));
    }

    /// <inheritdoc/>
    public Exception Refusal() => _abortReason?.Again() ?? (Exception)ContractError.Closed(nameof(MessageWebSocket));

    private MessageWebSocketException ReceiveFailure(Exception e)
    {
        switch (e)
        {
            case MessageTooLargeException { Size: var size, Limit: var limit, IsExact: var isExact }:
                return new MessageWebSocketException(
                    $"The message from {_peer} exceeds the limit: {(isExact ? "it has" : "it has at least")} {size} bytes and {(limit == Array.MaxLength ? $"no more than {limit} can be put together; receive it in chunks (ReceiveMode.PartialMessage)" : $"MaxMessageSize is {limit}. Raise MaxMessageSize to receive it")}.",
                    HResults.MessageTooLarge,
                    e)
                {
                    PeerUri = _uri,
                };
            case Exception when ViolationIn(e) is { } violation:
                return ProtocolError(violation.Message, e);
            case WebSocketException when _transport.RefusalCode is not null:
                return ProtocolError(e.Message, e);
            case IOException or WebSocketException or ObjectDisposedException or OperationCanceledException:
                return Lost(e);
            case OutOfMemoryException:
                return new MessageWebSocketException($"There is not enough memory for a message from {_peer}.", HResults.MessageTooLarge, e) { PeerUri = _uri };
            default:
                return ProtocolError(e.Message, e);
        }
    }

    private MessageWebSocketException ProtocolError(string why, Exception cause) =>
        new($"{_peer} broke the WebSocket protocol: {why}", HResults.InvalidServerResponse, cause) { PeerUri = _uri };

    private MessageWebSocketException Lost(Exception e)
    {
        // A broken pipe is no reset: it is what a write meets once the peer has ended the connection.
        if (_transport.WasReset)
        {
            return new MessageWebSocketException($"{_peer} reset the connection. Connect again to go on.", HResults.ConnectionReset, e) { PeerUri = _uri };
        }

        Exception? cause = _transport.Fault ?? e;
        while (cause is not null and not SocketException)
        {
            cause = cause.InnerException;
        }

        return cause is SocketException { SocketErrorCode: SocketError.TimedOut }
            ? new MessageWebSocketException($"{_peer} no longer answers. Connect again to go on.", HResults.Timeout, e) { PeerUri = _uri }
            : new MessageWebSocketException($"{_peer} ended the connection without a close frame. Connect again to go on.", HResults.ConnectionAborted, e) { PeerUri = _uri };
    }
}
