namespace MessageWebSockets;

/// <summary>Where a socket stands. Its <see cref="ClientSocket"/> says so, in a lock of its own; its settings ask.</summary>
internal sealed class SocketState
{
    private volatile MessageWebSocketState _value = MessageWebSocketState.Created;

    public MessageWebSocketState Value
    {
        get => _value;
        set => _value = value;
    }

    /// <summary>Refuses what can be done before the connect only.</summary>
    /// <param name="what">What that is, as a sentence.</param>
    /// <exception cref="InvalidOperationException">The connect has begun (E_ILLEGAL_METHOD_CALL).</exception>
    public void ThrowIfBegun(string what)
    {
        if (_value != MessageWebSocketState.Created)
        {
            throw ContractError.IllegalMethodCall(what);
        }
    }
}
