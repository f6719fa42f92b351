namespace MessageWebSockets;

/// <summary>
/// The settings of a <see cref="StreamWebSocket"/> (Windows.Networking.Sockets.StreamWebSocketControl). Where a property says "before
/// connect only", setting it later throws <see cref="InvalidOperationException"/> (E_ILLEGAL_METHOD_CALL, 0x8000000E).
/// </summary>
public sealed class StreamWebSocketControl : WebSocketControl
{
    private const int SendLimit = 256 * 1024;

    private bool _noDelay = true;

    internal StreamWebSocketControl(SocketState socket)
        : base(socket)
    {
    }

    /// <summary>
    /// TCP_NODELAY: whether what is sent leaves at once; before connect only. False lets the system gather small writes (Nagle's
    /// algorithm, RFC 896). Without effect on a Unix domain socket. Default: true.
    /// </summary>
    public bool NoDelay { get => _noDelay; set => Set(ref _noDelay, value); }

    private protected override bool SendsSmallWritesAtOnce => _noDelay;

    // A stream is read at one end as it is written at the other: what waits here only makes it longer.
    internal override ConnectionSettings ForConnection(Uri uri, string socketClass) =>
        base.ForConnection(uri, socketClass) with { SendLimitInBytes = SendLimit };

    internal void CopyTo(StreamWebSocketControl other)
    {
        base.CopyTo(other);
        other._noDelay = _noDelay;
    }
}
