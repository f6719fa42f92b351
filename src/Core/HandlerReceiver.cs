namespace MessageWebSockets;

/// <summary>
/// Gives what a connection receives to the handlers of MessageReceived. The inbox stays empty; it counts what came too late and tells
/// the readers who ask all the same of the end.
/// </summary>
/// <param name="origin">What the messages come through.</param>
/// <param name="events">Raises the event.</param>
/// <param name="inbox">The inbox.</param>
/// <param name="pause">Says that a handler is at work.</param>
internal sealed class HandlerReceiver(object origin, IMessageEvents events, Inbox<WsMessage> inbox, ReceivePause pause) : IReceiver
{
    public bool IsHeldUp => pause.IsOn;

    public bool Take(ReceivedData received, long utcTicks, bool isClosing)
    {
        WsMessage message = new(received, utcTicks, origin);
        pause.Begin();
        events.RaiseMessageReceived(new MessageWebSocketMessageReceivedEventArgs(message));
        pause.End();
        return false;
    }

    public void CountDropped() => inbox.CountDropped();

    public Task WaitForReadersAsync(CancellationToken closeBegan) => Task.CompletedTask;

    public void Publish() => inbox.Publish();

    public void PublishElsewhere() => inbox.PublishElsewhere();

    public Task LetReadersAnswerAsync(TimeSpan longest) => Task.CompletedTask;

    public void Complete(MessageWebSocketException? error) => inbox.Complete(error);

    public void TellFailure(MessageWebSocketException failure) =>
        events.RaiseMessageReceived(new MessageWebSocketMessageReceivedEventArgs(failure.Again()));
}
