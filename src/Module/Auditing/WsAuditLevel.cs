namespace MessageWebSockets.PowerShell;

/// <summary>How far a check goes.</summary>
public enum WsAuditLevel
{
    /// <summary>Sends nothing that an ordinary client does not send.</summary>
    Passive,

    /// <summary>Also sends what no client may send, malformed handshakes and frames, a connection each.</summary>
    Standard,

    /// <summary>Also sends large messages and opens many connections, within given bounds.</summary>
    Intrusive,
}
