namespace MessageWebSockets;

/// <summary>
/// What one client is still to be sent. Its size is bounded, so that a client that does not read costs no more than that: whoever
/// answers the client waits for room, and whoever must not wait is told that there is none.
/// </summary>
/// <remarks>Thread-safe; one reader.</remarks>
internal sealed class OutgoingQueue(long limit)
{
    // What a queued message costs beyond its payload; a flood of empty ones would be without bound otherwise.
    private const int Overhead = 96;

    private readonly Lock _lock = new();
    private readonly Queue<ServerMessage> _messages = [];
    private long _size;
    private bool _isComplete;
    private TaskCompletionSource? _arrival;
    private TaskCompletionSource? _room;

    /// <summary>Adds a message if there is room. Once the queue is complete, messages are dropped, which counts as added.</summary>
    public bool TryAdd(ServerMessage message)
    {
        lock (_lock)
        {
            if (!_isComplete)
            {
                // One message always fits, however long: its size has a limit of its own.
                if (_messages.Count > 0 && _size + Cost(message) > limit)
                {
                    return false;
                }

                _messages.Enqueue(message);
                _size += Cost(message);
                Signal(ref _arrival);
            }

            return true;
        }
    }

    /// <summary>Adds a message as soon as there is room.</summary>
    public async ValueTask AddAsync(ServerMessage message, CancellationToken cancellationToken)
    {
        while (!TryAdd(message))
        {
            await WaitForRoomAsync(message, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Waits until a message has room, which it may have lost again to another one by then.</summary>
    public async ValueTask WaitForRoomAsync(ServerMessage message, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task room;
            lock (_lock)
            {
                if (_isComplete || _messages.Count == 0 || _size + Cost(message) <= limit)
                {
                    return;
                }

                room = (_room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }

            await room.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The next message; null when the queue is complete and empty.</summary>
    public async ValueTask<ServerMessage?> TakeAsync()
    {
        while (true)
        {
            Task arrival;
            lock (_lock)
            {
                if (_messages.TryDequeue(out ServerMessage? message))
                {
                    _size -= Cost(message);
                    Signal(ref _room);
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
            Signal(ref _room);
        }
    }

    private static long Cost(ServerMessage message) => message.Payload.Length + Overhead;

    private static void Signal(ref TaskCompletionSource? waiting)
    {
        waiting?.SetResult();
        waiting = null;
    }
}
