namespace MessageWebSockets;

/// <content>What the protocol above WebSocket wants of every connection.</content>
public sealed partial class MessageWebSocketControl
{
    private string? _idProperty;
    private JsonRpcDialect _dialect;

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

    private void CopyConversationTo(MessageWebSocketControl other)
    {
        other._idProperty = _idProperty;
        other._dialect = _dialect;
    }
}
