namespace MessageWebSockets;

/// <summary>What is known of the connection of a <see cref="MessageWebSocket"/> (Windows.Networking.Sockets.MessageWebSocketInformation).</summary>
public sealed class MessageWebSocketInformation : WebSocketInformation
{
    internal MessageWebSocketInformation()
    {
    }

    /// <summary>
    /// Whether the inbox holds as much as <see cref="MessageWebSocketControl.InboxLimitInBytes"/> lets it: with
    /// <see cref="InboxFullMode.Wait"/> nothing more is received until a message is read.
    /// </summary>
    public bool IsInboxFull => Inbox?.IsFull ?? false;
}
