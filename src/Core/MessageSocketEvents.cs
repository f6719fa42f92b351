namespace MessageWebSockets;

/// <summary>The events of a <see cref="MessageWebSocket"/>, which has one for its messages beside those of every socket.</summary>
internal sealed class MessageSocketEvents(MessageWebSocket socket) : SocketEvents<MessageWebSocket>(socket)
{
    public Handlers<TypedEventHandler<MessageWebSocket, MessageWebSocketMessageReceivedEventArgs>> MessageReceived { get; } = new();

    public void CopyHandlersTo(MessageSocketEvents clone)
    {
        base.CopyHandlersTo(clone);
        MessageReceived.CopyTo(clone.MessageReceived);
    }

    /// <summary>Raises MessageReceived, unless Closed came first. For one thread at a time: the receive loop.</summary>
    public void RaiseMessageReceived(MessageWebSocketMessageReceivedEventArgs args) =>
        RaiseUnlessOver(nameof(MessageReceived), MessageReceived.All, args);
}
