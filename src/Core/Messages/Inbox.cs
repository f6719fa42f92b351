using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;

namespace MessageWebSockets;

/// <summary>
/// The received and unread messages of a connection, bounded by their size. One writer, the receive loop; readers on any thread.
/// </summary>
internal sealed class Inbox(long limitInBytes)
{
    // What a queued message costs beside its payload, so that a flood of tiny messages is bounded as well.
    private const int CostPerMessage = 96;

    private readonly Channel<WsMessage> _messages = Channel.CreateUnbounded<WsMessage>(new UnboundedChannelOptions { SingleWriter = true });
    private long _bytes;
    private long _count;
    private long _dropped;
    private MessageWebSocketException? _end;
    private TaskCompletionSource? _room;

    public long Count => Volatile.Read(ref _count);

    /// <summary>The payload of the queued messages, in bytes.</summary>
    public long PayloadBytes => Volatile.Read(ref _bytes);

    public long Dropped => Volatile.Read(ref _dropped);

    /// <summary>Whether the limit is reached.</summary>
    public bool IsFull => Cost >= limitInBytes;

    private long Cost => PayloadBytes + (Count * CostPerMessage);

    /// <summary>Adds a message whatever the limit: the writer asks <see cref="IsFull"/> before it receives the next one.</summary>
    public void Add(WsMessage message)
    {
        // Counted first: a reader may take it before the writer comes to the next line.
        Interlocked.Add(ref _bytes, message.Length);
        Interlocked.Increment(ref _count);
        if (!_messages.Writer.TryWrite(message))
        {
            // Completed by a local Close while this message arrived.
            Interlocked.Add(ref _bytes, -message.Length);
            Interlocked.Decrement(ref _count);
            CountDropped();
        }
    }

    /// <summary>Discards the oldest messages until there is room.</summary>
    public void DropOldest()
    {
        while (IsFull && TryTake(out _))
        {
            CountDropped();
        }
    }

    public void CountDropped() => Interlocked.Increment(ref _dropped);

    /// <summary>Waits until readers made room.</summary>
    public async Task WaitForRoomAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            TaskCompletionSource room = new(TaskCreationOptions.RunContinuationsAsynchronously);
            Volatile.Write(ref _room, room);

            // Looked at after the source is in place: a reader that takes a message from now on completes it.
            Interlocked.MemoryBarrier();
            if (!IsFull)
            {
                Volatile.Write(ref _room, null);
                return;
            }

            await room.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public bool TryTake([NotNullWhen(true)] out WsMessage? message)
    {
        if (!_messages.Reader.TryRead(out message))
        {
            return false;
        }

        Interlocked.Add(ref _bytes, -message.Length);
        Interlocked.Decrement(ref _count);
        if (Volatile.Read(ref _room) is { } room && !IsFull && Interlocked.CompareExchange(ref _room, null, room) == room)
        {
            room.TrySetResult();
        }

        return true;
    }

    public bool TryPeek([NotNullWhen(true)] out WsMessage? message) => _messages.Reader.TryPeek(out message);

    /// <summary>Waits for a message; false once the inbox is empty and ended in order.</summary>
    /// <exception cref="MessageWebSocketException">The inbox is empty and the connection ended abnormally.</exception>
    public ValueTask<bool> WaitToTakeAsync(CancellationToken cancellationToken)
    {
        return Count > 0 ? new ValueTask<bool>(true) : WaitSlowAsync(cancellationToken);
    }

    /// <summary>Says that no further message comes; queued ones stay readable.</summary>
    /// <param name="error">The abnormal end that readers are told of once the inbox is empty; null after an orderly one.</param>
    public void Complete(MessageWebSocketException? error)
    {
        Interlocked.CompareExchange(ref _end, error, null);
        _messages.Writer.TryComplete();
    }

    private async ValueTask<bool> WaitSlowAsync(CancellationToken cancellationToken)
    {
        if (await _messages.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            return true;
        }

        if (_end is { } error)
        {
            throw error.Again();
        }

        return false;
    }
}
