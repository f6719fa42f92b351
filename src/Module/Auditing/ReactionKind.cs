namespace MessageWebSockets.PowerShell.Auditing;

/// <summary>How a server met bytes that it has to end the connection for.</summary>
internal enum ReactionKind
{
    /// <summary>With a close frame.</summary>
    Closed,

    /// <summary>It ended TCP in order, without a close frame.</summary>
    Ended,

    /// <summary>The connection was reset or broke.</summary>
    Reset,

    /// <summary>It went on: a ping that was sent after them was answered.</summary>
    WentOn,

    /// <summary>It did nothing for as long as was waited.</summary>
    Silent,
}
