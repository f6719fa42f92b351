namespace MessageWebSockets;

/// <summary>Puts what a connection receives into the inbox, where readers find it.</summary>
/// <param name="origin">What the messages come through.</param>
/// <param name="inbox">The inbox.</param>
/// <param name="pause">Says that the loop waits for room.</param>
/// <param name="fullMode">What to do without room.</param>
internal sealed class InboxReceiver(object origin, Inbox<WsMessage> inbox, ReceivePause pause, InboxFullMode fullMode) : IReceiver
{
    public bool IsHeldUp => pause.IsOn;

    public bool Take(ReceivedData received, long utcTicks, bool isClosing)
    {
        if (fullMode == InboxFullMode.DropOldest)
        {
            inbox.DropOldest();
        }
        else if (isClosing && inbox.IsFull)
        {
            inbox.CountDropped();
            return false;
        }

        inbox.Add(new WsMessage(received, utcTicks, origin));
        return inbox.IsWriterAhead && fullMode == InboxFullMode.Wait && !isClosing;
    }

    public void CountDropped() => inbox.CountDropped();

    public Task WaitForReadersAsync(CancellationToken closeBegan) =>
        inbox.IsFull ? MakeRoomAsync(closeBegan) : inbox.WaitForReadersAsync();

    public void Publish() => inbox.Publish();

    public void PublishElsewhere() => inbox.PublishElsewhere();

    public Task LetReadersAnswerAsync(TimeSpan longest) => inbox.LetReadersAnswerAsync(longest);

    public void Complete(MessageWebSocketException? error) => inbox.Complete(error);

    public void TellFailure(MessageWebSocketException failure)
    {
        // Readers are told when they have read everything.
    }

    private async Task MakeRoomAsync(CancellationToken closeBegan)
    {
        pause.Begin();
        try
        {
            await inbox.WaitForRoomAsync(closeBegan).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Closing: from now on what does not fit is counted as dropped.
        }
        finally
        {
            pause.End();
        }
    }
}
