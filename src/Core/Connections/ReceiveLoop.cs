namespace MessageWebSockets.Connections;

/// <summary>
/// Receives until the connection ends, whatever readers do: cancelling a wait of theirs never touches it. It delivers what it has
/// before it tells how the connection ended, and never two things at once.
/// </summary>
internal sealed class ReceiveLoop(
    ConnectionState state, IMessageSource messages, CloseHandshake closing, ConnectionResources resources)
{
    // How long readers have at most for what came before something that we refuse.
    private static readonly TimeSpan LongestMoment = TimeSpan.FromMilliseconds(250);

    private readonly IReceiver _receiver = state.Receiver;

    /// <summary>What was received.</summary>
    public ReceiveCounters Counters { get; } = new();

    /// <summary>Begins to receive; what comes is delivered on other threads.</summary>
    public void Start()
    {
        // The first wait begins here: most servers say nothing yet, and no other thread need be woken to find that out.
        _ = RunAsync(state.Transport.Received.FillAsync(CancellationToken.None).AsTask());
    }

    private async Task RunAsync(Task firstBytes)
    {
        try
        {
            // Never goes on at once: the thread belongs to whoever connects, and a server that always has more to say would keep it,
            // even with frames of which no message comes. What broke the first read is met again, and explained, by the next.
            await firstBytes.ConfigureAwait(ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.SuppressThrowing);
            ReceivedData received = await messages.ReceiveAsync().ConfigureAwait(false);
            while (!received.IsClose)
            {
                if (Deliver(received))
                {
                    await _receiver.WaitForReadersAsync(state.CloseBegan).ConfigureAwait(false);
                }

                if (!messages.TryReceiveBuffered(out received))
                {
                    received = await new PublishingAwaitable(messages.ReceiveAsync(), _receiver);
                }
            }

            if (!state.IsClosing && state.Transport.Reader.ReceivedClose is { } close && _receiver.HoldsAnswerTo(close))
            {
                await HoldAnswerAsync().ConfigureAwait(false);
            }

            closing.OnPeerClosed();
        }
        catch (Exception e)
        {
            await OnFailedAsync(e).ConfigureAwait(false);
        }
        finally
        {
            state.Transport.Reader.Dispose();
        }
    }

    // Half closed: readers are at the end, and the peer's close frame is answered by the one that this side begins.
    private async Task HoldAnswerAsync()
    {
        state.HoldsAnswer = true;
        _receiver.Complete(null);
        _ = resources.ReadToTheEndAsync();
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(state.CloseBegan, state.Ended);

        // Not in the callback of the cancellation, where others wait behind it.
        await Task.Delay(Timeout.Infinite, over.Token)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
    }

    private bool Deliver(ReceivedData received)
    {
        Counters.Count(received.Length, received.IsComplete);
        if (closing.IsClosedLocally)
        {
            _receiver.CountDropped();
            return false;
        }

        return _receiver.Take(received, state.Transport.Received.LastReadUtcTicks, state.IsClosing);
    }

    private async Task OnFailedAsync(Exception e)
    {
        MessageWebSocketException failure = state.Failure ?? state.Failures.OfReceive(e);
        ushort? refusal = state.Failures.RefusalCodeOf(failure, e);
        if (refusal is not null && !state.IsClosing)
        {
            // Whoever reads may want to answer what came before, and nothing can follow the close frame. Handlers are done by now.
            await _receiver.LetReadersAnswerAsync(LongestMoment).ConfigureAwait(false);
        }

        if (closing.IsGivenUp)
        {
            // Dropped, and told.
            resources.Release(null);
            return;
        }

        if (state.Events.IsClosed)
        {
            // Closed locally in the meantime: what the peer says matters only to who waits for its close frame, but it may still take what
            // was sent.
            state.OnUnanswered(failure);
            _ = resources.ReleaseAtTcpEndAsync(null);
            return;
        }

        if (refusal is ushort code)
        {
            closing.SendFrame(code, failure.HResult == HResults.MessageTooLarge ? "message too big" : "");
        }

        Abort(failure);
    }

    private void Abort(MessageWebSocketException failure)
    {
        FrameStream transport = state.Transport;
        bool saysWhy = transport.Writer.CloseFrameWritten && !transport.Received.ReachedEnd && transport.Fault is null;
        if (!saysWhy)
        {
            // First: whoever is told of the end must not be able to send into it. A close frame refuses the rest by itself.
            transport.Writer.RefuseWrites(failure);
        }

        state.TryFail(failure);
        state.Events.OnAborted(failure);
        _receiver.Complete(failure);
        state.OnPeerClosed(null);
        if (saysWhy)
        {
            // The close frame is to reach the peer before the connection goes. Nobody else reads.
            _ = resources.ReleaseAtTcpEndAsync(failure);
        }
        else
        {
            resources.Release(failure);
        }

        _receiver.TellFailure(failure);
    }
}
