using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace MessageWebSockets;

/// <summary>
/// A WebSocket client that sends and receives whole messages (Windows.Networking.Sockets.MessageWebSocket), on every platform.
/// </summary>
/// <remarks>
/// <para>Thread-safe: any number of threads may send, receive, ping and close at once; messages never interleave.</para>
/// <para>Single use: after Closed or Aborted make another one; <see cref="Clone"/> makes one with the same settings. A failed
/// connect may be tried again on the same object.</para>
/// <para>With <see cref="MessageReceived"/> handlers registered before the connect, messages are pushed to them. Without, they wait
/// in a bounded inbox for <see cref="ReceiveAsync"/>.</para>
/// </remarks>
public sealed partial class MessageWebSocket : IDisposable, IAsyncDisposable, IMessageSink
{
    private readonly SocketId _id = new();
    private readonly MessageOutputStream _outputStream;
    private readonly MessageSocketEvents<MessageWebSocket> _events;
    private readonly ClientSocket _client;
    private readonly MessageReceiving _receiving;

    /// <summary>Creates a socket that is not connected, with its <see cref="Control"/> and <see cref="Information"/>.</summary>
    public MessageWebSocket()
    {
        SocketState state = new();
        Control = new MessageWebSocketControl(state);
        _outputStream = new MessageOutputStream(this);
        _events = new MessageSocketEvents<MessageWebSocket>(this);
        _client = new ClientSocket(nameof(MessageWebSocket), state, Control, Information, _events);
        _receiving = new MessageReceiving(this, _client, _events);
    }

    /// <summary>
    /// Raised for each message when a handler was registered before the connect, one at a time and in order. A receive-side error
    /// (connection lost, invalid data, message too big) arrives as one last event whose reads throw.
    /// </summary>
    /// <remarks>
    /// What a handler throws is reported through <see cref="System.Diagnostics.Trace"/>; it ends neither the connection nor the calls of
    /// the other handlers. Handlers see none of the ambient values (AsyncLocal, culture) of the code that connected or closed. No two
    /// handlers of this event and <see cref="Closed"/> run at once, and none is called once <see cref="Closed"/> was raised.
    /// Nothing is received while a handler works, so one must not block on what has to be received: <see cref="PingAsync"/> and
    /// <see cref="CloseAsync"/> can be begun there and awaited elsewhere, or awaited by a handler that is an async method.
    /// </remarks>
    /// <exception cref="InvalidOperationException">Added or removed after the connect began (E_ILLEGAL_METHOD_CALL).</exception>
    public event TypedEventHandler<MessageWebSocket, MessageWebSocketMessageReceivedEventArgs>? MessageReceived
    {
        add => _client.AddHandler(_events.MessageReceived, value);
        remove => _client.RemoveHandler(_events.MessageReceived, value);
    }

    /// <summary>
    /// Raised at most once, when a close frame arrives or on a local close; not when TCP simply ends or resets, or the peer breaks the
    /// protocol, which is no close either while <c>CloseAsync</c> waits for its answer.
    /// An empty close frame from the peer gives code 1005 and no reason.
    /// </summary>
    /// <remarks>
    /// The last event of a socket. <see cref="Close()"/> raises it before it returns, unless a handler of <see cref="MessageReceived"/>
    /// is at work at that moment: then it is raised when that has returned, on its thread. <c>CloseAsync</c> does not wait for its
    /// handlers, and may return just before they begin.
    /// </remarks>
    /// <exception cref="InvalidOperationException">Added or removed after the connect began (E_ILLEGAL_METHOD_CALL).</exception>
    public event TypedEventHandler<MessageWebSocket, WebSocketClosedEventArgs>? Closed
    {
        add => _client.AddHandler(_events.Closed, value);
        remove => _client.RemoveHandler(_events.Closed, value);
    }

