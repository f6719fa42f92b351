namespace MessageWebSockets;

/// <summary>What happens to arriving messages when the inbox is at its limit.</summary>
public enum InboxFullMode
{
    /// <summary>Reading pauses until there is room; TCP holds the server back and nothing is lost.</summary>
    Wait,

    /// <summary>The oldest queued messages make room and are counted in <see cref="WebSocketInformation.MessagesDropped"/>.</summary>
    DropOldest,
}
