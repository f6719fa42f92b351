using System.Net.WebSockets;
using System.Text;
using System.Text.Unicode;
using MessageWebSockets.TestServer;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Messages;

/// <summary>What becomes of frames on their way to the inbox, or to the bytes of a stream, without a network.</summary>
public sealed class MessageAssemblerTests
{
    private const int Segment = Payload.SegmentLength;

    // The borders of what is put together in one array, and of the segments of what is long.
    public static TheoryData<int, int[]> Lengths { get; } = new()
    {
        { 0, [0] },
        { 5, [5] },
        { Segment - 1, [Segment - 1] },
        { Segment, [Segment] },
        { Segment + 1, [Segment + 1] },
        { 2 * Segment, [2 * Segment] },
        { (2 * Segment) + 3, [(2 * Segment) + 3] },
        { 5, [2, 3] },
        { 3, [0, 3] },
        { 2, [2, 0] },
        { 6, [1, 2, 3] },
        { Segment, [1, Segment - 1] },
        { Segment + 2, [Segment + 1, 1] },
        { Segment + 1, [Segment, 1] },
        { 2 * Segment, [Segment, Segment] },
        { (3 * Segment) + 9, [10, (2 * Segment) - 1, Segment] },
    };

    [Theory]
    [MemberData(nameof(Lengths))]
    public async Task A_message_is_put_together_however_it_comes(int length, int[] fragments)
    {
        byte[] payload = new byte[length];
        Random.Shared.NextBytes(payload);
        byte[] frames = [.. Frames(payload, fragments), .. FrameBytes.Text("next"), .. FrameBytes.Close(1000)];
        foreach (int chunk in (int[])[7001, 100_000, 1_000_000])
        {
            await using FrameStream stream = new(new ChunkedStream(frames, chunk), new FrameTraces());
            MessageAssembler messages = Messages(stream, limit: (uint)Math.Max(length, 4), isWhole: true);

            ReceivedData received = await NextAsync(messages);
            Assert.Equal((length, SocketMessageType.Binary, true), (received.Length, received.Type, received.IsComplete));
            Assert.True(payload.AsSpan().SequenceEqual(BytesOf(received)));
            Assert.Equal(length > Segment, received.Bytes is null);

            received = await NextAsync(messages);
            Assert.Equal("next"u8.ToArray(), received.Bytes);
            Assert.Equal((SocketMessageType.Utf8, true), (received.Type, received.IsComplete));
            Assert.True((await NextAsync(messages)).IsClose);
        }
    }

    [Theory]
    [InlineData(true, 11, new[] { 11 }, 11, true)]
    [InlineData(true, 11, new[] { 6, 5 }, 11, true)]
    [InlineData(true, 22, new[] { 11, 11 }, 11, false)]
    [InlineData(true, 100_000, new[] { 100_000 }, 100_000, true)]
    [InlineData(false, 11, new[] { 11 }, 11, true)]
    [InlineData(false, 12, new[] { 6, 6 }, 12, true)]
    [InlineData(false, 18, new[] { 6, 6, 6 }, 12, false)]
    public async Task A_message_above_the_limit_is_refused(bool isWhole, int length, int[] fragments, long size, bool isExact)
    {
        foreach (int chunk in (int[])[1, 1_000_000])
        {
            await using FrameStream stream = new(new ChunkedStream(Frames(new byte[length], fragments), chunk), new FrameTraces());
            MessageAssembler messages = Messages(stream, limit: 10, isWhole);

            // Of chunks those up to the limit are handed out before.
            MessageTooLargeException refusal = await Assert.ThrowsAsync<MessageTooLargeException>(async () =>
            {
                while (true)
                {
                    Assert.InRange((await NextAsync(messages)).Length, 0, 10);
                }
            });
            Assert.Equal(10, refusal.Limit);
            Assert.InRange(refusal.Size, 11, size);
            Assert.Equal(isExact && refusal.Size == size, refusal.IsExact && refusal.Size == length);
        }
    }

    [Fact]
    public async Task A_message_of_the_limit_is_taken()
    {
        foreach (bool isWhole in (bool[])[true, false])
        {
            await using FrameStream stream = new(new ChunkedStream(Frames(new byte[10], [10]), 1000), new FrameTraces());
            Assert.Equal(10, (await NextAsync(Messages(stream, limit: 10, isWhole))).Length);
        }
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(4, true)]
    [InlineData(1000, true)]
    [InlineData(1000, false)]
    public async Task Chunks_are_handed_out_as_they_come_and_no_character_is_cut(int chunk, bool isText)
    {
        byte[] text = Encoding.UTF8.GetBytes("a\u00e9\u20ac\U0001F600b\u20ac");
        byte[] frames =
        [
            .. FrameBytes.Build(isText ? WireOpcode.Text : WireOpcode.Binary, text.AsSpan(0, 5), fin: false),
            .. FrameBytes.Build(WireOpcode.Continuation, text.AsSpan(5)),
            .. FrameBytes.Build(WireOpcode.Binary, []),
            .. FrameBytes.Close(1000),
        ];
        await using FrameStream stream = new(new ChunkedStream(frames, chunk), new FrameTraces());
        MessageAssembler messages = Messages(stream, limit: 100, isWhole: false);
        List<byte> received = [];
        ReceivedData one;
        do
        {
            one = await NextAsync(messages);
            Assert.Equal(isText ? SocketMessageType.Utf8 : SocketMessageType.Binary, one.Type);
            Assert.True(one.Length > 0);
            Assert.True(!isText || Utf8.IsValid(one.Bytes));
            received.AddRange(one.Bytes!);
        }
        while (!one.IsComplete);

        Assert.Equal(text, received);
        ReceivedData empty = await NextAsync(messages);
        Assert.Equal((0, true, SocketMessageType.Binary), (empty.Length, empty.IsComplete, empty.Type));
        Assert.True((await NextAsync(messages)).IsClose);
    }

