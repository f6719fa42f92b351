using System.Runtime.InteropServices;
using Xunit;

namespace MessageWebSockets.Tests.Frames;

public sealed class OutboundBufferTests
{
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
