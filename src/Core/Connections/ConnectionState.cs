namespace MessageWebSockets.Connections;

/// <summary>
/// What sending, receiving and closing of one connection have in common: what the frames go through, who is told, and how far the end
/// has come. Each of its steps is taken once, by whoever comes first.
/// </summary>
/// <remarks>Thread-safe.</remarks>
/// <param name="settings">The settings of the connection.</param>
/// <param name="transport">What the frames go through.</param>
/// <param name="receiver">Where messages go.</param>
/// <param name="events">Who is told what becomes of the connection.</param>
#pragma warning disable CA1001 // Neither of its sources of cancellation holds a resource.
internal sealed class ConnectionState(ConnectionSettings settings, FrameStream transport, IReceiver receiver, IConnectionEvents events)
    : IConnectionEnd
#pragma warning restore CA1001
{
    private static readonly TimeSpan LongestExplanation = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _closeBegan = new();
    private readonly CancellationTokenSource _ended = new();
    private readonly TaskCompletionSource<WebSocketCloseResult?> _peerClosed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<bool> _peerGone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private BegunClose? _closeBegun;
    private MessageWebSocketException? _failure;
    private MessageWebSocketException? _unanswered;
    private int _isEnded;
    private volatile bool _holdsAnswer;

    public ConnectionSettings Settings => settings;

    public FrameStream Transport => transport;

    public IReceiver Receiver => receiver;

    public IConnectionEvents Events => events;

    /// <summary>Words for what goes wrong.</summary>
    public ConnectionFailures Failures { get; } = new(settings.Uri, transport);

    /// <summary>Whether somebody began the close.</summary>
    public bool IsClosing => Volatile.Read(ref _closeBegun) is not null;

    /// <summary>What whoever began the close said; null before.</summary>
    public WebSocketCloseResult? CloseBegun => Volatile.Read(ref _closeBegun)?.Said;

    /// <summary>Whether this side began the close.</summary>
    public bool IsClosedHere => Volatile.Read(ref _closeBegun) is { ByPeer: false };

    /// <summary>Cancelled when the close begins.</summary>
    public CancellationToken CloseBegan => _closeBegan.Token;

    /// <summary>Completes when the peer's close frame came, with what it said, or with null when it cannot come any more.</summary>
    public Task<WebSocketCloseResult?> PeerClosed => _peerClosed.Task;

    /// <summary>Why the connection ended abnormally; null otherwise.</summary>
    public MessageWebSocketException? Failure => Volatile.Read(ref _failure);

    /// <summary>Completes when nothing of the connection is left: TCP closed, tasks and timers over.</summary>
    public Task Released => _released.Task;

    /// <summary>
    /// Completes when the peer, which has closed, has ended TCP as well: true when in order, false when it broke; either when all was
    /// released here first.
    /// </summary>
    public Task<bool> PeerGone => _peerGone.Task;

    /// <summary>Whether the peer has closed, and is answered when this side closes (<see cref="IReceiver.HoldsAnswerTo"/>).</summary>
    public bool HoldsAnswer
    {
        get => _holdsAnswer;
        set => _holdsAnswer = value;
    }

    /// <inheritdoc/>
    public CancellationToken Ended => _ended.Token;

    /// <summary>Begins the close. The first to do so decides what the close frame says.</summary>
    public bool TryBeginClose(ushort? code, string reason, bool byPeer = false)
    {
        BegunClose begun = new(new WebSocketCloseResult(code ?? 1005, reason), byPeer);
        if (Interlocked.CompareExchange(ref _closeBegun, begun, null) is not null)
        {
            return false;
        }

        // A receive loop that waits for room in the inbox has to go on now: the peer's close frame is behind what is unread.
        // Elsewhere, because it would go on inside Cancel and keep the caller for as long as the peer sends.
        _ = _closeBegan.CancelAsync();
        return true;
    }

    /// <summary>Says why the connection ends abnormally. The first reason counts.</summary>
    /// <returns>Whether it is the first.</returns>
    public bool TryFail(MessageWebSocketException failure) => Interlocked.CompareExchange(ref _failure, failure, null) is null;

    /// <summary>What the peer said when it closed; null as long as it did not, and when the close was begun here.</summary>
    public WebSocketCloseResult? ClosedByPeer { get; private set; }

    /// <summary>The peer's close frame came; null: it cannot come any more.</summary>
    /// <param name="close">What it says.</param>
    /// <param name="wasFirst">Whether the peer began the close.</param>
    public void OnPeerClosed(WebSocketCloseResult? close, bool wasFirst = false)
    {
        if (wasFirst)
        {
            ClosedByPeer = close;
        }

        _peerClosed.TrySetResult(close);
    }

    /// <summary>
    /// The peer's close frame cannot come any more behind a local close, which is no failure of the connection; it is one of the close
    /// for whoever waits for that frame. The first reason counts.
    /// </summary>
    public void OnUnanswered(MessageWebSocketException why)
    {
        Interlocked.CompareExchange(ref _unanswered, why, null);
        OnPeerClosed(null);
    }

    /// <summary>Why the peer's close frame cannot come any more, for who has waited for it.</summary>
    public Exception NoAnswer() =>
        (Failure ?? Volatile.Read(ref _unanswered))?.Again()
        ?? (Exception)ClosedBefore("the close frame of the peer came");

    /// <summary>Nothing more happens on the connection, and what it holds is released now.</summary>
    /// <returns>False when that was said before.</returns>
    public bool TryEnd()
    {
        if (Interlocked.Exchange(ref _isEnded, 1) != 0)
        {
            return false;
        }

        _ = _ended.CancelAsync();
        return true;
    }

    /// <summary>The peer has ended TCP.</summary>
    /// <param name="inOrder">Whether it ended it, and did not break it.</param>
    public void OnPeerGone(bool inOrder) => _peerGone.TrySetResult(inOrder);

    /// <summary>Everything is released.</summary>
    public void OnReleased()
    {
        OnPeerGone(inOrder: true);
        _peerClosed.TrySetResult(null);
        _released.TrySetResult();
    }

    /// <inheritdoc/>
    public ValueTask<Exception> ExplainAsync(Exception symptom) => ExplainAsync(symptom, Refusal);

    /// <summary>As the other one, for who waited for something of the peer: its close has ended that.</summary>
    /// <param name="symptom">What was met.</param>
    /// <param name="awaited">What was waited for, as in "the pong".</param>
    public ValueTask<Exception> ExplainAsync(Exception symptom, string awaited) => ExplainAsync(
        symptom,
        () => ClosedByPeer is { } close ? Failures.ClosedByPeer(close, awaited, symptom) : ClosedBefore($"{awaited} came"));

    /// <summary>As the first one, for who waited until everything was with the network.</summary>
    public ValueTask<Exception> ExplainFlushAsync(Exception symptom) =>
        ExplainAsync(symptom, () => ClosedBefore("all messages were handed to the network"));

    /// <inheritdoc/>
    public Exception Refusal() => Failure?.Again() ?? (Exception)ClosedBefore("the message was sent");

    private async ValueTask<Exception> ExplainAsync(Exception symptom, Func<Exception> refusal)
    {
        // Why a write failed is often known only to the read beside it, and all who ask should be told the same. A paused receive
        // loop reads nothing and has nothing to tell. A close that the peer began is told in a moment as well: whoever is told that the
        // connection is closed finds the code.
        bool isTold = IsClosing ? transport.Reader.ReceivedClose is null : receiver.IsHeldUp || HoldsAnswer;
        if (Failure is null && !isTold)
        {
            await Task.WhenAny(PeerClosed, Task.Delay(LongestExplanation)).ConfigureAwait(false);
        }

        return Failure is { } failure ? failure.Again() : IsClosing ? refusal() : Failures.Lost(symptom);
    }

    private ObjectDisposedException ClosedBefore(string what) => ContractError.Closed(
        settings.SocketClass,
        ClosedByPeer is { } close ? Failures.ClosedBefore(close, what) : $"The socket was closed before {what}.");

    private sealed record BegunClose(WebSocketCloseResult Said, bool ByPeer);
}
