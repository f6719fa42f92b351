namespace MessageWebSockets.Server;

/// <summary>
/// What one client is still to be sent, or what it sent and nobody has dealt with yet. Its size is bounded, so that nobody costs more
/// than that: whoever adds a message waits for room.
/// </summary>
/// <remarks>Thread-safe; one reader.</remarks>
internal sealed class MessageQueue(long limit)
{
    // What a queued message costs beyond its payload; a flood of empty ones would be without bound otherwise.
    private const int Overhead = 96;

    private readonly Lock _lock = new();
    private readonly Queue<ServerMessage> _messages = [];

    // In the order they asked. Nobody gets ahead of them.
    private readonly LinkedList<Waiter> _waiting = [];
    private long _size;
    private bool _isComplete;
    private bool _isTaken;
    private TaskCompletionSource? _arrival;
    private TaskCompletionSource? _room;

    /// <summary>Whether there are messages that the reader is not done with.</summary>
    public bool IsBusy
    {
        get
        {
            lock (_lock)
            {
                return _isTaken || _messages.Count > 0;
            }
        }
    }

    /// <summary>Adds a message if there is room. Once the queue is complete, messages are dropped, which counts as added.</summary>
    public bool TryAdd(ServerMessage message)
    {
        lock (_lock)
        {
            if (_isComplete)
            {
                return true;
            }

            if (!HasRoomFor(message))
            {
                return false;
            }

            Enqueue(message);
            return true;
        }
    }

    /// <summary>Adds a message as soon as there is room and those that waited before it are added.</summary>
    public Task AddAsync(ServerMessage message, CancellationToken cancellationToken)
    {
        LinkedListNode<Waiter> waiter;
        lock (_lock)
        {
            if (TryAdd(message))
            {
                return Task.CompletedTask;
            }

            waiter = _waiting.AddLast(new Waiter(message, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)));
        }

        return WaitAsync(waiter, cancellationToken);
    }

    /// <summary>Completes when a message has room, which it may have lost again to another one by then.</summary>
    public Task WaitForRoomAsync(ServerMessage message)
    {
        lock (_lock)
        {
            return _isComplete || HasRoomFor(message)
                ? Task.CompletedTask
                : (_room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    /// <summary>The next message, when the reader is done with the last one; null when the queue is complete and empty.</summary>
    public async ValueTask<ServerMessage?> TakeAsync()
    {
        while (true)
        {
            Task arrival;
            lock (_lock)
            {
                _isTaken = _messages.TryDequeue(out ServerMessage? message);
                if (_isTaken)
                {
                    _size -= Cost(message!);
                    AddWaiting();
                    return message;
                }

                if (_isComplete)
                {
                    return null;
                }

                arrival = (_arrival ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }

            await arrival.ConfigureAwait(false);
        }
    }

    /// <summary>Takes no more messages.</summary>
    /// <param name="discards">Whether those that wait are dropped too.</param>
    public void Complete(bool discards)
    {
        lock (_lock)
        {
            _isComplete = true;
            if (discards)
            {
                _messages.Clear();
                _size = 0;
            }

            Signal(ref _arrival);
            AddWaiting();
        }
    }

    private async Task WaitAsync(LinkedListNode<Waiter> waiter, CancellationToken cancellationToken)
    {
        try
        {
            await waiter.Value.Added.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            lock (_lock)
            {
                if (waiter.List is null)
                {
                    // It was added as the wait was given up.
                    return;
                }

                _waiting.Remove(waiter);
                AddWaiting();
            }

            throw;
        }
    }

    // One message always fits, however long: its size has a limit of its own.
    private bool HasRoomFor(ServerMessage message) => _waiting.Count == 0 && Fits(message);

    private bool Fits(ServerMessage message) => _messages.Count == 0 || _size + Cost(message) <= limit;

    private void Enqueue(ServerMessage message)
    {
        _messages.Enqueue(message);
        _size += Cost(message);
        Signal(ref _arrival);
    }

    private void AddWaiting()
    {
        while (_waiting.First is { } first && (_isComplete || Fits(first.Value.Message)))
        {
            _waiting.RemoveFirst();
            if (!_isComplete)
            {
                Enqueue(first.Value.Message);
            }

            first.Value.Added.SetResult();
        }

        Signal(ref _room);
    }

    private static long Cost(ServerMessage message) => message.Payload.Length + Overhead;

    private static void Signal(ref TaskCompletionSource? waiting)
    {
        waiting?.SetResult();
        waiting = null;
    }

    private sealed record Waiter(ServerMessage Message, TaskCompletionSource Added);
}