    // What was sent of a message before the close frame; and what is handed out of that.
    [Theory]
    [InlineData("", true)]
    [InlineData("ab", false)]
    public async Task A_message_that_the_close_frame_interrupts_did_not_end(string begun, bool isTold)
    {
        byte[] frames = [.. FrameBytes.Text(begun, fin: false), .. FrameBytes.Close(1000)];
        await using FrameStream whole = new(new ChunkedStream(frames, 1000), new FrameTraces());
        Assert.True((await NextAsync(Messages(whole, limit: 100, isWhole: true))).IsClose);

        await using FrameStream stream = new(new ChunkedStream(frames, 1000), new FrameTraces());
        MessageAssembler messages = Messages(stream, limit: 100, isWhole: false);
        ReceivedData first = await NextAsync(messages);
        Assert.Equal((begun.Length, false, false), (first.Length, first.IsComplete, first.IsClose));
        if (!isTold)
        {
            // What was handed out was not complete: nothing more is to be said.
            Assert.True((await NextAsync(messages)).IsClose);
            return;
        }

        Assert.True((await NextAsync(messages)).IsClose);
    }

    [Fact]
    public async Task A_whole_message_in_the_buffer_is_taken_at_once_and_nothing_else_is()
    {
        byte[] frames =
        [
            .. FrameBytes.Text("one"), .. FrameBytes.Build(WireOpcode.Binary, [1]), .. FrameBytes.Build(WireOpcode.Text, [0xFF]),
        ];
        await using FrameStream stream = new(new ChunkedStream(frames, 1000), new FrameTraces());
        MessageAssembler messages = Messages(stream, limit: 100, isWhole: true);
        Assert.False(messages.TryReceiveBuffered(out _));
        await stream.Received.FillAsync(TestContext.Current.CancellationToken);
        Assert.False(Messages(stream, limit: 100, isWhole: false).TryReceiveBuffered(out _));
        Assert.Throws<MessageTooLargeException>(() => Messages(stream, limit: 2, isWhole: true).TryReceiveBuffered(out _));

        Assert.True(messages.TryReceiveBuffered(out ReceivedData received));
        Assert.Equal((SocketMessageType.Utf8, true), (received.Type, received.IsComplete));
        Assert.Equal("one"u8.ToArray(), received.Bytes);
        Assert.True(messages.TryReceiveBuffered(out received));
        Assert.Equal((SocketMessageType.Binary, true), (received.Type, received.IsComplete));
        Assert.Throws<ProtocolViolationException>(() => messages.TryReceiveBuffered(out _));
    }

