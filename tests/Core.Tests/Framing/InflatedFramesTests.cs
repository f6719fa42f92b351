using System.Buffers;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Messages;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Framing;

/// <summary>Which plain frames the framing is given for the frames of a compressed message (RFC 7692 section 6).</summary>
public sealed class InflatedFramesTests
{
    // Of the examples of section 7.2.3, some in fragments. What they become: the opcode and the payload of each message and control frame.
    [Theory]
    [InlineData("c107f248cdc9c90700", "1:Hello", 1)]
    [InlineData("c207f248cdc9c90700", "2:Hello", 1)]
    [InlineData("4103f248cd8004c9c90700", "1:Hello", 2)]
    [InlineData("41008007f248cdc9c90700", "1:Hello", 2)]
    [InlineData("4103f248cd00008004c9c90700", "1:Hello", 3)]
    [InlineData("c10100", "1:", 1)]
    [InlineData("4100800100", "1:", 2)]
    [InlineData("4103f248cd8901788004c9c90700", "9:x 1:Hello", 3)]
    [InlineData("c107f248cdc9c90700c105f200110000", "1:Hello 1:Hello", 2)]
    [InlineData("c107f248cdc9c90700820178", "1:Hello 2:x", 2)]
    public async Task Frames_of_a_compressed_message_become_plain_ones(string hex, string messages, int frames)
    {
        foreach (int chunk in (int[])[1, 2, 1000])
        {
            using FrameReader reader = Reader(Convert.FromHexString(hex), chunk);

            Assert.Equal(messages, ReadFrames.Describe(await ReadToEndAsync(reader), areMasked: false));
            Assert.Equal(frames, reader.FramesReceived);
        }
    }

    // A fragment that has nothing in it begins a message, and is left out of one.
    [Theory]
    [InlineData("41008007f248cdc9c90700", "0100800548656c6c6f")]
    [InlineData("4103f248cd00008004c9c90700", "0102486580036c6c6f")]
    public async Task An_empty_fragment_is_a_frame_where_it_is_the_first(string hex, string plain)
    {
        using FrameReader reader = Reader(Convert.FromHexString(hex), 1000);
        Assert.Equal(plain, Convert.ToHexStringLower(await ReadToEndAsync(reader)));
    }

    [Fact]
    public async Task What_was_made_stays_until_it_was_read_whole()
    {
        byte[] text = [.. Enumerable.Range(0, 4000).Select(static i => (byte)('a' + (i % 23)))];
        using FrameReader reader = Reader(FrameBytes.Build(WireOpcode.Text, FrameBytes.Deflate(text), rsv: 4), 100_000);
        List<byte> read = [];
        byte[] buffer = new byte[1000];
        int count;
        while ((count = await reader.ReadAsync(buffer, TestContext.Current.CancellationToken)) > 0)
        {
            read.AddRange(buffer[..count]);

            // Memory that was given back too early goes to whoever rents next.
            ArrayPool<byte>.Shared.Rent(16 * 1024).AsSpan().Fill(0xFF);
        }

        Assert.Equal(text, read[4..]);
    }

    [Theory]
    [InlineData(16 * 1024)]
    [InlineData((16 * 1024) - FrameHeader.MaxLength)]
    [InlineData(100_000)]
    public async Task A_long_message_becomes_frames_that_fit_the_buffer(int length)
    {
        byte[] text = [.. Enumerable.Range(0, length).Select(i => (byte)('a' + (i % 23)))];
        using FrameReader reader = Reader(FrameBytes.Build(WireOpcode.Text, FrameBytes.Deflate(text), rsv: 4), 1000);
        List<byte> payload = [];
        bool isFirst = true;
        bool isFinal = false;
        byte[] buffer = new byte[64 * 1024];
        int count;
        while ((count = await reader.ReadAsync(buffer, TestContext.Current.CancellationToken)) > 0)
        {
            Assert.False(isFinal);
            Assert.True(FrameHeader.TryParse(buffer.AsSpan(0, count), out FrameHeader header));
            Assert.Equal(reader.CurrentFrame, header);
            Assert.Equal(count, header.HeaderLength + header.PayloadLength);
            Assert.Equal(isFirst ? FrameOpcode.Text : FrameOpcode.Continuation, header.Opcode);
            Assert.Equal(0, header.ReservedBits);
            Assert.InRange(count, 1, 16 * 1024);
            payload.AddRange(buffer[header.HeaderLength..count]);
            (isFirst, isFinal) = (false, header.IsFinal);
        }

        Assert.True(isFinal);
        Assert.Equal(text, payload);
    }

    [Theory]
    [InlineData(new byte[] { (byte)'a', 0xFF }, true, false)]
    [InlineData(new byte[] { (byte)'a', 0xE2, 0x82 }, true, false)]
    [InlineData(new byte[] { 0xE2, 0x82, 0xAC }, true, true)]
    [InlineData(new byte[] { 0xFF }, false, true)]
    public async Task Text_is_watched_where_it_is_decompressed(byte[] content, bool isText, bool isGood)
    {
        byte[] stored = [0x00, (byte)content.Length, 0x00, (byte)~content.Length, 0xFF, .. content, 0x00];
        using FrameReader reader = Reader(FrameBytes.Build(isText ? WireOpcode.Text : WireOpcode.Binary, stored, rsv: 4), 1);

        Exception? refusal = await Record.ExceptionAsync(() => ReadToEndAsync(reader));

        Assert.Equal(!isGood, refusal is ProtocolViolationException { CloseCode: 1007 });
    }

    [Theory]
    [InlineData("c18100000000", "masked")]
    [InlineData("0100c100", "within another one")]
    [InlineData("4101f2c100", "within another one")]
    [InlineData("0100c000", "not the first one of a message")]
    [InlineData("c900", "not the first one of a message")]
    public async Task The_bit_of_compression_in_the_wrong_place_is_told_as_that(string hex, string reason)
    {
        using FrameReader reader = Reader(Convert.FromHexString(hex), 1000);

        ProtocolViolationException refusal =
            await Assert.ThrowsAsync<ProtocolViolationException>(() => ReadToEndAsync(reader));

        Assert.Equal(1002, refusal.CloseCode);
        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("c107f248cdc9c90700c105f200110000", false)]
    [InlineData("c107f248cdc9c90700c107f248cdc9c90700", true)]
    public async Task Without_a_kept_context_no_message_refers_to_one_before_it(string hex, bool isGood)
    {
        using FrameReader reader = Reader(Convert.FromHexString(hex), 1000, keepsContext: false);

        Exception? refusal = await Record.ExceptionAsync(() => ReadToEndAsync(reader));

        Assert.Equal(!isGood, refusal is ProtocolViolationException { CloseCode: 1007 });
    }

    private static FrameReader Reader(byte[] bytes, int chunk, bool keepsContext = true) =>
        new(new ChunkedStream(bytes, chunk), new FrameTraces(), new PingBook(), new MessageInflater(keepsContext));

    private static Task<byte[]> ReadToEndAsync(FrameReader reader) => ReadFrames.ToEndAsync(reader.ReadAsync, room: 7);
}
