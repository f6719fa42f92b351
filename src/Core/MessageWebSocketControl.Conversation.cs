namespace MessageWebSockets;

/// <content>What the protocol above WebSocket wants of every connection.</content>
public sealed partial class MessageWebSocketControl
{
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
    internal RecordSeparator? Records => _recordSeparator is null ? null : new RecordSeparator(_recordSeparator);

    private void CopyConversationTo(MessageWebSocketControl other)
    {
        other._recordSeparator = _recordSeparator;
        other._idProperty = _idProperty;
        other._dialect = _dialect;
    }
}
