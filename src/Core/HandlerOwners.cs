namespace MessageWebSockets;

/// <summary>
/// Those whose event handlers may be removed after the connect began. A host of scripts takes back the handlers that it added for them
/// whenever they end, and an exception there would end the whole process.
/// </summary>
internal static class HandlerOwners
{
    private static Func<Delegate, bool>[] s_owners = [];

    /// <summary>Adds an owner.</summary>
    /// <param name="isTheirs">Whether a handler is theirs. Called on any thread; does not throw.</param>
    public static void Add(Func<Delegate, bool> isTheirs)
    {
        Func<Delegate, bool>[] before;
        do
        {
            before = Volatile.Read(ref s_owners);
        }
        while (Interlocked.CompareExchange(ref s_owners, [.. before, isTheirs], before) != before);
    }

    /// <summary>Whether a handler belongs to one of them.</summary>
    public static bool MayRemoveAtAnyTime(Delegate handler) => Array.Exists(Volatile.Read(ref s_owners), isTheirs => isTheirs(handler));
}
