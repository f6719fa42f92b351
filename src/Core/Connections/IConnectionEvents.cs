namespace MessageWebSockets.Connections;

/// <summary>What a connection tells of itself.</summary>
internal interface IConnectionEvents
{
    /// <summary>Whether the connection ended in order, or was given up locally.</summary>
    public bool IsClosed { get; }

    /// <summary>The close handshake was begun locally.</summary>
    public void OnClosing();

    /// <summary>The connection is closed.</summary>
    /// <returns>Whether that is to be raised: not after an abnormal end.</returns>
    public bool OnClosed(WebSocketCloseResult close, bool byPeer);

    /// <summary>Raises the event for <see cref="OnClosed"/>, once all else is done: a handler may take its time.</summary>
    public void RaiseClosed(WebSocketCloseResult close);

    /// <summary>The connection ended abnormally.</summary>
    public void OnAborted(MessageWebSocketException failure);

    /// <summary>A ping was answered.</summary>
    public void OnRoundTrip(TimeSpan roundTrip);
}
