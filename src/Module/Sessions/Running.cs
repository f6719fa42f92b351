namespace MessageWebSockets.PowerShell.Sessions;

/// <summary>
/// What a runspace has started and what runs until it is stopped, oldest first. What was left running before the runspace was reset is
/// listed no more, and still stopped with it.
/// </summary>
/// <remarks>Thread-safe.</remarks>
/// <param name="isOver">Whether one has ended.</param>
internal sealed class Running<T>(Predicate<T> isOver)
{
    private readonly Lock _lock = new();
    private readonly List<T> _listed = [];
    private readonly List<T> _earlier = [];

    public void Add(T one)
    {
        lock (_lock)
        {
            _listed.Add(one);
        }
    }

    /// <summary>Those that run; an array, because scripts index it.</summary>
    public T[] Listed()
    {
        lock (_lock)
        {
            _listed.RemoveAll(isOver);
            return [.. _listed];
        }
    }

    /// <summary>Lists none of those that run.</summary>
    public void BeginAnew()
    {
        lock (_lock)
        {
            _earlier.AddRange(_listed);
            _earlier.RemoveAll(isOver);
            _listed.Clear();
        }
    }

    /// <summary>Takes all out, listed or not, to stop them.</summary>
    public T[] TakeAll()
    {
        lock (_lock)
        {
            T[] all = [.. _earlier, .. _listed];
            _earlier.Clear();
            _listed.Clear();
            return all;
        }
    }
}