    /// <summary>
    /// wss only: raised after the default validation of the server certificate, the ignorable errors included, has passed and before
    /// any byte of the HTTP request is sent. A handler that throws counts as a rejection.
    /// </summary>
    /// <exception cref="InvalidOperationException">Added or removed after the connect began (E_ILLEGAL_METHOD_CALL).</exception>
    public event TypedEventHandler<MessageWebSocket, WebSocketServerCustomValidationRequestedEventArgs>? ServerCustomValidationRequested
    {
        add => _client.AddHandler(_events.ValidationRequested, value);
        remove => _client.RemoveHandler(_events.ValidationRequested, value);
    }

    /// <summary>
    /// Run after the handshake, the <see cref="MessageWebSocketControl.ConnectMessages"/> and their
    /// <see cref="MessageWebSocketControl.ConnectReply"/> of each successful connect, and before the
    /// connection is anybody else's; before connect only. It is given this socket and a token that is cancelled with the connect. Null,
    /// the default: nothing.
    /// </summary>
    /// <remarks>
    /// <para>For the hook, and what it begins, the socket is open: it may send, receive, ping and close. For everybody else it is
    /// <see cref="MessageWebSocketState.Connecting"/> until the hook has completed, and a send is refused as before any connect. What
    /// arrives meanwhile and is not taken by the hook stays in the inbox, in order. With handlers of <see cref="MessageReceived"/> it is
    /// theirs, when the hook has completed; the hook itself cannot receive then.</para>
    /// <para>It counts in <see cref="WebSocketControl.ConnectTimeout"/>. If it throws, the connect has failed with that reason, the
    /// connection is closed, and the socket may be connected again. If it closes and completes, the connect returns and the socket is
    /// closed. It runs on a thread of the pool.</para>
    /// </remarks>
    /// <exception cref="InvalidOperationException">Set after the connect began (E_ILLEGAL_METHOD_CALL).</exception>
    public Func<MessageWebSocket, CancellationToken, Task>? OnConnected
    {
        get;
        set => _client.Set(ref field, value);
    }

    /// <summary>A number that no other socket of this process has.</summary>
    public int Id => _id.Value;

    /// <summary>A name for people; empty until set.</summary>
    [AllowNull]
    public string Name
    {
        get;
        set => field = value ?? "";
    } = "";

    /// <summary>The address of the last connect; null before.</summary>
    public Uri? Uri => _client.Uri;

    /// <summary>The settings.</summary>
    public MessageWebSocketControl Control { get; }

    /// <summary>What is known of the connection.</summary>
    public MessageWebSocketInformation Information { get; } = new();

    /// <summary>
    /// A write-only stream: what is written is sent as one message of type <see cref="MessageWebSocketControl.MessageType"/> when it
    /// is flushed. Flushing with nothing pending sends nothing.
    /// </summary>
    /// <remarks>
    /// Disposing it drops what was written and not flushed: half a message is not sent because a writer above it was closed. A message
    /// that a flush refuses, text that is not UTF-8, is dropped as well.
    /// </remarks>
    public Stream OutputStream => _outputStream;

    /// <summary>Where the socket stands.</summary>
    public MessageWebSocketState State => _client.State;

    /// <summary>Completes when nothing of the connection is left; completed before there was one.</summary>
    internal Task Released => _client.Released;

    SocketMessageType IMessageSink.MessageType => Control.MessageType;

    /// <summary>Sets a header of the handshake request; the same name again replaces it, null removes it.</summary>
    /// <param name="name">The header name, an HTTP token.</param>
    /// <param name="value">The value, ASCII without line breaks and NUL.</param>
    /// <exception cref="ArgumentException">The name or value cannot be sent, or the header belongs to the handshake.</exception>
    /// <exception cref="InvalidOperationException">The connect has begun (E_ILLEGAL_METHOD_CALL).</exception>
    public void SetRequestHeader(string name, string? value) => _client.SetRequestHeader(name, value);

