using System.Runtime.CompilerServices;
using Xunit;

namespace MessageWebSockets.Tests.Messages;

public sealed class PayloadTests
{
    [Fact]
    public void A_long_message_that_was_put_together_keeps_its_bytes_once()
    {
        (Payload payload, WeakReference[] segments) = Create(5);

        byte[] whole = payload.ToArray();

        GC.Collect();
        Assert.DoesNotContain(segments, segment => segment.IsAlive);
        Assert.Same(whole, payload.ToArray());
        Assert.True(payload.AsSequence().IsSingleSegment);
        Assert.Equal([0, 1, 2, 3, 4], Enumerable.Range(0, 5).Select(i => whole[i * Payload.SegmentLength]));
        Assert.Equal(payload.Length, payload.ToText().Length);
    }

    // In a method of its own, so that nothing of the test keeps the segments.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (Payload Payload, WeakReference[] Segments) Create(int count)
    {
        byte[][] segments = [.. Enumerable.Range(0, count).Select(i => Segment((byte)i))];
        return (new Payload(segments, count * Payload.SegmentLength), [.. segments.Select(segment => new WeakReference(segment))]);
    }

    private static byte[] Segment(byte content)
    {
        byte[] segment = new byte[Payload.SegmentLength];
        segment.AsSpan().Fill(content);
        return segment;
    }
}
