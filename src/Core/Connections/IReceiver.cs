namespace MessageWebSockets.Connections;

/// <summary>
/// Where a connection hands what it receives. Called by the receive loop, one call at a time, but for <see cref="Complete"/>.
/// </summary>
internal interface IReceiver
{
    /// <summary>Whether the receive loop is held up by whoever receives, so that nothing is read.</summary>
    public bool IsHeldUp { get; }

    /// <summary>Takes a message or a chunk.</summary>
    /// <param name="received">What came.</param>
    /// <param name="utcTicks">When its last byte came.</param>
    /// <param name="isClosing">Whether the close has begun, after which nothing is waited for.</param>
    /// <returns>Whether the loop has to call <see cref="WaitForReadersAsync"/> before it receives the next one.</returns>
    public bool Take(ReceivedData received, long utcTicks, bool isClosing);

    /// <summary>Counts a message that came too late for anybody.</summary>
    public void CountDropped();

    /// <summary>Waits until the readers have caught up; not after the close began.</summary>
    public Task WaitForReadersAsync(CancellationToken closeBegan);

    /// <summary>Wakes those who wait for what was taken; they may go on on this thread.</summary>
    public void Publish();

    /// <summary>Wakes those who wait for what was taken, on another thread.</summary>
    public void PublishElsewhere();

    /// <summary>Gives the readers a moment for what they have, at most as long as said.</summary>
    public Task LetReadersAnswerAsync(TimeSpan longest);

    /// <summary>Says that nothing more comes. The first call counts.</summary>
    /// <param name="error">Why, after an abnormal end; null after an orderly one.</param>
    public void Complete(MessageWebSocketException? error);

    /// <summary>As <see cref="Complete"/>, when this side has closed and the peer has not said that it had no more.</summary>
    public void CompleteHere() => Complete(null);

    /// <summary>
    /// Whether the peer's close frame is answered only when this side closes: what it still sends is for the peer, which reads until then.
    /// </summary>
    /// <param name="close">What the peer said.</param>
    public bool HoldsAnswerTo(WebSocketCloseResult close) => false;

    /// <summary>Tells handlers of an abnormal end, once all else is done: a handler may take its time or close the socket.</summary>
    public void TellFailure(MessageWebSocketException failure);
}
