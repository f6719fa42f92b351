using System.Buffers;

namespace MessageWebSockets.Messages;

/// <summary>
/// The bytes of a connection that were received and not read yet, no more than <see cref="Capacity"/>. One writer, the receive loop;
/// readers on any thread.
/// </summary>
/// <remarks>
/// Memory is rented while there are bytes and while the writer receives: an idle connection has none. Readers that sleep are woken by
/// <see cref="Publish"/>.
/// </remarks>
internal sealed class ByteQueue(ReceivePause pause) : IInboxCounts
{
    /// <summary>The most bytes that wait.</summary>
    public const int Capacity = 64 * 1024;

    // A writer that waits goes on when so much was read, or everything: not for every byte.
    private const int WorthWaking = Capacity / 4;

    private readonly Lock _lock = new();
    private byte[] _bytes = [];
    private byte[]? _discarded;
    private int _start;
    private int _count;
    private bool _isWriting;
    private bool _isOver;
    private bool _isUnread;
    private bool _isClosedHere;
    private long _dropped;
    private MessageWebSocketException? _end;
    private TaskCompletionSource? _arrival;
    private TaskCompletionSource? _room;

    /// <summary>Messages do not wait here, only bytes do.</summary>
    public long Count => 0;

    public long PayloadBytes
    {
        get
        {
            lock (_lock)
            {
                return _count;
            }
        }
    }

    public long Dropped => Volatile.Read(ref _dropped);

    /// <summary>Whether the writer has to wait.</summary>
    public bool IsFull
    {
        get
        {
            lock (_lock)
            {
                return _count == Capacity && !Discards;
            }
        }
    }

    // Nobody reads what comes now.
    private bool Discards => _isOver || _isUnread;

    /// <summary>Whether so many bytes fit; for the writer.</summary>
    public bool HasRoomFor(long length)
    {
        lock (_lock)
        {
            return length <= Capacity - _count || Discards;
        }
    }

    /// <summary>
    /// Memory to receive into, at least a byte of it unless the queue is full; for the writer, which then calls <see cref="Commit"/>.
    /// </summary>
    public Memory<byte> Room()
    {
        lock (_lock)
        {
            if (Discards)
            {
                return _discarded ??= new byte[4096];
            }

            Rent();
            int end = (_start + _count) % Capacity;
            return _bytes.AsMemory(end, Math.Min(Capacity - _count, Capacity - end));
        }
    }

    /// <summary>
    /// Puts bytes behind those that are there, where there is room for them; for the writer, which then calls <see cref="Commit"/>.
    /// </summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            if (Discards || bytes.Length == 0)
            {
                return;
            }

