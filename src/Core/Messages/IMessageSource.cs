namespace MessageWebSockets.Messages;

/// <summary>Where the receive loop gets messages from. One caller at a time.</summary>
internal interface IMessageSource
{
    /// <summary>The next message or chunk; <see cref="ReceivedData.IsClose"/> once the peer's close frame came.</summary>
    public ValueTask<ReceivedData> ReceiveAsync();

    /// <summary>The next one if it is here already.</summary>
    public bool TryReceiveBuffered(out ReceivedData received);
}
