namespace MessageWebSockets;

/// <summary>
/// What one connection tells its socket, until the socket has given the connection up: a connect that fails after the handshake leaves
/// a connection that ends by itself, and a socket that connects again.
/// </summary>
/// <remarks>Closed is held back while the connection is greeted: it is the last event, and the others are held back as well.</remarks>
internal sealed class ConnectionLife(IConnectionEvents socket, bool isHeld) : IConnectionEvents
{
    private readonly Lock _lock = new();
    private bool _isGivenUp;
    private bool _isHeld = isHeld;
    private WebSocketCloseResult? _heldClose;

    public bool IsClosed => IsGivenUp || socket.IsClosed;

    private bool IsGivenUp
    {
        get
        {
            lock (_lock)
            {
                return _isGivenUp;
            }
        }
    }

    public void OnClosing()
    {
        lock (_lock)
        {
            if (!_isGivenUp)
            {
                socket.OnClosing();
            }
        }
    }

    public bool OnClosed(WebSocketCloseResult close, bool byPeer)
    {
        // In the lock, so that nothing of it is still on its way to the socket once the connection is given up.
        lock (_lock)
        {
            return !_isGivenUp && socket.OnClosed(close, byPeer);
        }
    }

    public void RaiseClosed(WebSocketCloseResult close)
    {
        lock (_lock)
        {
            if (_isHeld)
            {
                _heldClose = close;
                return;
            }
        }

        if (!IsGivenUp)
        {
            socket.RaiseClosed(close);
        }
    }

    public void OnAborted(MessageWebSocketException failure)
    {
        lock (_lock)
        {
            if (!_isGivenUp)
            {
                socket.OnAborted(failure);
            }
        }
    }

    public void OnRoundTrip(TimeSpan roundTrip)
    {
        if (!IsGivenUp)
        {
            socket.OnRoundTrip(roundTrip);
        }
    }

    /// <summary>Says that the connection came to nothing; the socket hears no more of it.</summary>
    public void GiveUp()
    {
        lock (_lock)
        {
            _isGivenUp = true;
        }
    }

    /// <summary>Raises what was held back.</summary>
    public void Release()
    {
        WebSocketCloseResult? close;
        lock (_lock)
        {
            _isHeld = false;
            close = _heldClose;
        }

        if (close is not null)
        {
            socket.RaiseClosed(close);
        }
    }
}
