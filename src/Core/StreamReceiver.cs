namespace MessageWebSockets;

/// <summary>
/// Lets the readers of a stream have what a connection receives, which its source has put into their queue already. A full queue holds
/// the peer back also while the connection closes: what a peer still says before its close frame is part of the stream.
/// </summary>
/// <param name="queue">What was received and not read.</param>
/// <param name="pause">Whether nothing is received.</param>
/// <param name="holdsAnswer">Which close frames are answered only when this side closes.</param>
internal sealed class StreamReceiver(ByteQueue queue, ReceivePause pause, Func<WebSocketCloseResult, bool> holdsAnswer) : IReceiver
{
    public bool IsHeldUp => pause.IsOn;

    public bool Take(ReceivedData received, long utcTicks, bool isClosing)
    {
        queue.Commit(received.Length);
        return queue.IsFull;
    }

    public void CountDropped() => queue.Drop();

    public Task WaitForReadersAsync(CancellationToken closeBegan) => queue.WaitForRoomAsync();

    public void Publish() => queue.Publish();

    public void PublishElsewhere() => queue.PublishElsewhere();

    public Task LetReadersAnswerAsync(TimeSpan longest) => Task.CompletedTask;

    public bool HoldsAnswerTo(WebSocketCloseResult close) => holdsAnswer(close);

    public void Complete(MessageWebSocketException? error) => queue.Complete(error);

    public void CompleteHere() => queue.CompleteHere();

    public void TellFailure(MessageWebSocketException failure)
    {
        // Readers are told when they have read everything.
    }
}