    /// <summary>Connects and performs the opening handshake (RFC 6455 section 4).</summary>
    /// <param name="uri">An absolute ws:// or wss:// address without user information and fragment.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="ArgumentException">The address, a subprotocol or a combination of settings cannot be used; nothing was
    /// sent.</exception>
    /// <exception cref="InvalidOperationException">Already connecting or connected before (E_ILLEGAL_METHOD_CALL).</exception>
    /// <exception cref="MessageWebSocketException">The connect failed; it may be tried again.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task ConnectAsync(Uri uri, CancellationToken cancellationToken = default)
    {
        try
        {
            await _client.ConnectAsync(uri, Plan, cancellationToken).ConfigureAwait(false);
        }
        catch when (_client.Connection is null)
        {
            _receiving.Discard();
            throw;
        }
    }

    /// <inheritdoc cref="ClientSocket.ForHandshake()"/>
    internal HandshakeSettings ForHandshake() => _client.ForHandshake();

    /// <summary>
    /// Receives the next message. Calls that wait are served in the order in which they were made; who reads by other means may come
    /// before them.
    /// </summary>
    /// <param name="cancellationToken">
    /// Ends the wait; the connection is unharmed and no message is lost. One that is cancelled before takes no message, queued or not.
    /// </param>
    /// <returns>The message; null once everything was read and the connection ended in order.</returns>
    /// <exception cref="InvalidOperationException">Not connected yet, or messages go to handlers of <see cref="MessageReceived"/>
    /// (E_ILLEGAL_METHOD_CALL).</exception>
    /// <exception cref="MessageWebSocketException">Everything was read and the connection ended abnormally.</exception>
    public ValueTask<WsMessage?> ReceiveAsync(CancellationToken cancellationToken = default) =>
        _receiving.Inbox.TakeAsync(cancellationToken);

    /// <summary>Takes the next message if one is queued.</summary>
    /// <exception cref="InvalidOperationException">Not connected yet, or messages go to handlers of <see cref="MessageReceived"/>
    /// (E_ILLEGAL_METHOD_CALL).</exception>
    public bool TryReceive([NotNullWhen(true)] out WsMessage? message) => _receiving.Inbox.TryTake(out message);

    /// <summary>Looks at the next message if one is queued, and leaves it there.</summary>
    /// <exception cref="InvalidOperationException">Not connected yet, or messages go to handlers of <see cref="MessageReceived"/>
    /// (E_ILLEGAL_METHOD_CALL).</exception>
    public bool TryPeek([NotNullWhen(true)] out WsMessage? message) => _receiving.Inbox.TryPeek(out message);

    /// <summary>Waits until <see cref="TryReceive"/> may succeed; with it, many messages are read without a wait for each.</summary>
    /// <returns>False once everything was read and the connection ended in order.</returns>
    /// <exception cref="InvalidOperationException">Not connected yet, or messages go to handlers of <see cref="MessageReceived"/>
    /// (E_ILLEGAL_METHOD_CALL).</exception>
    /// <exception cref="MessageWebSocketException">Everything was read and the connection ended abnormally.</exception>
    public ValueTask<bool> WaitToReceiveAsync(CancellationToken cancellationToken = default) =>
        _receiving.Inbox.WaitToTakeAsync(cancellationToken);

    /// <summary>
    /// Receives the first message, of those that arrive from now on, that a filter accepts: the reply to what is sent next. Messages
    /// it does not accept stay readable, in order. Several may wait at once; the one that asked first is offered a message first.
    /// </summary>
    /// <param name="filter">
    /// Called on the thread that receives, which waits for it; what it throws ends this wait. In
    /// <see cref="MessageWebSocketReceiveMode.PartialMessage"/> it is given chunks.
    /// </param>
    /// <param name="cancellationToken">Ends the wait; the connection is unharmed and no message is lost.</param>
    /// <returns>The message; null when the connection ended in order.</returns>
    /// <remarks>While the inbox is full nothing is received, and so no reply either.</remarks>
    /// <exception cref="InvalidOperationException">Not connected yet, or messages go to handlers of <see cref="MessageReceived"/>
    /// (E_ILLEGAL_METHOD_CALL).</exception>
    /// <exception cref="MessageWebSocketException">The connection ended abnormally.</exception>
    public Task<WsMessage?> ReceiveNextAsync(Predicate<WsMessage> filter, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        return _receiving.Inbox.TakeNextAsync(filter, cancellationToken);
    }

