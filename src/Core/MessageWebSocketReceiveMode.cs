namespace MessageWebSockets;

/// <summary>How received data is handed out (Windows.Networking.Sockets.MessageWebSocketReceiveMode).</summary>
public enum MessageWebSocketReceiveMode
{
    /// <summary>One item a message, once it is complete.</summary>
    FullMessage,

    /// <summary>
    /// One item a received chunk, at most 64 KiB of what has arrived; <see cref="WsMessage.IsMessageComplete"/> is true on the last one of
    /// a message.
    /// </summary>
    PartialMessage,
}
