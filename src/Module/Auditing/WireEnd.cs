namespace MessageWebSockets.PowerShell.Auditing;

/// <summary>How a wait for bytes ended without them.</summary>
internal enum WireEnd
{
    /// <summary>The server ended its side of the connection in order.</summary>
    Ended,

    /// <summary>The connection was reset or broke.</summary>
    Reset,

    /// <summary>Nothing came for as long as was waited.</summary>
    Silent,

    /// <summary>What came is not what the protocol has.</summary>
    Garbled,

    /// <summary>There was no connection.</summary>
    Unconnected,
}
