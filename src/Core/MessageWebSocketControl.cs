using System.Text.RegularExpressions;

namespace MessageWebSockets;

/// <summary>
/// The settings of a <see cref="MessageWebSocket"/> (Windows.Networking.Sockets.MessageWebSocketControl).
/// Where a property says "before connect only", setting it later throws <see cref="InvalidOperationException"/>
/// (E_ILLEGAL_METHOD_CALL, 0x8000000E).
/// </summary>
public sealed partial class MessageWebSocketControl : WebSocketControl
{
    private uint _maxMessageSize = uint.MaxValue;
    private MessageWebSocketReceiveMode _receiveMode;
    private long _inboxLimitInBytes = 64L * 1024 * 1024;
    private InboxFullMode _inboxFullMode;

    internal MessageWebSocketControl(SocketState socket)
        : base(socket)
    {
        _connectMessages = new BeforeConnectList<PresetMessage>(
            ThrowIfFrozen, static message => ArgumentNullException.ThrowIfNull(message));
        _autoReplies = new BeforeConnectList<AutoReply>(ThrowIfFrozen, static reply => ArgumentNullException.ThrowIfNull(reply));
        _ignore = new BeforeConnectList<Regex>(ThrowIfFrozen, static pattern => ArgumentNullException.ThrowIfNull(pattern));
    }

    /// <summary>The type of the messages sent through <see cref="MessageWebSocket.OutputStream"/>; any time. Default: Binary.</summary>
    /// <exception cref="ArgumentOutOfRangeException">E_INVALIDARG 0x80070057: no member of the enumeration.</exception>
    public SocketMessageType MessageType
    {
        get;
        set
        {
            ContractError.ThrowIfUndefined(value, nameof(value));
            field = value;
        }
    } = SocketMessageType.Binary;

    /// <summary>
    /// The largest message to accept, in bytes after decompression; before connect only.
    /// Default: <see cref="uint.MaxValue"/>, no limit but the framework's largest array.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is 0.</exception>
    public uint MaxMessageSize
    {
        get => _maxMessageSize;
        set
        {
            ArgumentOutOfRangeException.ThrowIfZero(value);
            Set(ref _maxMessageSize, value);
        }
    }

    /// <summary>Whether messages are handed out whole or in chunks; before connect only. Default: whole.</summary>
    /// <exception cref="ArgumentOutOfRangeException">E_INVALIDARG 0x80070057: no member of the enumeration.</exception>
    public MessageWebSocketReceiveMode ReceiveMode
    {
        get => _receiveMode;
        set
        {
            ContractError.ThrowIfUndefined(value, nameof(value));
            Set(ref _receiveMode, value);
        }
    }

    /// <summary>
    /// How much received and unread data the inbox holds before <see cref="InboxFullMode"/> applies, in bytes; before connect only.
    /// A small fixed cost a message counts as well, so that a flood of empty messages is bounded too. Default: 64 MiB.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is below 1.</exception>
    public long InboxLimitInBytes
    {
        get => _inboxLimitInBytes;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            Set(ref _inboxLimitInBytes, value);
        }
    }

    /// <summary>What happens when the inbox is full; before connect only. Default: the server waits.</summary>
    /// <exception cref="ArgumentOutOfRangeException">E_INVALIDARG 0x80070057: no member of the enumeration.</exception>
    public InboxFullMode InboxFullMode
    {
        get => _inboxFullMode;
        set
        {
            ContractError.ThrowIfUndefined(value, nameof(value));
            Set(ref _inboxFullMode, value);
        }
    }

    internal override ConnectionSettings ForConnection(Uri uri, string socketClass) =>
        base.ForConnection(uri, socketClass) with { Records = Records };

    /// <summary>How the messages of one connection are received, copied.</summary>
    internal ReceivingSettings ForReceiving() => new(
        _inboxLimitInBytes,
        _inboxFullMode,
        _maxMessageSize,
        _receiveMode == MessageWebSocketReceiveMode.FullMessage,
        Records,
        [.. AutoReplies],
        [.. Ignore.Select(TextPattern.WithLimit)],
        _connectReply is null ? null : TextPattern.WithLimit(_connectReply));

    internal void CopyTo(MessageWebSocketControl other)
    {
        base.CopyTo(other);
        other.MessageType = MessageType;
        other._maxMessageSize = _maxMessageSize;
        other._receiveMode = _receiveMode;
        other._inboxLimitInBytes = _inboxLimitInBytes;
        other._inboxFullMode = _inboxFullMode;
        CopyConversationTo(other);
    }
}
