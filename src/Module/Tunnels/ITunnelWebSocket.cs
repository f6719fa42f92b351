namespace MessageWebSockets.PowerShell.Tunnels;

/// <summary>The WebSocket of one connection of a tunnel, whichever end of it is here. One reader and one writer at a time.</summary>
internal interface ITunnelWebSocket : IDisposable
{
    /// <summary>How many bytes have come, signs of life included.</summary>
    public long BytesReceived { get; }

    /// <summary>
    /// Reads what has come; 0 once the peer said in order that it has no more. An empty buffer waits until there is something.
    /// </summary>
    /// <exception cref="IOException">The connection broke, or the peer said that something failed.</exception>
    public ValueTask<int> ReadAsync(Memory<byte> buffer);

    /// <summary>
    /// Completes when the peer, which has said that it has no more, has ended the connection below as well: true when in order, false when
    /// it broke. Never fails. For whoever has read to the end.
    /// </summary>
    public Task<bool> PeerGone { get; }

    /// <summary>Sends bytes, and waits while the peer takes none; also after the peer said that it has no more.</summary>
    /// <exception cref="ObjectDisposedException">The peer closed and did not say that all is well, which reading tells.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes);

    /// <summary>Says that nothing more comes from here, behind all that was sent. What the peer still sends can be read.</summary>
    public Task EndAsync();

    /// <summary>Shows a peer that waits for the end that this side lives.</summary>
    public Task SendSignOfLifeAsync();

    /// <summary>Says that something failed, which resets the TCP connection at the other end.</summary>
    /// <param name="code">The close code.</param>
    /// <param name="reason">The reason, at most 123 bytes of ASCII.</param>
    public Task FailAsync(ushort code, string reason);

    /// <summary>Waits until the connection, which both sides have ended, is gone. Never throws.</summary>
    public Task FinishAsync(TimeSpan longest);
}
