namespace MessageWebSockets;

/// <summary>Which way a frame went.</summary>
public enum FrameDirection
{
    /// <summary>From us to the peer.</summary>
    Sent,

    /// <summary>From the peer to us.</summary>
    Received,
}
