namespace MessageWebSockets;

/// <summary>Where a <see cref="WebSocketEchoServer"/> stands.</summary>
public enum WebSocketEchoServerState
{
    /// <summary>It takes connections.</summary>
    Listening,

    /// <summary>It takes no more connections and closes those it has.</summary>
    Stopping,

    /// <summary>It is over.</summary>
    Stopped,
}