            Rent();
            int end = (_start + _count) % Capacity;
            int first = Math.Min(bytes.Length, Capacity - end);
            bytes[..first].CopyTo(_bytes.AsSpan(end));
            bytes[first..].CopyTo(_bytes);
        }
    }

    /// <summary>Lets readers have what the writer has put there.</summary>
    public void Commit(int length)
    {
        lock (_lock)
        {
            _isWriting = false;
            if (Discards)
            {
                _dropped += length > 0 ? 1 : 0;
                Return();
                return;
            }

            _count += length;
        }
    }

    /// <summary>What the writer has put there came too late.</summary>
    public void Drop()
    {
        lock (_lock)
        {
            _isWriting = false;
            _dropped++;
            Return();
        }
    }

    /// <summary>Gives memory back that is not needed while nothing comes; for the writer.</summary>
    public void Rest()
    {
        lock (_lock)
        {
            _isWriting = false;
            Return();
        }
    }

    /// <summary>Wakes who waits for bytes; it may go on on this thread.</summary>
    public void Publish()
    {
        TaskCompletionSource? arrival;
        lock (_lock)
        {
            arrival = Awaited();
        }

        arrival?.TrySetResult();
    }

    /// <summary>Wakes who waits for bytes, on another thread.</summary>
    public void PublishElsewhere()
    {
        TaskCompletionSource? arrival;
        lock (_lock)
        {
            arrival = Awaited();
        }

        if (arrival is not null)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static one => one.TrySetResult(), arrival, preferLocal: false);
        }
    }

    /// <summary>Waits until there is room again, or nobody reads any more.</summary>
    public async Task WaitForRoomAsync()
    {
        PublishElsewhere();
        Task room;
        lock (_lock)
        {
            if (_count < Capacity || Discards)
            {
                return;
            }

            _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            room = _room.Task;
        }

        pause.Begin();
        await room.ConfigureAwait(false);
        pause.End();
    }

    /// <summary>Says that nothing more comes; what is there stays readable. The first call counts.</summary>
    /// <param name="error">Why, after an abnormal end.</param>
    public void Complete(MessageWebSocketException? error) => End(error, isClosedHere: false);

    /// <summary>
    /// As <see cref="Complete"/>, when this side has closed: whether there was more, nobody knows, so that readers meet no end.
    /// </summary>
    public void CompleteHere() => End(null, isClosedHere: true);

    /// <summary>Says that nobody reads any more: what waits and what comes is dropped, so that it holds nothing up.</summary>
    public void Abandon()
    {
        TaskCompletionSource? room;
        lock (_lock)
        {
            _isUnread = true;
            _count = 0;
            Return();
            room = Taken(ref _room);
        }

        room?.TrySetResult();
        PublishElsewhere();
    }

    /// <summary>Reads what is there, or waits for something; 0 after an orderly end.</summary>
    /// <exception cref="MessageWebSocketException">Everything was read and the connection ended abnormally.</exception>
    /// <exception cref="ObjectDisposedException">Everything was read and this side has closed, or nobody reads any more.</exception>
    public ValueTask<int> ReadAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromException<int>(ContractError.Canceled(cancellationToken));
        }

        try
        {
            return TryRead(target.Span, out int read, out Task? arrival)
                ? new ValueTask<int>(read)
                : WaitAndReadAsync(target, arrival!, cancellationToken);
        }
        catch (Exception e) when (e is MessageWebSocketException or ObjectDisposedException)
        {
            return ValueTask.FromException<int>(e);
        }
    }

    private static TaskCompletionSource? Taken(ref TaskCompletionSource? source)
    {
        TaskCompletionSource? taken = source;
        source = null;
        return taken;
    }

    private void End(MessageWebSocketException? error, bool isClosedHere)
    {
        TaskCompletionSource? room;
        lock (_lock)
        {
            if (!_isOver)
            {
                _isOver = true;
                _end = error;
                _isClosedHere = isClosedHere;
            }

            room = Taken(ref _room);
        }

        room?.TrySetResult();
        PublishElsewhere();
    }

    private async ValueTask<int> WaitAndReadAsync(Memory<byte> target, Task arrival, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await arrival.WaitAsync(cancellationToken).ConfigureAwait(false);
                if (TryRead(target.Span, out int read, out Task? next))
                {
                    return read;
                }

                arrival = next!;
            }
        }
        catch (OperationCanceledException e) when (cancellationToken.IsCancellationRequested)
        {
            throw ContractError.Canceled(cancellationToken, e);
        }
    }

    // False when there is nothing yet; what is then to be waited for.
    private bool TryRead(Span<byte> target, out int read, out Task? arrival)
    {
        read = 0;
        arrival = null;
        TaskCompletionSource? room = null;
        lock (_lock)
        {
            if (_isUnread)
            {
                throw ContractError.Closed("StreamWebSocket.InputStream");
            }

            if (_count == 0)
            {
                if (_isOver)
                {
                    return EndError() is { } error ? throw error : true;
                }

                _arrival ??= new TaskCompletionSource();
                arrival = _arrival.Task;
                return false;
            }

            read = Math.Min(target.Length, _count);
            int first = Math.Min(read, Capacity - _start);
            _bytes.AsSpan(_start, first).CopyTo(target);
            _bytes.AsSpan(0, read - first).CopyTo(target[first..]);
            _start = (_start + read) % Capacity;
            _count -= read;
            if (_count == 0 || Capacity - _count >= WorthWaking)
            {
                room = Taken(ref _room);
            }

            if (_isOver)
            {
                Return();
            }
        }

        room?.TrySetResult();
        return true;
    }

    // What a read at the end throws; null where that is in order.
    private Exception? EndError() =>
        _isClosedHere ? ContractError.Closed("StreamWebSocket") : _end?.Again();

    // Who waits is woken only for what it waits for.
    private TaskCompletionSource? Awaited() => _count > 0 || Discards ? Taken(ref _arrival) : null;

    private void Rent()
    {
        _isWriting = true;
        if (_bytes.Length == 0)
        {
            _bytes = ArrayPool<byte>.Shared.Rent(Capacity);
        }

        if (_count == 0)
        {
            // Nobody reads now: the next read has as much as there is in one piece.
            _start = 0;
        }
    }

    private void Return()
    {
        if (_count == 0 && !_isWriting && _bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = [];
        }
    }
}
