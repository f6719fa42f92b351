namespace MessageWebSockets;

/// <summary>The handlers of one event of one socket, and where those of its clones are.</summary>
/// <remarks>Thread-safe. What <see cref="All"/> gave stays as it is when handlers come or go.</remarks>
internal sealed class Handlers<THandler>
    where THandler : Delegate
{
    private THandler? _all;

    // Shared by a socket and its clones, from the first clone on; also its own lock.
    private List<WeakReference<Handlers<THandler>>>? _family;

    /// <summary>All of them, in the order they were added; null without any.</summary>
    public THandler? All => Volatile.Read(ref _all);

    public void Add(THandler? handler) => Change(static (all, one) => Delegate.Combine(all, one), handler);

    public void Remove(THandler? handler) => Change(static (all, one) => Delegate.Remove(all, one), handler);

    /// <summary>Removes it here and wherever cloning took it: for handlers whose owner knows of one socket only.</summary>
    public void RemoveFromFamily(THandler? handler)
    {
        Remove(handler);
        if (Volatile.Read(ref _family) is not { } family)
        {
            return;
        }

        lock (family)
        {
            foreach (WeakReference<Handlers<THandler>> member in family)
            {
                if (member.TryGetTarget(out Handlers<THandler>? handlers))
                {
                    handlers.Remove(handler);
                }
            }
        }
    }

    /// <summary>Gives a new socket the same handlers.</summary>
    public void CopyTo(Handlers<THandler> clone)
    {
        if (All is not { } all)
        {
            return;
        }

        List<WeakReference<Handlers<THandler>>> family = Volatile.Read(ref _family) ?? Found();
        lock (family)
        {
            clone._all = all;
            clone._family = family;
            family.RemoveAll(static member => !member.TryGetTarget(out _));
            family.Add(new WeakReference<Handlers<THandler>>(clone));
        }
    }

    private List<WeakReference<Handlers<THandler>>> Found()
    {
        List<WeakReference<Handlers<THandler>>> founded = [new WeakReference<Handlers<THandler>>(this)];
        return Interlocked.CompareExchange(ref _family, founded, null) ?? founded;
    }

    private void Change(Func<Delegate?, Delegate?, Delegate?> change, THandler? handler)
    {
        THandler? before;
        do
        {
            before = All;
        }
        while (Interlocked.CompareExchange(ref _all, (THandler?)change(before, handler), before) != before);
    }
}
