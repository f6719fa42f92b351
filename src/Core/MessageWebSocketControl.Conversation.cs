using System.Text.RegularExpressions;

namespace MessageWebSockets;

/// <content>What the protocol above WebSocket wants of every connection.</content>
public sealed partial class MessageWebSocketControl
{
    private readonly BeforeConnectList<PresetMessage> _connectMessages;
    private readonly BeforeConnectList<AutoReply> _autoReplies;
    private readonly BeforeConnectList<Regex> _ignore;
    private Regex? _connectReply;
    private PresetMessage? _heartbeatMessage;
    private TimeSpan _heartbeatInterval;
    private string? _recordSeparator;
    private string? _idProperty;
    private JsonRpcDialect _dialect;

    /// <summary>
    /// What ends each record, where one WebSocket message may carry several: U+001E for SignalR, a line feed for NDJSON, NUL for STOMP;
    /// before connect only. Each record is then a <see cref="WsMessage"/> of its own, without the separator, and each message that is
    /// sent ends with it. Null, the default: a message is a message.
    /// </summary>
    /// <remarks>
    /// The end of a message ends its last record, with a separator or without; empty records are passed over. What is sent gets no
    /// separator if it has one at its end already, or is empty or white space alone. The counts of
    /// <see cref="WebSocketInformation"/> are of records; <see cref="MaxMessageSize"/> is a limit of the message they come in. In
    /// <see cref="MessageWebSocketReceiveMode.PartialMessage"/> the last chunk of a record has
    /// <see cref="WsMessage.IsMessageComplete"/>.
    /// </remarks>
    /// <exception cref="ArgumentException">It is empty, or has a lone surrogate.</exception>
    public string? RecordSeparator
    {
        get => _recordSeparator;
        set
        {
            if (value is not null && StrictUtf8.GetBytes(value, nameof(value)).Length == 0)
            {
                throw new ArgumentException("A record separator is at least one character.", nameof(value));
            }

            Set(ref _recordSeparator, value);
        }
    }

    /// <summary>
    /// The messages that each connection sends first, before anybody else's: a protocol's own greeting; before connect only. If one
    /// cannot be sent, the connect has failed.
    /// </summary>
    public IList<PresetMessage> ConnectMessages => _connectMessages;

    /// <summary>
    /// What the peer says first where it takes the connection, such as the answer to <see cref="ConnectMessages"/>: the connect waits for
    /// it; before connect only. Null, the default: nothing is waited for.
    /// </summary>
    /// <remarks>
    /// It is the first message that is neither one of <see cref="AutoReplies"/> nor of <see cref="Ignore"/>, and goes nowhere else when
    /// it matches. If another comes first, or the end, the connect has failed, and the error says what came.
    /// <see cref="WebSocketControl.ConnectTimeout"/> counts it in.
    /// </remarks>
    public Regex? ConnectReply { get => _connectReply; set => Set(ref _connectReply, value); }

    /// <summary>
    /// What is sent whenever nothing else was for <see cref="HeartbeatInterval"/>, whatever the owner of the socket does meanwhile;
    /// before connect only. Null, the default: nothing.
    /// </summary>
    /// <remarks>
    /// The first one an interval after the connect. None is sent inside a message in fragments, behind what the peer does not take, or
    /// after the close has begun. It is no keep-alive: that pings, and finds out about a peer that has vanished.
    /// </remarks>
    public PresetMessage? HeartbeatMessage { get => _heartbeatMessage; set => Set(ref _heartbeatMessage, value); }

    /// <summary>
    /// How long nothing was sent before <see cref="HeartbeatMessage"/> is; before connect only. Zero, the default, or infinite: off.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative, or longer than a timer can be.</exception>
    public TimeSpan HeartbeatInterval { get => _heartbeatInterval; set => Set(ref _heartbeatInterval, CheckInterval(value)); }

    /// <summary>
    /// What is answered as soon as it arrives, by the side that receives; before connect only. The first rule that fits counts. The
    /// question goes neither into the inbox nor to handlers.
    /// </summary>
    /// <remarks>
    /// The receive loop does not wait for an answer to leave: one that has to wait, for the end of a message in fragments or for a peer
    /// that does not read, goes out in its turn, and of many the newest 256: older ones are dropped, and
    /// <see cref="MessageWebSocketInformation.AutoRepliesSent"/> counts those that were sent. Rules are for messages of up to 64 KiB that
    /// come whole, of either type; in <see cref="MessageWebSocketReceiveMode.PartialMessage"/> for those in one chunk.
    /// </remarks>
    public IList<AutoReply> AutoReplies => _autoReplies;

    /// <summary>
    /// Patterns of what is noise, such as a peer's own heartbeats: it goes neither into the inbox nor to handlers, and is counted; before
    /// connect only. For the same messages as <see cref="AutoReplies"/>, and after those. A pattern is tried for a second at most; a
    /// message that is no UTF-8 text is a character a byte to it, so that <c>^\xD0\x00$</c> is the bytes D0 00.
    /// </summary>
    public IList<Regex> Ignore => _ignore;

    /// <summary>
    /// Where requests and replies of the protocol carry their number, as a path of member names: <c>id</c>, <c>d.requestId</c>; before
    /// connect only. Null, the default: not known. The library keeps it for those who send requests.
    /// </summary>
    /// <exception cref="ArgumentException">A name of the path is empty.</exception>
    public string? IdProperty
    {
        get => _idProperty;
        set
        {
            if (value is not null && value.Split('.').Any(string.IsNullOrWhiteSpace))
            {
                throw new ArgumentException($"'{value}' is no path of member names, such as id or d.requestId.", nameof(value));
            }

            Set(ref _idProperty, value);
        }
    }

    /// <summary>
    /// How requests with an id, a method and parameters are written; before connect only. Default: JSON-RPC 2.0. The library keeps it
    /// for those who send requests.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">E_INVALIDARG 0x80070057: no member of the enumeration.</exception>
    public JsonRpcDialect Dialect
    {
        get => _dialect;
        set
        {
            ContractError.ThrowIfUndefined(value, nameof(value));
            Set(ref _dialect, value);
        }
    }

    /// <summary>What <see cref="RecordSeparator"/> says, for a connection.</summary>
    private RecordSeparator? Records => _recordSeparator is null ? null : new RecordSeparator(_recordSeparator);

    /// <summary>What one connection sends without being asked, copied.</summary>
    internal PresetMessages ForSending() => new([.. _connectMessages], _heartbeatMessage, _heartbeatInterval);

    private void CopyConversationTo(MessageWebSocketControl other)
    {
        AddTo(other._connectMessages, _connectMessages);
        AddTo(other._autoReplies, _autoReplies);
        AddTo(other._ignore, _ignore);
        other._connectReply = _connectReply;
        other._heartbeatMessage = _heartbeatMessage;
        other._heartbeatInterval = _heartbeatInterval;
        other._recordSeparator = _recordSeparator;
        other._idProperty = _idProperty;
        other._dialect = _dialect;
    }
}
