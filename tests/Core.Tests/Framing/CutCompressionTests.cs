using System.Text;
using MessageWebSockets.Errors;
using MessageWebSockets.Framing;
using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Framing;

/// <summary>A compressed message that was cut off is never taken for a whole one (RFC 7692 section 7.2.1).</summary>
public sealed class CutCompressionTests
{
    // Blocks that are stored, with fixed codes, with codes of their own, and several of these.
    public static TheoryData<string, byte[]> Contents { get; } = new()
    {
        { "one byte", "a"u8.ToArray() },
        { "a short text", "The quick brown fox jumps over the lazy dog."u8.ToArray() },
        { "a text with repetitions", Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("The quick brown fox. ", 20))) },
        { "numbers", Encoding.UTF8.GetBytes(string.Join(' ', Enumerable.Range(0, 600).Select(number => number * number))) },
        { "what cannot be compressed", Noise(3000) },
        {
            "all of them",
            [.. Noise(500), .. new byte[5000], .. Encoding.UTF8.GetBytes(string.Join(',', Enumerable.Range(0, 400))), .. Noise(500)]
        },
    };

    [Theory]
    [MemberData(nameof(Contents))]
    public void A_message_cut_at_any_byte_is_refused(string kind, byte[] content)
    {
        byte[] compressed = FrameBytes.Deflate(content);
        using (MessageInflater inflater = new(keepsContext: true))
        {
            Assert.Equal(content, Inflate(inflater, compressed));
            Assert.Equal(content, Inflate(inflater, compressed));
        }

        for (int length = 0; length < compressed.Length; length++)
        {
            if (length == 1 && compressed[0] == 0)
            {
                // The head of a stored block is all of an empty message.
                continue;
            }

            using MessageInflater inflater = new(keepsContext: true);

            ProtocolViolationException? refusal =
                Record.Exception(() => Inflate(inflater, compressed.AsMemory(0, length))) as ProtocolViolationException;

            Assert.True(
                refusal is { CloseCode: ProtocolViolationException.InvalidData },
                $"{kind}, the first {length} bytes of {compressed.Length}");
        }
    }

    [Theory]
    [InlineData("000a00f5ff68656c6c6f")] // 5 bytes of a stored block of 10
    [InlineData("00ffff000068656c6c6f")] // 5 bytes of one of 65,535
    [InlineData("")]
    public void What_is_no_whole_block_is_refused(string hex)
    {
        using MessageInflater inflater = new(keepsContext: true);

        Assert.Throws<ProtocolViolationException>(() => Inflate(inflater, Convert.FromHexString(hex)));
    }

    // What a sender ends with a final block (section 7.2.3.4), and what comes behind that.
    [Theory]
    [InlineData("f348cdc9c90700", true)]
    [InlineData("f348cdc9c9070000", true)]
    [InlineData("f348cdc9c9070001", false)]
    [InlineData("f348cdc9c907000000", false)]
    [InlineData("f348cdc9c90700000000ffff", false)]
    [InlineData("f348cdc9c90700f348cdc9c90700", false)]
    public void Behind_a_final_block_comes_nothing_but_the_rest_of_an_empty_one(string hex, bool isGood)
    {
        using MessageInflater inflater = new(keepsContext: true);
        if (!isGood)
        {
            ProtocolViolationException refusal =
                Assert.Throws<ProtocolViolationException>(() => Inflate(inflater, Convert.FromHexString(hex)));
            Assert.Contains("behind a final block", refusal.Message, StringComparison.Ordinal);
            return;
        }

        Assert.Equal("Hello"u8.ToArray(), Inflate(inflater, Convert.FromHexString(hex)));
        Assert.Equal("Hello"u8.ToArray(), Inflate(inflater, Convert.FromHexString("f248cdc9c90700")));
    }

    // Wherever the message is cut into pieces, the last of which may be empty.
    [Theory]
    [InlineData("f248cdc9c90700", true)]
    [InlineData("f348cdc9c90700", true)]
    [InlineData("f348cdc9c9070000", true)]
    [InlineData("f348cdc9c9070001", false)]
    [InlineData("f348cdc9c907000000", false)]
    [InlineData("f348cdc9c907000001", false)]
    public void Pieces_of_a_message_are_taken_as_the_message_is(string hex, bool isGood)
    {
        byte[] compressed = Convert.FromHexString(hex);
        for (int first = 0; first <= compressed.Length; first++)
        {
            for (int second = first; second <= compressed.Length; second++)
            {
                using MessageInflater inflater = new(keepsContext: true);
                ReadOnlyMemory<byte>[] pieces =
                    [compressed.AsMemory(0, first), compressed.AsMemory(first, second - first), compressed.AsMemory(second)];
                if (isGood)
                {
                    Assert.Equal("Hello"u8.ToArray(), Inflate(inflater, pieces));
                    Assert.Equal("Hello"u8.ToArray(), Inflate(inflater, Convert.FromHexString("f248cdc9c90700")));
                }
                else
                {
                    Assert.Throws<ProtocolViolationException>(() => Inflate(inflater, pieces));
                }
            }
        }
    }

    [Fact]
    public void An_empty_message_is_an_empty_block()
    {
        using MessageInflater inflater = new(keepsContext: true);

        Assert.Empty(Inflate(inflater, new byte[] { 0 }));
        Assert.Equal("Hello"u8.ToArray(), Inflate(inflater, Convert.FromHexString("f248cdc9c90700")));
        Assert.Equal("Hello"u8.ToArray(), Inflate(inflater, Convert.FromHexString("f200110000")));
    }

    // The bits that a head has there are all that count: how many codes there are, and what lengths the codes of their lengths have.
    [Fact]
    public void A_message_cut_in_the_head_of_a_block_close_behind_content_is_refused()
    {
        for (int length = 3; length <= 22; length++)
        {
            int freeBits = Math.Max(0, length - 13);
            for (int free = 0; free < 1 << freeBits; free++)
            {
                foreach (int counts in (int[])[0, 0x1F, 0x3BD, 0x3A0])
                {
                    int head = 0b100 | (counts << 3) | (free << 13);
                    byte[] compressed = ContentAndHead(head & ((1 << length) - 1), length);
                    using MessageInflater inflater = new(keepsContext: true);

                    Exception? refusal = Record.Exception(() => Inflate(inflater, compressed));

                    Assert.True(refusal is ProtocolViolationException, $"{length} bits of a head, {head:X}");
                }
            }
        }
    }

    // A block in which "a" and the end have a bit each, and a part of the head of the next, up to the end of a byte.
    private static byte[] ContentAndHead(int head, int headLength)
    {
        const string Twos = "010";
        const string None = "000";
        string lengthsOfLengths = None + None + "100" + Twos + string.Concat(Enumerable.Repeat(None, 13)) + Twos;
        const string Zeros97 = "0" + "0110101";
        const string Zeros138 = "0" + "1111111";
        const string Zeros20 = "0" + "1001000";
        const string One = "11";
        const string Zero = "10";
        string block = "001" + "00000" + "00000" + "0111" + lengthsOfLengths + Zeros97 + One + Zeros138 + Zeros20 + One + Zero;
        int contents = 8 - ((block.Length + 1 + headLength) % 8) + 16;
        string bits = block + new string('0', contents) + "1"
            + string.Concat(Enumerable.Range(0, headLength).Select(bit => (char)('0' + ((head >> bit) & 1))));
        return [.. bits.Chunk(8).Select(eight => (byte)eight.Select((bit, place) => (bit - '0') << place).Sum())];
    }

    private static byte[] Noise(int length)
    {
        byte[] noise = new byte[length];
        new Random(7692).NextBytes(noise);
        return noise;
    }

    private static byte[] Inflate(MessageInflater inflater, params ReadOnlySpan<ReadOnlyMemory<byte>> pieces)
    {
        using MemoryStream content = new();
        byte[] buffer = new byte[1000];
        for (int piece = 0; piece < pieces.Length; piece++)
        {
            inflater.Give(pieces[piece], isEnd: piece == pieces.Length - 1);
            while (inflater.Inflate(buffer) is > 0 and int count)
            {
                content.Write(buffer, 0, count);
            }
        }

        return content.ToArray();
    }
}
