namespace MessageWebSockets;

/// <summary>
/// What is known of the connection of a <see cref="StreamWebSocket"/> (Windows.Networking.Sockets.StreamWebSocketInformation).
/// </summary>
public sealed class StreamWebSocketInformation : WebSocketInformation
{
    internal StreamWebSocketInformation()
    {
    }
}
