using System.Runtime.InteropServices;

namespace MessageWebSockets.Messages;

/// <summary>
/// What writer and readers of an inbox write with every message: a counter of each, so that the writer needs no interlocked operation,
/// and the lock of the readers; in a cache line for each side, so that they do not take it from each other with every message.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 192)]
internal struct InboxShared
{
    /// <summary>What was added, in bytes. Of the writer.</summary>
    [FieldOffset(64)]
    public long Added;

    /// <summary>What was taken, in bytes. Of whoever has a <see cref="Hold"/>.</summary>
    [FieldOffset(128)]
    public long Taken;

    // Over all that readers change of an inbox: what was taken, the messages that somebody has looked at, and how far. Nobody's code runs
    // in it, and a message that is only taken costs it a few instructions. A Lock, which knows its owner, costs a good part of what a
    // small message costs.
    [FieldOffset(136)]
    private SpinLock _readers = new(enableThreadOwnerTracking: false);

    public InboxShared()
    {
    }

    /// <summary>The right of one reader to change what the inbox holds. A full fence ends it.</summary>
    public readonly ref struct Hold
    {
        private readonly ref SpinLock _lock;

        /// <summary>Waits for the right.</summary>
        /// <param name="shared">Of the inbox.</param>
        public Hold(ref InboxShared shared)
        {
            bool isHeld = false;
            _lock = ref shared._readers;
            _lock.Enter(ref isHeld);
        }

        /// <summary>Gives it back; once.</summary>
        public void Dispose() => _lock.Exit();
    }
}
