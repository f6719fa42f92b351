namespace MessageWebSockets;

/// <summary>Raises the event for what a socket receives.</summary>
internal interface IMessageEvents
{
    /// <summary>Whether anybody is told of what is received.</summary>
    public bool HasMessageHandlers { get; }

    /// <summary>Raises MessageReceived, unless Closed came first. For one thread at a time: the receive loop.</summary>
    public void RaiseMessageReceived(MessageWebSocketMessageReceivedEventArgs args);
}
