using System.Buffers;
using System.Text;

namespace MessageWebSockets;

/// <summary>
/// The bytes of one message: an array of their exact length, or, for a long message, the segments they were received into.
/// </summary>
/// <remarks>
/// Arrays above 85,000 bytes live on the large object heap, where fresh memory costs several times what receiving into it does. A
/// long message is therefore only put together when somebody asks for it in one piece.
/// </remarks>
internal sealed class Payload
{
    /// <summary>The length of every segment but the last, in bytes.</summary>
    public const int SegmentLength = 64 * 1024;

    private readonly byte[][] _segments;
    private byte[]? _whole;

    /// <param name="segments">Full segments of <see cref="SegmentLength"/>, and a last one that holds the rest.</param>
    /// <param name="length">The length of the payload, in bytes.</param>
    public Payload(byte[][] segments, int length)
    {
        _segments = segments;
        Length = length;
    }

    public int Length { get; }

    public byte[] ToArray()
    {
        if (Volatile.Read(ref _whole) is { } whole)
        {
            return whole;
        }

        whole = GC.AllocateUninitializedArray<byte>(Length);
        AsSequence().CopyTo(whole);

        // Two threads that ask at once get the same array.
        return Interlocked.CompareExchange(ref _whole, whole, null) ?? whole;
    }

    public string ToText() => Encoding.UTF8.GetString(AsSequence());

    public ReadOnlySequence<byte> AsSequence()
    {
        PayloadSegment first = new(_segments[0].AsMemory(0, Math.Min(Length, SegmentLength)), 0);
        PayloadSegment last = first;
        for (int i = 1; i < _segments.Length; i++)
        {
            int start = i * SegmentLength;
            last = last.Append(_segments[i].AsMemory(0, Math.Min(Length - start, SegmentLength)));
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }
}