    /// <summary>
    /// As <see cref="ReceiveNextAsync"/>, for whoever does next to nothing afterwards: it goes on on the thread that receives, which
    /// spares a thread between the two.
    /// </summary>
    internal Task<WsMessage?> ReceiveNextAtOnceAsync(Predicate<WsMessage> filter, CancellationToken cancellationToken) =>
        _receiving.Inbox.TakeNextAsync(filter, goesOnAtOnce: true, cancellationToken);

    /// <summary>Cancelled when the close begins; also the peer's, but only once that is read.</summary>
    internal CancellationToken CloseBegan => _client.Connection?.CloseBegan ?? CancellationToken.None;

    /// <summary>Puts the message back that was taken last and was of no use.</summary>
    internal void Return(WsMessage message) => _receiving.Inbox.Return(message);

    /// <summary>Takes a message that is queued, wherever it is; false when somebody else has.</summary>
    internal bool TryTake(WsMessage message)
    {
        using InboxCursor<WsMessage> cursor = OpenCursor();
        while (cursor.TryMoveNext(out WsMessage? queued))
        {
            if (queued == message)
            {
                return cursor.TryTake(message);
            }
        }

        return false;
    }

    /// <summary>Begins to look through the messages, for one reader, who takes those it wants.</summary>
    internal InboxCursor<WsMessage> OpenCursor() => new(_receiving.Inbox);

