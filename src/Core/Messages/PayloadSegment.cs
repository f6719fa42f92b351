using System.Buffers;

namespace MessageWebSockets.Messages;

/// <summary>One segment of a <see cref="Payload"/>, linked to the next.</summary>
internal sealed class PayloadSegment : ReadOnlySequenceSegment<byte>
{
    public PayloadSegment(ReadOnlyMemory<byte> memory, long runningIndex)
    {
        Memory = memory;
        RunningIndex = runningIndex;
    }

    public PayloadSegment Append(ReadOnlyMemory<byte> memory)
    {
        PayloadSegment next = new(memory, RunningIndex + Memory.Length);
        Next = next;
        return next;
    }
}
