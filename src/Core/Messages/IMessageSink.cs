namespace MessageWebSockets.Messages;

/// <summary>Where <see cref="MessageOutputStream"/> sends its messages: the socket.</summary>
internal interface IMessageSink
{
    /// <summary>The type of the messages that are sent from now on.</summary>
    public SocketMessageType MessageType { get; }

    /// <summary>Throws what a flush must throw before a connect (E_ILLEGAL_METHOD_CALL) or after the end (RO_E_CLOSED).</summary>
    public void ThrowIfNotWritable();

    /// <summary>
    /// Sends one whole message. A call that was cancelled has not sent it; once the task is complete the memory is free for reuse.
    /// </summary>
    public ValueTask SendAsync(ReadOnlyMemory<byte> message, SocketMessageType type, CancellationToken cancellationToken);
}
