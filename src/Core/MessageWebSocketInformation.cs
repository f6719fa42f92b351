namespace MessageWebSockets;

/// <summary>
/// What is known of the connection of a <see cref="MessageWebSocket"/> (Windows.Networking.Sockets.MessageWebSocketInformation).
/// </summary>
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

    /// <summary>
    /// The heartbeats sent: messages of <see cref="MessageWebSocketControl.HeartbeatMessage"/>. They count as messages sent.
    /// </summary>
    public long HeartbeatsSent => Conversation.Heartbeats;

    /// <summary>
    /// The messages answered by a rule of <see cref="MessageWebSocketControl.AutoReplies"/>: answers that left. What was answered counts as
    /// received, the answer as sent.
    /// </summary>
    public long AutoRepliesSent => Conversation.Replies;

    /// <summary>The messages passed over by a pattern of <see cref="MessageWebSocketControl.Ignore"/>. They count as received.</summary>
    public long MessagesIgnored => Conversation.Ignored;

    /// <summary>What the last connection did on its own.</summary>
    internal ConversationCounts Conversation { get; set; } = new();
}
