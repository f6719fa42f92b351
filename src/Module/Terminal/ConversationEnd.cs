namespace MessageWebSockets.PowerShell.Terminal;

/// <summary>How a conversation ended.</summary>
internal enum ConversationEnd
{
    /// <summary>The user left; the connection is as it was.</summary>
    Left,

    /// <summary>The user asked for the close.</summary>
    Closed,

    /// <summary>The server closed the connection, or it broke.</summary>
    Lost,
}
