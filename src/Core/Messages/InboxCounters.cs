using System.Runtime.InteropServices;

namespace MessageWebSockets.Messages;

/// <summary>
/// What was added to an inbox and what was taken: two counters, so that the writer needs no interlocked operation, each in a cache line
/// of its own, so that writer and readers do not take it from each other with every message.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 192)]
internal struct InboxCounters
{
    /// <summary>Of the writer.</summary>
    [FieldOffset(64)]
    public long Added;

    /// <summary>Of whoever has a <see cref="Hold"/>.</summary>
    [FieldOffset(128)]
    public long Taken;

    // Of the readers: held for a few instructions in which nobody's code runs, once a message. A Lock, which knows its owner, costs a
    // good part of what a small message costs.
    [FieldOffset(136)]
    private SpinLock _taking = new(enableThreadOwnerTracking: false);

    public InboxCounters()
    {
    }

    /// <summary>The right of one reader to change what the inbox holds. A full fence ends it.</summary>
    public readonly ref struct Hold
    {
        private readonly ref SpinLock _lock;

        public Hold(ref InboxCounters counters)
        {
            bool isHeld = false;
            _lock = ref counters._taking;
            _lock.Enter(ref isHeld);
        }

        public void Dispose() => _lock.Exit(useMemoryBarrier: true);
    }
}
