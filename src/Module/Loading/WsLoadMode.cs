namespace MessageWebSockets.PowerShell;

/// <summary>What the connections of a load do.</summary>
public enum WsLoadMode
{
    /// <summary>Each sends a message and takes the message that comes back as its answer: for servers that echo or reply.</summary>
    Echo,

    /// <summary>Each sends pings, which every server has to answer (RFC 6455 section 5.5.2).</summary>
    Ping,

    /// <summary>Each sends, and expects nothing back; what comes is counted.</summary>
    Send,

    /// <summary>Each receives, and sends nothing.</summary>
    Receive,

    /// <summary>Each connects and closes, again and again.</summary>
    Connect,
}
