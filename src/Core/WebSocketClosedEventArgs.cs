namespace MessageWebSockets;

/// <summary>The close code and reason of a connection (Windows.Networking.Sockets.WebSocketClosedEventArgs).</summary>
public sealed class WebSocketClosedEventArgs : EventArgs
{
    internal WebSocketClosedEventArgs(ushort code, string reason)
    {
        Code = code;
        Reason = reason;
    }

    /// <summary>The close code (RFC 6455 section 7.4); 1005 when the close frame was empty.</summary>
    public ushort Code { get; }

    /// <summary>The reason beside the code; empty when there was none.</summary>
    public string Reason { get; }
}
