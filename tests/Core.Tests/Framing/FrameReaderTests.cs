using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Messages;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Framing;

/// <summary>What the framing is given of a stream of frames, without a network and without the framing.</summary>
public sealed class FrameReaderTests
{
    private static readonly byte[] s_twoBytesOfEuro = [0xE2, 0x82];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 1000)]
    [InlineData(1000, 3)]
    [InlineData(1000, 1000)]
    public async Task A_read_gives_bytes_of_one_frame_as_they_came(int chunk, int room)
    {
        byte[][] frames =
        [
            FrameBytes.Text("a"),
            FrameBytes.Build(WireOpcode.Ping, "ping"u8),
            FrameBytes.Build(WireOpcode.Binary, new byte[300]),
            FrameBytes.Text("caf", fin: false),
            FrameBytes.Build(WireOpcode.Pong, []),
            FrameBytes.Build(WireOpcode.Continuation, []),
            FrameBytes.Build(WireOpcode.Binary, []),
        ];
        using FrameReader reader = Reader([.. frames.SelectMany(frame => frame)], chunk);
        byte[] buffer = new byte[room];

        for (int i = 0; i < frames.Length; i++)
        {
            List<byte> frame = [];
            while (frame.Count < frames[i].Length)
            {
                int count = await reader.ReadAsync(buffer, Token);
                Assert.InRange(count, 1, frames[i].Length - frame.Count);
                frame.AddRange(buffer[..count]);
                Assert.Equal(frames[i][0], reader.CurrentFrame.FirstByte);
            }

            Assert.Equal(frames[i], frame);
            Assert.Equal(i + 1, reader.FramesReceived);
        }

        Assert.Equal(0, await reader.ReadAsync(buffer, Token));
        Assert.Null(reader.ReceivedClose);
    }

    [Theory]
    [InlineData("82")]
    [InlineData("827E00")]
    [InlineData("8203AABB")]
    [InlineData("827F00000000")]
    public async Task What_there_is_of_a_frame_at_the_end_is_passed_on(string hex)
    {
        using FrameReader reader = Reader(Convert.FromHexString(hex));

        Assert.Equal(hex, Convert.ToHexString(await ReadToEndAsync(reader)));
    }

    [Fact]
    public async Task A_message_in_the_buffer_is_taken_past_the_framing()
    {
        using FrameReader reader = Reader([.. FrameBytes.Text("hello"), .. FrameBytes.Build(WireOpcode.Binary, new byte[200])], chunk: 110);
        Assert.False(reader.TryPeekFrame(out _));
        await reader.Buffer.FillAsync(Token);

        Assert.True(reader.TryPeekFrame(out FrameHeader text));
        Assert.True(reader.IsBuffered(text));
        Assert.Equal("hello"u8, reader.TakeBuffered(text));
        Assert.Equal(1, reader.FramesReceived);

        Assert.True(reader.TryPeekFrame(out FrameHeader binary));
        Assert.Equal(200, binary.PayloadLength);
        Assert.False(reader.IsBuffered(binary));
        await reader.Buffer.FillAsync(Token);
        Assert.True(reader.IsBuffered(binary));

        // Not while the framing is in the middle of one.
        Assert.Equal(1, await reader.ReadAsync(new byte[1], Token));
        Assert.False(reader.TryPeekFrame(out _));
        Assert.Equal(3, await reader.ReadAsync(new byte[3], Token));
        Assert.False(reader.TryPeekFrame(out _));
        Assert.Equal(200, await reader.ReadAsync(new byte[500], Token));
        Assert.Equal(2, reader.FramesReceived);
    }

    [Fact]
    public async Task A_message_is_in_the_buffer_with_its_last_byte()
    {
        byte[] frame = FrameBytes.Text("hello");
        using FrameReader reader = Reader(frame, frame.Length - 1);
        await reader.Buffer.FillAsync(Token);
        Assert.True(reader.TryPeekFrame(out FrameHeader header));
        Assert.False(reader.IsBuffered(header));
        await reader.Buffer.FillAsync(Token);
        Assert.True(reader.IsBuffered(header));
    }

    [Fact]
    public async Task How_much_of_a_payload_has_come_is_known()
    {
        byte[] payload = [.. Enumerable.Range(0, 100).Select(i => (byte)i)];
        using FrameReader reader = Reader([.. FrameBytes.Build(WireOpcode.Binary, payload), .. FrameBytes.Text("next")], chunk: 50);
        byte[] buffer = new byte[100];

        Assert.Equal(2, await reader.ReadAsync(buffer.AsMemory(0, 2), Token));
        Assert.Equal(48, reader.PayloadArrived);
        Assert.Equal(40, await reader.ReadAsync(buffer.AsMemory(0, 40), Token));
        Assert.Equal(48, reader.PayloadArrived);
        Assert.Equal(8, await reader.ReadAsync(buffer.AsMemory(40), Token));
        Assert.Equal(50, await reader.WaitForPayloadAsync(buffer.AsMemory(48)));
        Assert.Equal(98, reader.PayloadArrived);
        Assert.Equal(50, await reader.ReadAsync(buffer.AsMemory(48, 50), Token));

        // Of the next frame there is something here as well.
        Assert.Equal(2, await reader.WaitForPayloadAsync(buffer.AsMemory(98)));
        Assert.Equal(100, reader.PayloadArrived);
        Assert.Equal(2, await reader.ReadAsync(buffer.AsMemory(98), Token));
        Assert.Equal(payload, buffer);
    }

    [Fact]
    public async Task A_wait_for_payload_ends_with_the_connection()
    {
        using FrameReader reader = Reader([0x82, 5, 1]);
        byte[] buffer = new byte[10];
        Assert.Equal(2, await reader.ReadAsync(buffer.AsMemory(0, 2), Token));
        Assert.Equal(1, await reader.ReadAsync(buffer, Token));

        Assert.Equal(0, await reader.WaitForPayloadAsync(buffer));
        Assert.Equal(0, await reader.ReadAsync(buffer, Token));
    }

    // What is left of the frame; how much memory there is; and how much of that the network is asked for, or the buffer.
    [Theory]
    [InlineData(65_536, 16_384, 16_384)]
    [InlineData(65_536, 200_000, 65_536)]
    [InlineData(65_536, 16_383, 0)]
    [InlineData(65_535, 16_384, 0)]
    public async Task A_long_payload_is_waited_for_in_the_memory_that_it_goes_to(int length, int room, int asked)
    {
        byte[] payload = new byte[length];
        Random.Shared.NextBytes(payload);
        byte[] frame = FrameBytes.Build(WireOpcode.Binary, payload);
        int headerLength = frame.Length - length;

        // The first read brings the header alone.
        await using HeaderFirstStream network = new(frame, headerLength);
        using FrameReader reader = new(network, new FrameTraces(), new PingBook(), null);
        byte[] buffer = new byte[room];
        Assert.Equal(headerLength, await reader.ReadAsync(buffer.AsMemory(0, headerLength), Token));

        int arrived = await reader.WaitForPayloadAsync(buffer);
        Assert.Equal(asked > 0, network.Asked == asked);
        Assert.Equal(network.Given, arrived);
        int reads = network.Reads;
        int taken = Math.Min(arrived, room);
        Assert.Equal(taken, await reader.ReadAsync(buffer.AsMemory(0, taken), Token));
        Assert.Equal(reads, network.Reads);
        Assert.True(payload.AsSpan(0, taken).SequenceEqual(buffer.AsSpan(0, taken)));
        Assert.Equal(Math.Max(arrived, taken), reader.PayloadArrived);
    }

    [Theory]
    [InlineData('a', true)]
    [InlineData('\u00ff', false)]
    public async Task A_long_text_that_is_read_past_the_buffer_is_watched_and_the_next_frame_is_found(char last, bool isGood)
    {
        byte[] text = [.. Enumerable.Repeat((byte)'x', 399_999), (byte)last];
        byte[] bytes = [.. FrameBytes.Build(WireOpcode.Text, text), .. FrameBytes.Build(WireOpcode.Binary, "b"u8)];
        using FrameReader reader = new(new ChunkedStream(bytes, 100_000), new FrameTraces(), new PingBook(), null);

        if (!isGood)
        {
            ProtocolViolationException refusal =
                await Assert.ThrowsAsync<ProtocolViolationException>(() => ReadFrames.ToEndAsync(reader.ReadAsync, 300_000));
            Assert.Equal(1007, refusal.CloseCode);
            return;
        }

        Assert.Equal(bytes, await ReadFrames.ToEndAsync(reader.ReadAsync, 300_000));
        Assert.Equal(2, reader.FramesReceived);
    }

    [Fact]
    public async Task Text_that_lies_in_the_memory_it_goes_to_is_watched()
    {
        byte[] frame = FrameBytes.Build(WireOpcode.Text, [.. new byte[69_999], 0xFF]);
        await using HeaderFirstStream network = new(frame, frame.Length - 70_000);
        using FrameReader reader = new(network, new FrameTraces(), new PingBook(), null);
        byte[] buffer = new byte[70_000];
        await reader.ReadAsync(buffer.AsMemory(0, frame.Length - 70_000), Token);
        Assert.Equal(70_000, await reader.WaitForPayloadAsync(buffer));

        await Assert.ThrowsAsync<ProtocolViolationException>(async () => await reader.ReadAsync(buffer, Token));
    }

    [Fact]
    public async Task A_close_frame_is_read_here_and_an_empty_one_stands_for_it()
    {
        using FrameReader reader = Reader(FrameBytes.Build(WireOpcode.Close, [0x03, 0xF5, .. "later"u8]));
        byte[] one = new byte[1];

        Assert.Equal(1, await reader.ReadAsync(one, Token));
        Assert.Equal(0x88, one[0]);
        Assert.Equal(new WebSocketCloseResult(1013, "later"), reader.ReceivedClose);
        Assert.Equal((0x88, 0L), (reader.CurrentFrame.FirstByte, reader.CurrentFrame.PayloadLength));
        Assert.False(reader.TryPeekFrame(out _));
        Assert.Equal(1, await reader.ReadAsync(one, Token));
        Assert.Equal(0, one[0]);
        Assert.Equal(0, await reader.ReadAsync(one, Token));
        Assert.Equal(1, reader.FramesReceived);
    }

    [Fact]
    public async Task A_pong_answers_its_ping_and_a_ping_none()
    {
        PingBook pings = new();
        PendingPing ping = pings.Begin();
        ping.End = 1;
        pings.NoteSending(1);
        byte[] id = [0, 0, 0, 0, 0, 0, 0, 1];
        byte[] frames = [.. FrameBytes.Build(WireOpcode.Ping, id), .. FrameBytes.Build(WireOpcode.Pong, id)];
        using FrameReader reader = new(new ChunkedStream(frames, 1000), new FrameTraces(), pings, null);
        byte[] buffer = new byte[100];

        Assert.Equal(10, await reader.ReadAsync(buffer, Token));
        Assert.False(ping.Task.IsCompleted);
        Assert.Equal(10, await reader.ReadAsync(buffer, Token));
        Assert.True(ping.Task.IsCompletedSuccessfully);
    }

    [Theory]
    [InlineData("8801", "half a close code")]
    [InlineData("827F8000000000000000", "top bit")]
    [InlineData("827E0000", "more bytes than it needs")]
    [InlineData("827E0001", "more bytes than it needs")]
    [InlineData("897E0001", "more bytes than it needs")]
    public async Task What_a_header_shows_is_refused_before_the_payload_comes(string hex, string reason)
    {
        using FrameReader reader = Reader(Convert.FromHexString(hex));

        ProtocolViolationException refusal =
            await Assert.ThrowsAsync<ProtocolViolationException>(async () => await reader.ReadAsync(new byte[100], Token));
        Assert.Equal(1002, refusal.CloseCode);
        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
        Assert.Equal(0, reader.FramesReceived);
    }

    public static TheoryData<string, byte[], bool> Texts { get; } = new()
    {
        { "whole", FrameBytes.Text("caf\u00e9"), true },
        { "cut inside a character", [.. Text(s_twoBytesOfEuro, false), .. Continuation([0xAC])], true },
        { "cut with a ping between", [.. Text(s_twoBytesOfEuro, false), 0x89, 1, 0xFF, .. Continuation([0xAC])], true },
        {
            "cut with an empty fragment between",
            [.. Text(s_twoBytesOfEuro, false), .. Continuation([], false), .. Continuation([0xAC])],
            true
        },
        { "in three fragments", [.. Text([0xE2], false), .. Continuation([0x82], false), .. Continuation([0xAC])], true },
        { "two of them", [.. Text("a"u8), .. Text("b"u8)], true },
        { "bytes", FrameBytes.Build(WireOpcode.Binary, [0xFF]), true },
        { "bytes in fragments", [.. FrameBytes.Build(WireOpcode.Binary, [0xFF], fin: false), .. Continuation([0xFF])], true },
        { "bytes after text", [.. Text("a"u8), .. FrameBytes.Build(WireOpcode.Binary, [0xFF])], true },
        { "text after bytes", [.. FrameBytes.Build(WireOpcode.Binary, [0xFF]), .. Text([0xFF])], false },
        { "not UTF-8", Text([0xFF]), false },
        { "ends inside a character", Text(s_twoBytesOfEuro), false },
        { "ends inside a character in a fragment", [.. Text("a"u8, false), .. Continuation(s_twoBytesOfEuro)], false },
        { "ends inside a character with an empty fragment", [.. Text(s_twoBytesOfEuro, false), .. Continuation([])], false },
        { "not UTF-8 over fragments", [.. Text(s_twoBytesOfEuro, false), .. Continuation([0x28], false)], false },
        { "not UTF-8 in the second message", [.. Text("a"u8), .. Text([0xFF])], false },

        // The framing refuses them: there is no text to watch.
        { "a continuation of nothing", Continuation([0xFF]), true },
        { "text inside text", [.. Text("a"u8, false), .. Text([0xFF])], true },
        { "masked", [0x81, 0x81, 0, 0, 0, 0, 0xFF], true },
        { "a reserved bit", FrameBytes.Build(WireOpcode.Text, [0xFF], rsv: 2), true },
        { "compressed where that was not agreed", FrameBytes.Build(WireOpcode.Text, [0xFF], rsv: 4), true },
    };

    [Theory]
    [MemberData(nameof(Texts))]
    public async Task Text_is_watched(string what, byte[] frames, bool isGood)
    {
        foreach (int chunk in (int[])[1, 1000])
        {
            using FrameReader reader = Reader(frames, chunk);
            if (isGood)
            {
                Assert.Equal(frames, await ReadToEndAsync(reader));
            }
            else
            {
                ProtocolViolationException refusal =
                    await Assert.ThrowsAsync<ProtocolViolationException>(() => ReadToEndAsync(reader));
                Assert.True(refusal.CloseCode == 1007, what);
            }
        }
    }

    private static FrameReader Reader(byte[] bytes, int chunk = 1000) =>
        new(new ChunkedStream(bytes, chunk), new FrameTraces(), new PingBook(), null);

    private static byte[] Text(ReadOnlySpan<byte> payload, bool fin = true) => FrameBytes.Build(WireOpcode.Text, payload, fin);

    private static byte[] Continuation(ReadOnlySpan<byte> payload, bool fin = true) =>
        FrameBytes.Build(WireOpcode.Continuation, payload, fin);

    private static Task<byte[]> ReadToEndAsync(FrameReader reader) => ReadFrames.ToEndAsync(reader.ReadAsync, room: 100);

    /// <summary>Gives the header of a frame, and then as much as is asked for.</summary>
    private sealed class HeaderFirstStream(byte[] frame, int headerLength) : SequentialStream
    {
        private int _position;

        /// <summary>The room of the last read.</summary>
        public int Asked { get; private set; }

        /// <summary>What the last read got.</summary>
        public int Given { get; private set; }

        public int Reads { get; private set; }

        public override bool CanRead => true;

        public override bool CanWrite => false;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Reads++;
            Asked = buffer.Length;
            int available = _position < headerLength ? headerLength - _position : frame.Length - _position;
            Given = Math.Min(available, buffer.Length);
            frame.AsMemory(_position, Given).CopyTo(buffer);
            _position += Given;
            return new ValueTask<int>(Given);
        }
    }
}
