using System.Buffers;
using System.Runtime.InteropServices;

namespace MessageWebSockets.Connections;

/// <summary>Turns memory of a caller into memory that can be read in a gate or a lock: without any code of the caller.</summary>
internal static class OwnMemory
{
    /// <summary>
    /// Memory over an array as it is; of a manager of its own (native memory, a mapped file), which may throw or be gone later, a copy.
    /// </summary>
    public static ReadOnlyMemory<byte> Of(ReadOnlyMemory<byte> memory) =>
        MemoryMarshal.TryGetArray(memory, out ArraySegment<byte> array) ? array : memory.ToArray();

    /// <summary>As the other, for memory in pieces.</summary>
    public static ReadOnlySequence<byte> Of(in ReadOnlySequence<byte> memory)
    {
        foreach (ReadOnlyMemory<byte> piece in memory)
        {
            if (!MemoryMarshal.TryGetArray(piece, out _))
            {
                return new ReadOnlySequence<byte>(memory.ToArray());
            }
        }

        return memory;
    }
}