    [Fact]
    public async Task A_compressed_message_in_the_buffer_is_measured_by_what_it_becomes()
    {
        byte[] frame = FrameBytes.Build(WireOpcode.Text, FrameBytes.Deflate(new byte[11]), rsv: 4);
        await using FrameStream stream = new(new ChunkedStream([.. frame, .. frame], 1000), new FrameTraces(), new MessageInflater(true));
        await stream.Received.FillAsync(TestContext.Current.CancellationToken);

        Assert.True(Messages(stream, limit: 11, isWhole: true).TryReceiveBuffered(out ReceivedData received));
        Assert.Equal((SocketMessageType.Utf8, 11, true), (received.Type, received.Length, received.IsComplete));
        MessageTooLargeException refusal = Assert.Throws<MessageTooLargeException>(
            () => Messages(stream, limit: 10, isWhole: true).TryReceiveBuffered(out _));
        Assert.Equal((11, 10, true), (refusal.Size, refusal.Limit, refusal.IsExact));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(10_000)]
    public async Task The_bytes_of_a_stream_come_out_of_frames_and_fragments(int chunk)
    {
        byte[] payload = [.. Enumerable.Range(0, 500).Select(i => (byte)i)];
        byte[] frames =
        [
            .. Frames(payload, [100, 0, 150]), .. Frames(payload[250..], [250]), .. Frames([], [0]), .. FrameBytes.Close(1000),
        ];
        await using FrameStream stream = new(new ChunkedStream(frames, chunk), new FrameTraces());
        ByteQueue queue = new(new ReceivePause());
        StreamSource source = new(Framing(stream), stream.Reader, queue);
        byte[] read = new byte[payload.Length];
        int filled = 0;
        int completed = 0;
        while (true)
        {
            if (!source.TryReceiveBuffered(out ReceivedData received))
            {
                received = await source.ReceiveAsync();
            }

            if (received.IsClose)
            {
                break;
            }

            completed += received.IsComplete ? 1 : 0;
            queue.Commit(received.Length);
            while (queue.PayloadBytes > 0)
            {
                filled += await queue.ReadAsync(read.AsMemory(filled), TestContext.Current.CancellationToken);
            }
        }

        Assert.Equal(payload, read);
        Assert.Equal(3, completed);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(1000, true)]
    [InlineData(1000, false)]
    public async Task Text_is_refused_in_a_stream(int chunk, bool isFinal)
    {
        await using FrameStream stream = new(new ChunkedStream(FrameBytes.Text("text", fin: isFinal), chunk), new FrameTraces());
        StreamSource source = new(Framing(stream), stream.Reader, new ByteQueue(new ReceivePause()));
        ProtocolViolationException refusal = await Assert.ThrowsAsync<ProtocolViolationException>(async () => await source.ReceiveAsync());
        Assert.Equal(1003, refusal.CloseCode);

        await using FrameStream buffered = new(new ChunkedStream(FrameBytes.Text("text"), 1000), new FrameTraces());
        source = new(Framing(buffered), buffered.Reader, new ByteQueue(new ReceivePause()));
        await buffered.Received.FillAsync(TestContext.Current.CancellationToken);
        refusal = Assert.Throws<ProtocolViolationException>(() => source.TryReceiveBuffered(out _));
        Assert.Equal(1003, refusal.CloseCode);
    }

    [Fact]
    public async Task What_lies_in_the_buffer_waits_for_room_in_the_stream()
    {
        byte[] frames = [.. Frames(new byte[10], [10]), .. Frames(new byte[20], [20])];
        await using FrameStream stream = new(new ChunkedStream(frames, 1000), new FrameTraces());
        ByteQueue queue = new(new ReceivePause());
        StreamSource source = new(Framing(stream), stream.Reader, queue);
        Assert.False(source.TryReceiveBuffered(out _));
        await stream.Received.FillAsync(TestContext.Current.CancellationToken);
        queue.Write(new byte[ByteQueue.Capacity - 10]);
        queue.Commit(ByteQueue.Capacity - 10);
        Assert.True(source.TryReceiveBuffered(out ReceivedData received));
        Assert.Equal((10, true), (received.Length, received.IsComplete));
        queue.Commit(received.Length);
        Assert.False(source.TryReceiveBuffered(out _));
        Assert.Equal(ByteQueue.Capacity, await queue.ReadAsync(new byte[ByteQueue.Capacity], TestContext.Current.CancellationToken));
        Assert.True(source.TryReceiveBuffered(out received));
        Assert.Equal(20, received.Length);
    }

    [Fact]
    public async Task What_lies_in_the_buffer_behind_an_empty_message_is_taken_at_once_and_not_within_one()
    {
        byte[] frames =
        [
            .. Frames([], [0]), .. Frames(new byte[3], [3]), .. FrameBytes.Build(WireOpcode.Binary, [1], fin: false),
            .. FrameBytes.Build(WireOpcode.Continuation, [2]),
        ];
        await using FrameStream stream = new(new ChunkedStream(frames, 1000), new FrameTraces());
        StreamSource source = new(Framing(stream), stream.Reader, new ByteQueue(new ReceivePause()));
        ReceivedData empty = await source.ReceiveAsync();
        Assert.Equal((0, true), (empty.Length, empty.IsComplete));
        Assert.True(source.TryReceiveBuffered(out ReceivedData received));
        Assert.Equal((3, true), (received.Length, received.IsComplete));
        Assert.False(source.TryReceiveBuffered(out _));
        Assert.Equal(1, (await source.ReceiveAsync()).Length);
        Assert.False(source.TryReceiveBuffered(out _));
    }

    private static async Task<ReceivedData> NextAsync(MessageAssembler messages) =>
        messages.TryReceiveBuffered(out ReceivedData received) ? received : await messages.ReceiveAsync();

    private static MessageAssembler Messages(FrameStream stream, uint limit, bool isWhole) =>
        new(Framing(stream), stream.Reader, limit, isWhole);

    private static WebSocket Framing(FrameStream stream) =>
        WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { KeepAliveInterval = TimeSpan.Zero });

    private static byte[] BytesOf(ReceivedData received) => received.Bytes ?? received.Long!.ToArray();

    private static byte[] Frames(byte[] payload, int[] fragments)
    {
        List<byte> frames = [];
        int start = 0;
        for (int i = 0; i < fragments.Length; i++)
        {
            WireOpcode opcode = i == 0 ? WireOpcode.Binary : WireOpcode.Continuation;
            frames.AddRange(FrameBytes.Build(opcode, payload.AsSpan(start, fragments[i]), fin: i == fragments.Length - 1));
            start += fragments[i];
        }

        return [.. frames];
    }
}
