namespace MessageWebSockets;

/// <summary>The events of a socket that receives messages: one for them beside those of every socket.</summary>
/// <param name="socket">The sender of the events.</param>
internal sealed class MessageSocketEvents<TSocket>(TSocket socket) : SocketEvents<TSocket>(socket), IMessageEvents
    where TSocket : class
{
    public Handlers<TypedEventHandler<TSocket, MessageWebSocketMessageReceivedEventArgs>> MessageReceived { get; } = new();

    public bool HasMessageHandlers => MessageReceived.All is not null;

    public void CopyHandlersTo(MessageSocketEvents<TSocket> clone)
    {
        base.CopyHandlersTo(clone);
        MessageReceived.CopyTo(clone.MessageReceived);
    }

    /// <inheritdoc/>
    public void RaiseMessageReceived(MessageWebSocketMessageReceivedEventArgs args) =>
        RaiseUnlessOver(nameof(MessageReceived), MessageReceived.All, args);
}
