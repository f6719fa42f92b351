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
    where T : class
{
    // Held by readers, for a few instructions; nobody's code runs in it.
    private readonly Lock _taking = new();
    private readonly ConcurrentQueue<T> _unseen = new();
    private readonly List<Place> _places = [];
    private LinkedList<T>? _seen;
    private int _seenCount;

    public int Count
    {
        get
        {
            lock (_taking)
            {
                return _seenCount + _unseen.Count;
            }
        }
    }

    /// <summary>Whether there is no message.</summary>
    /// <remarks>In this order: a message is put into the list before it leaves the queue, and so never in neither.</remarks>
    public bool IsEmpty => _unseen.IsEmpty && Volatile.Read(ref _seenCount) == 0;

    /// <summary>Whether every message was looked at, and left.</summary>
    public bool IsAllSeen => _unseen.IsEmpty;

    public void Add(T message) => _unseen.Enqueue(message);

    public bool TryTake([NotNullWhen(true)] out T? message)
    {
        lock (_taking)
        {
            if (_seen?.First is not { } first)
            {
                return _unseen.TryDequeue(out message);
            }

            Remove(first);
            message = first.Value;
            return true;
        }
    }

    public bool TryPeek([NotNullWhen(true)] out T? message)
    {
        lock (_taking)
        {
            message = _seen?.First?.Value;
            return message is not null || _unseen.TryPeek(out message);
        }
    }

    /// <summary>A place before the first message; to be given back with <see cref="Leave"/>.</summary>
    public Place Enter()
    {
        Place place = new();
        lock (_taking)
        {
            _places.Add(place);
        }

        return place;
    }

    public void Leave(Place place)
    {
        lock (_taking)
        {
            _places.Remove(place);
        }
    }

    /// <summary>Whether there is a message behind a place.</summary>
    public bool HasNext(Place place)
    {
        lock (_taking)
        {
            return NextSeen(place) is not null || !_unseen.IsEmpty;
        }
    }

    /// <summary>Goes to the next message and leaves it where it is.</summary>
    public bool TryMoveNext(Place place, [NotNullWhen(true)] out T? message)
    {
        lock (_taking)
        {
            LinkedListNode<T>? next = NextSeen(place) ?? See();
            message = next?.Value;
            place.At = next ?? place.At;
            return message is not null;
        }
    }

    /// <summary>Takes a message from a place; false when somebody else has taken it meanwhile.</summary>
    public bool TryTake(Place place, T message)
    {
        lock (_taking)
        {
            if (place.At is not { } node || node.Value != message)
            {
                return false;
            }

            Remove(node);
            return true;
        }
    }

    /// <summary>Puts a message back that was taken last: as the first, or where a place stood when it was taken from there.</summary>
    public void Return(T message, Place? place = null)
    {
        lock (_taking)
        {
            _seen ??= [];
            _ = place?.At is { } before ? _seen.AddAfter(before, message) : _seen.AddFirst(message);
            Volatile.Write(ref _seenCount, _seenCount + 1);
        }
    }

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
