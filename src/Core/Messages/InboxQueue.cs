using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace MessageWebSockets.Messages;

/// <summary>
/// Messages in the order of their arrival. One writer; readers on any thread take the first, or go through them with a place of their
/// own and take some from the middle.
/// </summary>
/// <remarks>
/// What nobody has looked at yet is in a queue, which the writer fills without a lock. What somebody has is in a list before it: a place
/// is a node of that list, so that to go on from there, or to take that message, costs the same however many messages were left.
/// </remarks>
internal sealed class InboxQueue<T>
    where T : class, IInboxItem
{
    /// <summary>What a queued message costs beside its payload, so that a flood of tiny messages is bounded as well.</summary>
    public const int CostPerMessage = 96;

    private readonly ConcurrentQueue<T> _unseen = new();
    private readonly List<Place> _places = [];
    private LinkedList<T>? _seen;
    private int _seenCount;
    private InboxShared _shared = new();

    public int Count
    {
        get
        {
            using InboxShared.Hold hold = new(ref _shared);
            return _seenCount + _unseen.Count;
        }
    }

    /// <summary>What was added since the beginning, in bytes with <see cref="CostPerMessage"/>.</summary>
    public long Added => Volatile.Read(ref _shared.Added);

    /// <summary>What of that was taken.</summary>
    public long Taken => Volatile.Read(ref _shared.Taken);

    /// <summary>What is there, in the same bytes.</summary>
    public long Cost
    {
        get
        {
            // In this order: more may be added meanwhile, and nothing seems taken that was not.
            long taken = Taken;
            return Added - taken;
        }
    }

    /// <summary>Whether there is no message.</summary>
    /// <remarks>In this order: a message is put into the list before it leaves the queue, and so never in neither.</remarks>
    public bool IsEmpty => _unseen.IsEmpty && Volatile.Read(ref _seenCount) == 0;

    /// <summary>Whether every message was looked at, and left.</summary>
    public bool IsAllSeen => _unseen.IsEmpty;

    /// <summary>Adds a message: for the writer.</summary>
    /// <returns>What it costs.</returns>
    public long Add(T message)
    {
        // Counted first: what was taken is never more than what was added.
        long cost = CostOf(message);
        Volatile.Write(ref _shared.Added, _shared.Added + cost);
        _unseen.Enqueue(message);
        return cost;
    }

    public bool TryTake([NotNullWhen(true)] out T? message)
    {
        using InboxShared.Hold hold = new(ref _shared);
        if (_seen?.First is not { } first)
        {
            if (!_unseen.TryDequeue(out message))
            {
                return false;
            }
        }
        else
        {
            Remove(first);
            message = first.Value;
        }

        CountTaken(CostOf(message));
        return true;
    }

    public bool TryPeek([NotNullWhen(true)] out T? message)
    {
        using InboxShared.Hold hold = new(ref _shared);
        message = _seen?.First?.Value;
        if (message is null && !_unseen.TryPeek(out message))
        {
            return false;
        }

        message.NoteShown();
        return true;
    }

    /// <summary>A place before the first message; to be given back with <see cref="Leave"/>.</summary>
    public Place Enter()
    {
        Place place = new();
        using InboxShared.Hold hold = new(ref _shared);
        _places.Add(place);
        return place;
    }

    public void Leave(Place place)
    {
        using InboxShared.Hold hold = new(ref _shared);
        _places.Remove(place);
    }

    /// <summary>Whether there is a message behind a place.</summary>
    public bool HasNext(Place place)
    {
        using InboxShared.Hold hold = new(ref _shared);
        return NextSeen(place) is not null || !_unseen.IsEmpty;
    }

    /// <summary>Goes to the next message and leaves it where it is.</summary>
    public bool TryMoveNext(Place place, [NotNullWhen(true)] out T? message)
    {
        using InboxShared.Hold hold = new(ref _shared);
        LinkedListNode<T>? next = NextSeen(place) ?? See();
        message = next?.Value;
        message?.NoteShown();
        place.At = next ?? place.At;
        return message is not null;
    }

    /// <summary>Takes a message from a place; false when somebody else has taken it meanwhile.</summary>
    public bool TryTake(Place place, T message)
    {
        using InboxShared.Hold hold = new(ref _shared);
        if (place.At is not { } node || node.Value != message)
        {
            return false;
        }

        Remove(node);
        CountTaken(CostOf(message));
        return true;
    }

    /// <summary>Puts a message back that was taken last: as the first, or where a place stood when it was taken from there.</summary>
    public void Return(T message, Place? place = null)
    {
        using InboxShared.Hold hold = new(ref _shared);
        _seen ??= [];
        _ = place?.At is { } before ? _seen.AddAfter(before, message) : _seen.AddFirst(message);
        Volatile.Write(ref _seenCount, _seenCount + 1);
        CountTaken(-CostOf(message));
    }

    private static long CostOf(T message) => message.Length + CostPerMessage;

    private void CountTaken(long cost) => Volatile.Write(ref _shared.Taken, _shared.Taken + cost);

    private LinkedListNode<T>? NextSeen(Place place) => place.At is null ? _seen?.First : place.At.Next;

    private LinkedListNode<T>? See()
    {
        if (!_unseen.TryPeek(out T? message))
        {
            return null;
        }

        LinkedListNode<T> node = (_seen ??= []).AddLast(message);
        Volatile.Write(ref _seenCount, _seenCount + 1);
        _unseen.TryDequeue(out _);
        return node;
    }

    private void Remove(LinkedListNode<T> node)
    {
        foreach (Place place in _places)
        {
            if (place.At == node)
            {
                place.At = node.Previous;
            }
        }

        _seen!.Remove(node);
        Volatile.Write(ref _seenCount, _seenCount - 1);
    }

    /// <summary>How far somebody has looked.</summary>
    public sealed class Place
    {
        /// <summary>The message looked at last, or the one before it when that was taken; null before the first.</summary>
        internal LinkedListNode<T>? At { get; set; }
    }
}
