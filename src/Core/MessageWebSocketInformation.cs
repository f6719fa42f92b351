namespace MessageWebSockets;

/// <summary>What is known of the connection of a <see cref="MessageWebSocket"/> (Windows.Networking.Sockets.MessageWebSocketInformation).</summary>
public sealed class MessageWebSocketInformation : WebSocketInformation
{
    internal MessageWebSocketInformation()
    {
    }
}
