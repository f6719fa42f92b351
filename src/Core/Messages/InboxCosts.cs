using System.Runtime.InteropServices;

namespace MessageWebSockets.Messages;

/// <summary>
/// What was added to an inbox and what was taken: two counters, so that the writer needs no interlocked operation, each in a cache line
/// of its own, so that writer and readers do not take it from each other with every message.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 192)]
internal struct InboxCosts
{
    [FieldOffset(64)]
    public long Added;

    [FieldOffset(128)]
    public long Taken;
}
