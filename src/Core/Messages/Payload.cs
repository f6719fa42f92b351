using System.Buffers;
using System.Text;

namespace MessageWebSockets.Messages;

/// <summary>
/// The bytes of one message: an array of their exact length, or, for a long message, the segments they were received into.
/// </summary>
/// <remarks>
/// Arrays above 85,000 bytes live on the large object heap, where fresh memory costs several times what receiving into it does. A
/// long message is therefore only put together when somebody asks for it in one piece. The segments come from the shared pool, and go
/// back to it where somebody disposes of the message; else they are the garbage collector's, as any array.
/// </remarks>
internal sealed class Payload : IDisposable
{
    /// <summary>The length of every segment but the last, in bytes.</summary>
    public const int SegmentLength = 64 * 1024;

    // The segments, or the one array they were put together into, which replaces them: the bytes are not kept twice.
    private volatile object _bytes;

    /// <param name="segments">Full segments of <see cref="SegmentLength"/>, and a last one that holds the rest.</param>
    /// <param name="length">The length of the payload, in bytes.</param>
    public Payload(byte[][] segments, int length)
    {
        _bytes = segments;
        Length = length;
    }

    public int Length { get; }

    /// <summary>An array of at least <see cref="SegmentLength"/> to receive into.</summary>
    public static byte[] RentSegment() => ArrayPool<byte>.Shared.Rent(SegmentLength);

    /// <summary>A payload of its own with a part of another's bytes.</summary>
    public static Payload CopyOf(ReadOnlySequence<byte> bytes)
    {
        int length = (int)bytes.Length;
        byte[][] segments = new byte[(length + SegmentLength - 1) / SegmentLength][];
        for (int i = 0; i < segments.Length; i++)
        {
            int start = i * SegmentLength;
            ReadOnlySequence<byte> part = bytes.Slice(start, Math.Min(SegmentLength, length - start));
            segments[i] = part.Length == SegmentLength ? RentSegment() : GC.AllocateUninitializedArray<byte>((int)part.Length);
            part.CopyTo(segments[i]);
        }

        return new Payload(segments, length);
    }

    public byte[] ToArray()
    {
        object bytes = _bytes;
        if (bytes is byte[] whole)
        {
            return whole;
        }

        whole = GC.AllocateUninitializedArray<byte>(Length);
        Sequence((byte[][])bytes).CopyTo(whole);

        // Two threads that ask at once get the same array.
        return Interlocked.CompareExchange(ref _bytes, whole, bytes) as byte[] ?? whole;
    }

    public string ToText() => Encoding.UTF8.GetString(AsSequence());

    public ReadOnlySequence<byte> AsSequence() =>
        _bytes is byte[][] segments ? Sequence(segments) : new ReadOnlySequence<byte>((byte[])_bytes);

    /// <summary>Gives its memory back. Nobody may read it then, or be reading it.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _bytes, Array.Empty<byte>()) is byte[][] segments)
        {
            // The last segment of a copy has an array of its own.
            foreach (byte[] segment in segments.Where(static segment => segment.Length >= SegmentLength))
            {
                ArrayPool<byte>.Shared.Return(segment);
            }
        }
    }

    private ReadOnlySequence<byte> Sequence(byte[][] segments)
    {
        PayloadSegment first = new(segments[0].AsMemory(0, Math.Min(Length, SegmentLength)), 0);
        PayloadSegment last = first;
        for (int i = 1; i < segments.Length; i++)
        {
            int start = i * SegmentLength;
            last = last.Append(segments[i].AsMemory(0, Math.Min(Length - start, SegmentLength)));
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }
}
