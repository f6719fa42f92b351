using System.Buffers;
using System.Runtime.InteropServices;
using Xunit;

namespace MessageWebSockets.Tests.Frames;

public sealed class OutboundBufferTests
{
    [Fact]
    public void What_was_added_stays_as_the_buffer_grows()
    {
        OutboundBuffer buffer = new();
        List<byte> expected = [];
        foreach (int length in (int[])[1, 4000, 100, 5000, 100_000, 3])
        {
            byte[] payload = new byte[length];
            Random.Shared.NextBytes(payload);
            buffer.Append("header"u8, payload);
            expected.AddRange([.. "header"u8, .. payload]);
        }

        Assert.True(expected.ToArray().AsSpan().SequenceEqual(buffer.Content.Span));
        Assert.Equal(expected.Count, buffer.Count);
    }

    // Of one piece, of two, and of several whose lengths are no multiples of the key's.
    [Theory]
    [InlineData(10)]
    [InlineData(Payload.SegmentLength + 1)]
    [InlineData((3 * Payload.SegmentLength) + 7)]
    public void A_payload_in_pieces_is_masked_as_one(int length)
    {
        const uint Key = 0x80442001;
        byte[] whole = new byte[length];
        Random.Shared.NextBytes(whole);
        ReadOnlySequence<byte> pieces = Payload.CopyOf(new ReadOnlySequence<byte>(whole)).AsSequence().Slice(3);
        OutboundBuffer buffer = new();
        buffer.AppendMasked([0x82, 0x00], new FramePayload(pieces), Key);
        OutboundBuffer plain = new();
        plain.Append([0x82, 0x00], new FramePayload(pieces));

        byte[] unmasked = new byte[length - 3];
        FrameMask.Apply(buffer.Content.Span[(2 + sizeof(uint))..], unmasked, Key);
        Assert.True(unmasked.AsSpan().SequenceEqual(whole.AsSpan(3)));
        Assert.True(plain.Content.Span[2..].SequenceEqual(whole.AsSpan(3)));
        Assert.Equal(0x80, buffer.Content.Span[1]);
    }

    [Fact]
    public void What_does_not_fit_into_an_array_is_refused_before_it_is_looked_at()
    {
        OutboundBuffer buffer = new();
        buffer.Append([], "here"u8);
        byte first = 0;
        InsufficientMemoryException refusal = Assert.Throws<InsufficientMemoryException>(
            () => buffer.Append([0x82], new FramePayload(MemoryMarshal.CreateReadOnlySpan(ref first, Array.MaxLength - 4))));
        Assert.Equal("What is to be sent does not fit into an array.", refusal.Message);
        Assert.Equal("here"u8.ToArray(), buffer.Content.ToArray());
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(OutboundBuffer.KeptLength + 1)]
    [InlineData(1024 * 1024)]
    [InlineData(5 * 1024 * 1024)]
    public void Clear_keeps_no_large_array(int length)
    {
        OutboundBuffer buffer = new();
        byte[] payload = new byte[length];
        Random.Shared.NextBytes(payload);
        buffer.Append("header"u8, payload);
        Assert.Equal([.. "header"u8, .. payload], buffer.Content.ToArray());

        buffer.Clear();
        buffer.Append([], "next"u8);

        Assert.Equal("next"u8.ToArray(), buffer.Content.ToArray());
        Assert.True(MemoryMarshal.TryGetArray(buffer.Content, out ArraySegment<byte> kept));
        Assert.InRange(kept.Array!.Length, 4, OutboundBuffer.KeptLength);
    }
}
