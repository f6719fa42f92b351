using System.Diagnostics.CodeAnalysis;

namespace MessageWebSockets.Messages;

/// <summary>
/// The received and unread messages of a connection, bounded by their size. One writer, the receive loop; readers on any thread.
/// </summary>
/// <remarks>
/// A message can be taken from the moment it is added, but sleeping readers are only woken by <see cref="Publish"/>, once for all the
/// messages that arrived together: a wake-up a message would cost more than the message.
/// </remarks>
internal sealed class Inbox<T>(long limitInBytes, ReceivePause pause) : IInboxCounts
    where T : class, IInboxItem
{
    // A writer that is this far ahead lets the readers catch up: what they take soon is still in the processor's cache, and the
    // garbage collector does not move it to an older generation. Of small messages it is their number that keeps the collector busy,
    // of large ones their size. Readers that do not come are not waited for longer than this.
    private const long LeadLimit = 1024 * 1024;
    private const long LeadLimitInMessages = 1280;
    private static readonly TimeSpan LongestLead = TimeSpan.FromMilliseconds(2);

    private readonly ExpectedMessages<T> _expected = new(pause);

    // Of those who take the first message, in the order in which they asked.
    private readonly Gate _takers = new();

    // Made for the first message: on a connection that says nothing it would be a good part of what the connection costs.
    private InboxQueue<T>? _messages;

    // Of the writer alone.
    private long _takenWhenSeen;
    private long _leadEnds;
    private long _lastCost = InboxQueue<T>.CostPerMessage;
    private Timer? _leadTimer;

    private long _dropped;
    private volatile bool _completed;
    private MessageWebSocketException? _end;
    private TaskCompletionSource? _oneWaiting;
    private TaskCompletionSource? _moreWaiting;
    private TaskCompletionSource? _room;
    private TaskCompletionSource? _backForMore;
    private volatile bool _hasSeveralReaders;
    private long _roomBegins;

    /// <summary>The messages themselves; made by the writer, or by a reader who looks through them before there are any.</summary>
    public InboxQueue<T> Messages =>
        Volatile.Read(ref _messages) ?? Interlocked.CompareExchange(ref _messages, new InboxQueue<T>(), null) ?? _messages;

    public long Count => Volatile.Read(ref _messages)?.Count ?? 0;

    /// <summary>The payload of the queued messages, in bytes.</summary>
    public long PayloadBytes => Math.Max(0, Cost - (Count * InboxQueue<T>.CostPerMessage));

    public long Dropped => Volatile.Read(ref _dropped);

    /// <summary>Whether the limit is reached.</summary>
    public bool IsFull => Cost >= limitInBytes;

    /// <summary>Whether a reader sleeps until <see cref="Publish"/>.</summary>
    public bool HasWaitingReaders => Volatile.Read(ref _oneWaiting) is not null || Volatile.Read(ref _moreWaiting) is not null;

    private bool IsSomebodyBackForMore =>
        (IsAllSeen && HasWaitingReaders) || _expected.IsSomebodyWaiting;

    private bool IsEmpty => Volatile.Read(ref _messages) is not { IsEmpty: false };

    private bool IsAllSeen => Volatile.Read(ref _messages) is not { IsAllSeen: false };

    // Reckoned from the last message: a stream's messages are much alike, and nothing but speed depends on it.
    private long Lead => Math.Min(LeadLimit, LeadLimitInMessages * _lastCost);

    private long Cost => Volatile.Read(ref _messages)?.Cost ?? 0;

    /// <summary>Whether the writer should wait, for room or for the readers: for the writer, before each message.</summary>
    public bool IsWriterAhead
    {
        get
        {
            if (Volatile.Read(ref _messages) is not { } messages)
            {
                return false;
            }

            // What was taken is only looked up when it matters: the readers' processor has just written it.
            long added = messages.Added;
            if (added - _takenWhenSeen < _leadEnds)
            {
                return false;
            }

            _takenWhenSeen = messages.Taken;
            long ahead = added - _takenWhenSeen;
            if (ahead < Lead)
            {
                _leadEnds = Math.Min(limitInBytes, Lead);
            }

            return ahead >= _leadEnds;
        }
    }

    /// <summary>Adds a message whatever the limit: the writer asks <see cref="IsFull"/> before it receives the next one.</summary>
    public void Add(T message)
    {
        if (_completed)
        {
            CountDropped();
            return;
        }

        if (_expected.IsEmpty)
        {
            _lastCost = Messages.Add(message);
            return;
        }

        try
        {
            if (!_expected.Offer(message))
            {
                _lastCost = Messages.Add(message);
            }
        }
        finally
        {
            // An end that came meanwhile is told once the message is there.
            _expected.Settle();
        }
    }

    /// <summary>Wakes the readers that sleep; their continuations may run on this thread.</summary>
    public void Publish()
    {
        if (!IsEmpty || _completed)
        {
            // The others first: what the one does with this thread must not keep them.
            Interlocked.Exchange(ref _moreWaiting, null)?.TrySetResult();
            Interlocked.Exchange(ref _oneWaiting, null)?.TrySetResult();
        }
    }

    /// <summary>Wakes the readers that sleep, on another thread.</summary>
    public void PublishElsewhere()
    {
        // What was written before must be seen by a reader that falls asleep now: such a reader writes that it sleeps and then looks
        // for messages, this side wrote a message and now looks for sleepers. Without the fence each could miss the other.
        Interlocked.MemoryBarrier();
        if (HasWaitingReaders)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static inbox => inbox.Publish(), this, preferLocal: false);
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

    /// <summary>Waits until the readers have caught up, or for a moment when they do not come.</summary>
    public async Task WaitForReadersAsync()
    {
        PublishElsewhere();
        TaskCompletionSource room = new(TaskCreationOptions.RunContinuationsAsynchronously);
        long caughtUp = Lead / 2;
        Volatile.Write(ref _roomBegins, caughtUp);
        Interlocked.Exchange(ref _room, room);
        if (Cost >= caughtUp)
        {
            _leadTimer ??= new Timer(static inbox => ((Inbox<T>)inbox!).EndLead(), this, Timeout.Infinite, Timeout.Infinite);
            _leadTimer.Change(LongestLead, Timeout.InfiniteTimeSpan);
            await room.Task.ConfigureAwait(false);
        }

        Volatile.Write(ref _room, null);
        long cost = Cost;
        _leadEnds = Math.Min(limitInBytes, cost < caughtUp ? Lead : cost + Lead);
    }

    /// <summary>Waits until readers made room.</summary>
    public async Task WaitForRoomAsync(CancellationToken cancellationToken)
    {
        PublishElsewhere();
        while (true)
        {
            TaskCompletionSource room = new(TaskCreationOptions.RunContinuationsAsynchronously);
            Volatile.Write(ref _roomBegins, limitInBytes);
            Interlocked.Exchange(ref _room, room);

            // Looked at after the source is in place: a reader that takes a message from now on completes it.
            if (!IsFull)
            {
                Volatile.Write(ref _room, null);
                return;
            }

            await room.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Gives the readers a moment for the messages that are here, at most as long as said. A single reader who comes back for more ends
    /// it; of several, nobody knows who still works on what.
    /// </summary>
    public async Task LetReadersAnswerAsync(TimeSpan longest)
    {
        PublishElsewhere();
        using CancellationTokenSource over = new(longest);
        while (!over.IsCancellationRequested)
        {
            TaskCompletionSource back = new(TaskCreationOptions.RunContinuationsAsynchronously);
            Interlocked.Exchange(ref _backForMore, back);

            // Looked at after the source is in place: a reader who comes back from now on completes it.
            if (!_hasSeveralReaders && IsSomebodyBackForMore)
            {
                break;
            }

            await Task.WhenAny(back.Task, Task.Delay(Timeout.Infinite, over.Token)).ConfigureAwait(false);
        }

        Volatile.Write(ref _backForMore, null);
    }

    public bool TryTake([NotNullWhen(true)] out T? message)
    {
        message = null;
        if (Volatile.Read(ref _messages) is not { } messages || !messages.TryTake(out message))
        {
            return false;
        }

        OnTaken();
        return true;
    }

    /// <summary>Takes a message from a place; false when somebody else has taken it meanwhile.</summary>
    public bool TryTake(InboxQueue<T>.Place place, T message)
    {
        if (!Messages.TryTake(place, message))
        {
            return false;
        }

        OnTaken();
        return true;
    }

    /// <summary>Puts a message back that was taken last and was of no use, whatever the limit: it is read again in its turn.</summary>
    /// <param name="message">The message.</param>
    /// <param name="place">Where it was taken; null for the beginning.</param>
    public void Return(T message, InboxQueue<T>.Place? place = null)
    {
        Messages.Return(message, place);
        PublishElsewhere();
    }

    public bool TryPeek([NotNullWhen(true)] out T? message)
    {
        message = null;
        return Volatile.Read(ref _messages) is { } messages && messages.TryPeek(out message);
    }

    /// <summary>
    /// Waits for the first message added from now on that a filter accepts; it passes the queue by. Null once the inbox ended in order.
    /// </summary>
    /// <exception cref="MessageWebSocketException">The connection ended abnormally.</exception>
    public Task<T?> TakeNextAsync(Predicate<T> filter, CancellationToken cancellationToken) =>
        TakeNextAsync(filter, goesOnAtOnce: false, cancellationToken);

    /// <summary>As the other.</summary>
    /// <param name="filter">Accepts a message.</param>
    /// <param name="goesOnAtOnce">Whether what comes after the wait runs on the writer's thread, and must be short.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task<T?> TakeNextAsync(Predicate<T> filter, bool goesOnAtOnce, CancellationToken cancellationToken)
    {
        _hasSeveralReaders |= !_expected.IsEmpty || HasWaitingReaders;
        Task<T?> next = _expected.TakeAsync(filter, goesOnAtOnce, cancellationToken);
        Volatile.Read(ref _backForMore)?.TrySetResult();
        return next;
    }

    /// <summary>
    /// Takes the first message, or waits for it behind those who asked before; null once the inbox is empty and ended in order.
    /// </summary>
    /// <exception cref="MessageWebSocketException">The inbox is empty and the connection ended abnormally.</exception>
    public ValueTask<T?> TakeAsync(CancellationToken cancellationToken) =>
        _takers.IsFree && !cancellationToken.IsCancellationRequested && TryTake(out T? message)
            ? new ValueTask<T?>(message)
            : TakeInTurnAsync(cancellationToken);

    /// <summary>Waits for a message; false once the inbox is empty and ended in order.</summary>
    /// <exception cref="MessageWebSocketException">The inbox is empty and the connection ended abnormally.</exception>
    public ValueTask<bool> WaitToTakeAsync(CancellationToken cancellationToken) =>
        IsEmpty || cancellationToken.IsCancellationRequested ? WaitSlowAsync(null, cancellationToken) : new ValueTask<bool>(true);

    /// <summary>Waits for a message behind a place; false once there is none and the inbox ended in order.</summary>
    /// <exception cref="MessageWebSocketException">There is none and the connection ended abnormally.</exception>
    public ValueTask<bool> WaitForNextAsync(InboxQueue<T>.Place place, CancellationToken cancellationToken) =>
        WaitSlowAsync(place, cancellationToken);

    /// <summary>Says that no further message comes; queued ones stay readable.</summary>
    /// <param name="error">The abnormal end that readers are told of once the inbox is empty; null after an orderly one.</param>
    public void Complete(MessageWebSocketException? error)
    {
        if (!_completed)
        {
            Interlocked.CompareExchange(ref _end, error, null);
            _completed = true;

            // Without it the look at the sleeping readers could come before the write: a reader that falls asleep just now would
            // see neither the end nor a wake-up.
            Interlocked.MemoryBarrier();
        }

        _expected.Complete(_end);
        PublishElsewhere();
    }

    // Lets the writer go on that waits for the room of a message that was taken.
    private void OnTaken()
    {
        // A writer that waits writes so and then looks for room; what was taken is counted before this side looks for the writer, with
        // the fence between that ends the taking.
        if (Volatile.Read(ref _room) is { } room && Cost < Volatile.Read(ref _roomBegins)
            && Interlocked.CompareExchange(ref _room, null, room) == room)
        {
            room.TrySetResult();
        }
    }

    private void EndLead() => Interlocked.Exchange(ref _room, null)?.TrySetResult();

    private async ValueTask<T?> TakeInTurnAsync(CancellationToken cancellationToken)
    {
        using Gate.Permit turn = _takers.TryEnter(out Gate.Permit first)
            ? first
            : await WaitForTurnAsync(cancellationToken).ConfigureAwait(false);
        while (!HasEnded(null, cancellationToken, out TaskCompletionSource? available))
        {
            if (available is not null)
            {
                await WaitAsync(available, cancellationToken).ConfigureAwait(false);
            }

            if (TryTake(out T? message))
            {
                return message;
            }
        }

        return null;
    }

    private async ValueTask<Gate.Permit> WaitForTurnAsync(CancellationToken cancellationToken)
    {
        _hasSeveralReaders = true;
        try
        {
            return await _takers.EnterAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException e)
        {
            throw ContractError.Canceled(cancellationToken, e);
        }
    }

    private async ValueTask<bool> WaitSlowAsync(InboxQueue<T>.Place? place, CancellationToken cancellationToken)
    {
        while (!HasEnded(place, cancellationToken, out TaskCompletionSource? available))
        {
            if (available is null)
            {
                return true;
            }

            await WaitAsync(available, cancellationToken).ConfigureAwait(false);
        }

        return false;
    }

    // True once nothing comes any more, and an abnormal end is thrown. Else there is a message behind the place or, without one, among
    // all; or what completes with the next one.
    private bool HasEnded(InboxQueue<T>.Place? place, CancellationToken cancellationToken, out TaskCompletionSource? available)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            throw ContractError.Canceled(cancellationToken);
        }

        available = StartWaiting();

        // Looked at after the source is in place: what is added from now on is followed by a Publish that sees it.
        bool completed = _completed;
        if (place is null ? !IsEmpty : Messages.HasNext(place))
        {
            StopWaiting(available);
            available = null;
            return false;
        }

        if (completed)
        {
            return _end is { } error ? throw error.Again() : true;
        }

        Volatile.Read(ref _backForMore)?.TrySetResult();
        return false;
    }

    private Task WaitAsync(TaskCompletionSource available, CancellationToken cancellationToken) =>
        cancellationToken.CanBeCanceled ? WaitCancelableAsync(available, cancellationToken) : available.Task;

    private async Task WaitCancelableAsync(TaskCompletionSource available, CancellationToken cancellationToken)
    {
        try
        {
            await available.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException e)
        {
            StopWaiting(available);
            throw ContractError.Canceled(cancellationToken, e);
        }
    }

    // One reader goes on inside Publish, which is fastest; any others at the same time on threads of their own, because a reader
    // that keeps its thread would hold them up.
    private TaskCompletionSource StartWaiting()
    {
        TaskCompletionSource alone = new();
        if (Interlocked.CompareExchange(ref _oneWaiting, alone, null) is null)
        {
            return alone;
        }

        _hasSeveralReaders = true;
        while (true)
        {
            if (Volatile.Read(ref _moreWaiting) is { } waiting)
            {
                return waiting;
            }

            TaskCompletionSource shared = new(TaskCreationOptions.RunContinuationsAsynchronously);
            if (Interlocked.CompareExchange(ref _moreWaiting, shared, null) is null)
            {
                return shared;
            }
        }
    }

    private void StopWaiting(TaskCompletionSource source) => Interlocked.CompareExchange(ref _oneWaiting, null, source);
}