    /// <summary>The messages as they arrive, until the connection ends in order.</summary>
    /// <exception cref="MessageWebSocketException">The connection ended abnormally.</exception>
    public async IAsyncEnumerable<WsMessage> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        Inbox<WsMessage> inbox = _receiving.Inbox;
        while (await inbox.WaitToTakeAsync(cancellationToken).ConfigureAwait(false))
        {
            while (inbox.TryTake(out WsMessage? message))
            {
                yield return message;
            }
        }
    }

    /// <summary>
    /// The messages, of those queued and those that arrive, that a filter accepts, until the connection ends in order. The others stay
    /// readable, in order; each is shown to the filter once.
    /// </summary>
    /// <param name="filter">Called by the enumeration; what it throws ends that, and the message stays.</param>
    /// <param name="cancellationToken">Ends the enumeration; the connection is unharmed and no message is lost.</param>
    /// <remarks>
    /// In <see cref="MessageWebSocketReceiveMode.PartialMessage"/> the filter is given chunks. Once the inbox is full of what was left
    /// (<see cref="MessageWebSocketInformation.IsInboxFull"/>) nothing arrives until somebody reads.
    /// </remarks>
    /// <exception cref="InvalidOperationException">Not connected yet, or messages go to handlers of <see cref="MessageReceived"/>
    /// (E_ILLEGAL_METHOD_CALL).</exception>
    /// <exception cref="MessageWebSocketException">The connection ended abnormally.</exception>
    public async IAsyncEnumerable<WsMessage> ReadAllAsync(
        Predicate<WsMessage> filter, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        using InboxCursor<WsMessage> cursor = OpenCursor();
        while (await cursor.WaitToMoveNextAsync(cancellationToken).ConfigureAwait(false))
        {
            while (cursor.TryMoveNext(out WsMessage? message))
            {
                if (filter(message) && cursor.TryTake(message))
                {
                    yield return message;
                }
            }
        }
    }

    /// <summary>Sends a ping with a payload of its own (RFC 6455 section 5.5.2).</summary>
    /// <returns>The round-trip time, when its pong arrives.</returns>
    /// <exception cref="InvalidOperationException">Not connected yet (E_ILLEGAL_METHOD_CALL).</exception>
    /// <exception cref="MessageWebSocketException">The connection ended before the pong came; where the peer closed in order, the message
    /// has its close code and reason.</exception>
    /// <exception cref="ObjectDisposedException">Closed before the call, or closed here since (RO_E_CLOSED).</exception>
    public Task<TimeSpan> PingAsync(CancellationToken cancellationToken = default) =>
        _client.WritableConnection().PingAsync(cancellationToken);

    /// <summary>Sends a pong that answers no ping, a sign of life (RFC 6455 section 5.5.3). The keep-alive sends its own.</summary>
    /// <exception cref="InvalidOperationException">Not connected yet (E_ILLEGAL_METHOD_CALL).</exception>
    /// <exception cref="ObjectDisposedException">Closed (RO_E_CLOSED).</exception>
    public void SendPong() => _client.WritableConnection().SendPong();

    /// <summary>
    /// Sends an empty close frame, raises <see cref="Closed"/> and releases everything. Never blocks: what was sent leaves in the
    /// background, also when the process ends right away. Never throws for a dead peer; calling it again does nothing. Unread messages
    /// stay readable.
    /// </summary>
    /// <remarks>
    /// The connection is dropped when the peer has taken nothing for two seconds (or <see cref="WebSocketControl.CloseTimeout"/>, if that
    /// is less), and after 30 seconds in any case. A process that ends in order waits for what was sent while something of it is taken
    /// every three seconds, 30 at most. <see cref="DisposeAsync"/> can be awaited.
    /// </remarks>
    public void Close() => _client.Close(null, "");

    /// <summary>As <see cref="Close()"/>, with a code and a reason.</summary>
    /// <param name="code">1000-1003, 1007-1014 or 3000-4999 (RFC 6455 section 7.4).</param>
    /// <param name="reason">At most 123 bytes of UTF-8.</param>
    /// <exception cref="ArgumentOutOfRangeException">The code cannot be sent.</exception>
    /// <exception cref="ArgumentException">The reason is too long or has a lone surrogate.</exception>
    public void Close(ushort code, string reason = "") => _client.Close(code, reason);

    /// <summary>
    /// The full close handshake: sends a close frame, waits for the peer's and for the end of TCP. Messages that arrive in the
    /// meantime stay readable.
    /// </summary>
    /// <param name="code">The code; null sends an empty close frame.</param>
    /// <param name="reason">The reason, only with a code.</param>
    /// <param name="cancellationToken">Ends the wait at any stage; the connection is then dropped.</param>
    /// <returns>The peer's code and reason.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The code cannot be sent.</exception>
    /// <exception cref="ArgumentException">The reason is too long, has a lone surrogate, or has no code.</exception>
    /// <exception cref="InvalidOperationException">Not connected (E_ILLEGAL_METHOD_CALL).</exception>
    /// <remarks>
    /// A peer that does not answer in time makes no orderly end: the connection is dropped and Aborted, <see cref="ReceiveAsync"/> and
    /// Information.Failure say why, and there is no close code. <see cref="Closed"/> is raised, as by <see cref="Close()"/>. As long as the
    /// peer takes what was sent before the call, its time to answer has not begun; the token ends that wait, too. Once the peer's close
    /// frame has come the end stays an orderly one, and the token ends the wait for the end of TCP.
    /// </remarks>
    /// <exception cref="MessageWebSocketException">The peer did not answer within <see cref="WebSocketControl.CloseTimeout"/>, and two
    /// seconds at most once <see cref="Close()"/> was called as well, or the connection broke.</exception>
    public Task<WebSocketCloseResult> CloseAsync(
        ushort? code = null, string? reason = null, CancellationToken cancellationToken = default) =>
        _client.CloseAsync(code, reason, timeout: null, cancellationToken);

    /// <summary>As <see cref="CloseAsync"/>, with a timeout of its own; zero for any time.</summary>
    internal Task<WebSocketCloseResult> CloseWithinAsync(
        ushort? code, string? reason, TimeSpan timeout, CancellationToken cancellationToken) =>
        _client.CloseAsync(code, reason, timeout, cancellationToken);

    /// <summary>As <see cref="Close()"/>.</summary>
    public void Dispose() => Close();

    /// <summary>
    /// As <see cref="Close()"/>; completes when what was sent is with the network, or after a quarter of a second when the peer does not
    /// take it. No thread waits.
    /// </summary>
    public ValueTask DisposeAsync() => _client.DisposeAsync();

    /// <summary>A socket that is not connected, with the same settings, request headers, name, event handlers and hook.</summary>
    /// <remarks>
    /// The handlers go along because what was demanded of a connection (<see cref="ServerCustomValidationRequested"/>) has to hold for
    /// the one made in its place, and who listens to a connection goes on listening. They are told of the clone as the sender, and can
    /// be removed from it before it connects. With handlers of <see cref="MessageReceived"/> the clone pushes its messages as well.
    /// </remarks>
    public MessageWebSocket Clone()
    {
        MessageWebSocket clone = new() { Name = Name };
        Control.CopyTo(clone.Control);
        _client.CopyRequestHeadersTo(clone._client);
        _events.CopyHandlersTo(clone._events);
        clone.OnConnected = OnConnected;
        return clone;
    }

    /// <summary>The name, or the address where it has none, without its query, in which servers take tokens.</summary>
    public override string ToString() => Name.Length > 0 ? Name : Uri is { } uri ? PeerText.Name(uri) : $"MessageWebSocket {Id}";

    /// <inheritdoc cref="ClientSocket.RequestHeader"/>
    internal string? RequestHeader(string name) => _client.RequestHeader(name);

    /// <summary>Gives another socket the request headers of this one.</summary>
    internal void CopyRequestHeadersTo(ClientSocket other) => _client.CopyRequestHeadersTo(other);

    void IMessageSink.ThrowIfNotWritable() => _client.WritableConnection();

    private ConnectPlan Plan()
    {
        ReceivingSettings receiving = Control.ForReceiving();
        PresetMessages preset = Control.ForSending();
        ConnectArguments.CheckInbox(receiving.FullMode, receiving.WholeMessages);
        ConnectArguments.CheckHeartbeat(preset.Heartbeat, preset.HeartbeatInterval);

        _receiving.Begin();
        ConversationCounts counts = new();
        Func<MessageWebSocket, CancellationToken, Task>? hook = OnConnected;
        GreetingReply? reply = receiving.ConnectReply is { } pattern ? new GreetingReply(pattern) : null;
        bool isGreeted = preset.Connect.Length > 0 || reply is not null || hook is not null;
        return new ConnectPlan(
            () =>
            {
                Information.Conversation = counts;
                return _receiving.Open(receiving, isGreeted, reply, counts);
            },
            isGreeted ? cancellationToken => GreetAsync(preset.Connect, reply, hook, cancellationToken) : null,
            preset is { Heartbeat: { } message, HeartbeatInterval: { Ticks: > 0 } interval }
                ? connection => Heartbeat.StartOn(connection, message.AsMemory(), message.MessageType, interval, counts.CountHeartbeat)
                : null);
    }

    private async Task GreetAsync(
        PresetMessage[] messages,
        GreetingReply? reply,
        Func<MessageWebSocket, CancellationToken, Task>? hook,
        CancellationToken cancellationToken)
    {
        foreach (PresetMessage message in messages)
        {
            await SendAsync(message.AsMemory(), message.MessageType, cancellationToken).ConfigureAwait(false);
        }

        if (reply is not null)
        {
            await reply.WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        if (hook is not null)
        {
            await hook(this, cancellationToken).ConfigureAwait(false);
        }
    }
}
