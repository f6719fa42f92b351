namespace MessageWebSockets;

/// <summary>Keeps what arrives from handlers until the connection is theirs too: while it is greeted, it belongs to who greets.</summary>
/// <remarks>In order, and within the limit of an inbox; then nothing is received until <see cref="Release"/>.</remarks>
internal sealed class HeldReceiver(IReceiver receiver, long limitInBytes) : IReceiver
{
    // What a held message costs beside its payload, as in an inbox.
    private const int CostPerMessage = 96;

    private readonly Lock _lock = new();
    private readonly Queue<(ReceivedData Data, long UtcTicks)> _held = new();
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _holds = true;
    private long _heldBytes;
    private MessageWebSocketException? _failure;

    public bool IsHeldUp => receiver.IsHeldUp;

    public bool Take(ReceivedData received, long utcTicks, bool isClosing)
    {
        if (_holds)
        {
            lock (_lock)
            {
                if (_holds)
                {
                    _held.Enqueue((received, utcTicks));
                    _heldBytes += received.Length + CostPerMessage;
                    return _heldBytes >= limitInBytes;
                }
            }
        }

        return receiver.Take(received, utcTicks, isClosing);
    }

    public void CountDropped() => receiver.CountDropped();

    public async Task WaitForReadersAsync(CancellationToken closeBegan)
    {
        if (_holds)
        {
            await _released.Task.WaitAsync(closeBegan).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return;
        }

        await receiver.WaitForReadersAsync(closeBegan).ConfigureAwait(false);
    }

    public void Publish() => receiver.Publish();

    public void PublishElsewhere() => receiver.PublishElsewhere();

    public Task LetReadersAnswerAsync(TimeSpan longest) => receiver.LetReadersAnswerAsync(longest);

    public void Complete(MessageWebSocketException? error) => receiver.Complete(error);

    public void TellFailure(MessageWebSocketException failure)
    {
        lock (_lock)
        {
            if (_holds)
            {
                _failure = failure;
                return;
            }
        }

        receiver.TellFailure(failure);
    }

    /// <summary>Hands on what was held, and holds no longer. The receive loop hands on nothing meanwhile.</summary>
    public void Release()
    {
        while (TryNext(out ReceivedData data, out long utcTicks))
        {
            receiver.Take(data, utcTicks, isClosing: false);
        }

        _released.TrySetResult();
        if (_failure is not null)
        {
            receiver.TellFailure(_failure);
        }
    }

    private bool TryNext(out ReceivedData data, out long utcTicks)
    {
        lock (_lock)
        {
            _holds = _held.TryDequeue(out (ReceivedData Data, long UtcTicks) next);
            (data, utcTicks) = next;
            return _holds;
        }
    }
}
