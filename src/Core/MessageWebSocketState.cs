namespace MessageWebSockets;

/// <summary>Where a <see cref="MessageWebSocket"/> stands in its single life.</summary>
public enum MessageWebSocketState
{
    /// <summary>Not connected yet; settings and event handlers can be changed. A failed connect leads back here.</summary>
    Created,

    /// <summary>The handshake is under way.</summary>
    Connecting,

    /// <summary>Messages can be sent and received.</summary>
    Open,

    /// <summary>A close frame was sent or received, and the close handshake is not finished.</summary>
    Closing,

    /// <summary>Ended in order: by a close frame from either side, or by a local Close.</summary>
    Closed,

    /// <summary>Ended without a close handshake: connection lost, protocol error, timeout.</summary>
    Aborted,
}
