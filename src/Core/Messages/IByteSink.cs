namespace MessageWebSockets.Messages;

/// <summary>Where <see cref="SocketOutputStream"/> sends its bytes: the socket.</summary>
internal interface IByteSink
{
    /// <summary>Throws what a flush must throw before a connect (E_ILLEGAL_METHOD_CALL) or after the end (RO_E_CLOSED).</summary>
    public void ThrowIfNotWritable();

    /// <summary>
    /// Sends bytes as one binary message. A call that was cancelled has not sent it; afterwards the memory is free for reuse.
    /// </summary>
    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);

    /// <summary>
    /// Sends what is pending when its turn has come, as one binary message. A call that was cancelled has left it pending.
    /// </summary>
    public ValueTask SendAsync(PendingBytes pending, CancellationToken cancellationToken);
}
