using Xunit;

namespace MessageWebSockets.Tests.Framing;

public sealed class FrameMaskTests
{
    [Fact]
    public void A_payload_that_comes_in_parts_is_masked_as_one()
    {
        const uint Key = 0x80442001;
        byte[] payload = [.. Enumerable.Range(0, 11).Select(static i => (byte)(i * 7))];
        byte[] whole = new byte[payload.Length];
        FrameMask.Apply(payload, whole, Key);
        for (int done = 0; done <= payload.Length; done++)
        {
            byte[] rest = new byte[payload.Length - done];
            FrameMask.Apply(payload.AsSpan(done), rest, FrameMask.Turned(Key, done));
            Assert.Equal(whole[done..], rest);
        }
    }

    [Fact]
    public void Each_byte_is_masked_with_the_byte_of_the_key_that_its_place_gives_it()
    {
        byte[] key = [0x01, 0x20, 0x44, 0x80];
        foreach (int length in Enumerable.Range(0, 200))
        {
            byte[] payload = [.. Enumerable.Range(0, length).Select(static i => (byte)(i * 7))];
            byte[] target = new byte[length + 1];
            FrameMask.Apply(payload, target, BitConverter.ToUInt32(key));

            // And nothing behind the payload is touched.
            Assert.Equal([.. payload.Select((b, i) => (byte)(b ^ key[i % 4])), 0], target);
        }
    }
}
