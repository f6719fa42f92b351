namespace MessageWebSockets;

/// <summary>What a message says of the socket it came through.</summary>
public static class WsMessageExtensions
{
    /// <summary>The socket a message came through; null where a server received it.</summary>
    /// <remarks>
    /// No property: what writes an object down follows its properties, and would write the settings of the socket. No member of
    /// <see cref="WsMessage"/> either: a socket knows its messages, and a message no socket.
    /// </remarks>
    public static MessageWebSocket? GetSocket(this WsMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return message.Origin as MessageWebSocket;
    }
}
