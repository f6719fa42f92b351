using System.Net.WebSockets;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Connections;
using MessageWebSockets.Tests.Frames;
using MessageWebSockets.Tests.Framing;
using MessageWebSockets.Tests.Loopback;
using MessageWebSockets.Tests.Messages;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Server;

/// <summary>What the server finds in the frames of a client, and what it makes of them, without a network.</summary>
public sealed class ClientFrameTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // The frames; how many bytes of them are passed on; and the code and the beginning of the reason of the end, if there is one.
    public static TheoryData<string, byte[], int, int, string> Frames()
    {
        byte[] text = Masked(WireOpcode.Text, "caf\u00e9"u8);
        byte[] begun = Masked(WireOpcode.Text, "a"u8, fin: false);
        byte[] euro = [0xE2, 0x82, 0xAC];
        byte[] ping = Masked(WireOpcode.Ping, new byte[125]);
        TheoryData<string, byte[], int, int, string> cases = new()
        {
            { "a text", text, text.Length, 0, "" },
            { "two of them", [.. text, .. text], 2 * text.Length, 0, "" },
            { "a long binary", Masked(WireOpcode.Binary, new byte[70_000]), 70_014, 0, "" },
            { "a medium binary", Masked(WireOpcode.Binary, new byte[126]), 134, 0, "" },
            { "a ping inside a message", [.. begun, .. ping, .. Masked(WireOpcode.Continuation, "b"u8)], 7 + 131 + 7, 0, "" },
            {
                "a character over fragments",
                [.. Masked(WireOpcode.Text, euro.AsSpan(0, 1), fin: false), .. Masked(WireOpcode.Continuation, euro.AsSpan(1))],
                15,
                0,
                ""
            },
            { "bytes that are no text", Masked(WireOpcode.Binary, [0xFF]), 7, 0, "" },
            { "an empty message", Masked(WireOpcode.Binary, []), 6, 0, "" },

            { "an empty close frame", [.. text, .. Masked(WireOpcode.Close, []), .. text], text.Length, 1000, "" },
            { "a close frame", Masked(WireOpcode.Close, [0x03, 0xE9, .. "bye"u8]), 0, 1001, "" },
            { "a close code that must not be sent", Masked(WireOpcode.Close, [0x03, 0xED]), 0, 1002, "The close code 1005, which" },
            { "a close reason that is not UTF-8", Masked(WireOpcode.Close, [0x03, 0xE8, 0xFF]), 0, 1007, "A close reason that is not" },
            { "half a close code", [0x88, 0x81], 0, 1002, "A close frame with half a close code" },

            { "no mask", [.. text, .. FrameBytes.Text("x")], text.Length + 1, 1002, "A frame without a mask (RFC 6455 section 5.1)." },
            { "a reserved bit", [0x91], 0, 1002, "A reserved bit (RFC 6455 section 5.2)." },
            { "a reserved opcode", [0x83], 0, 1002, "A reserved opcode (RFC 6455 section 5.2)." },
            { "a message inside another", [.. begun, 0x82], 7, 1002, "A new message inside a fragmented one" },
            { "a continuation of nothing", [0x80], 0, 1002, "A continuation of nothing" },
            { "a continuation behind the last", [.. text, 0x80], text.Length, 1002, "A continuation of nothing" },
            { "a ping in fragments", [0x09], 0, 1002, "A control frame in fragments" },
            { "a ping of 126 bytes", [0x89, 0xFE], 1, 1002, "A control frame of more than 125 bytes" },
            { "a length with its top bit", [0x82, 0xFF, 0x80], 2, 1002, "A length with its top bit set" },
            { "125 in two more bytes", [0x82, 0xFE, 0, 125], 3, 1002, "A length in more bytes than it needs" },
            { "65535 in eight more bytes", [0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], 9, 1002, "A length in more bytes than it needs" },
            { "126 in two more bytes", [0x82, 0xFE, 0, 126], 4, 0, "" },
            { "65536 in eight more bytes", [0x82, 0xFF, 0, 0, 0, 0, 0, 1, 0, 0], 10, 0, "" },
            { "text that ends inside a character", Masked(WireOpcode.Text, euro.AsSpan(0, 2)), 7, 1007, "Text that is not UTF-8" },
            { "text that is not UTF-8", Masked(WireOpcode.Text, [0x61, 0xFF]), 7, 1007, "Text that is not UTF-8" },
        };
        return cases;
    }

    // Not enumerated when tests are looked for: masks are random, and a case has to have the same identity each time.
    [Theory]
    [MemberData(nameof(Frames), DisableDiscoveryEnumeration = true)]
    public void The_first_byte_that_shows_a_fault_ends_the_frames(string what, byte[] frames, int passed, int code, string reason)
    {
        ClientFrameChecker atOnce = new(allowsCompression: false);
        int good = atOnce.Check(frames);
        ClientFrameChecker byteByByte = new(allowsCompression: false);
        int goodBytes = 0;
        foreach (byte one in frames)
        {
            goodBytes += byteByByte.Check([one]);
        }

        foreach (ConnectionEnd? end in (ConnectionEnd?[])[atOnce.End, byteByByte.End])
        {
            Assert.Equal(code, end?.Code ?? 0);
            Assert.StartsWith(reason, end?.Reason ?? "", StringComparison.Ordinal);
            Assert.Equal(reason.Length == 0, (end?.Reason ?? "").Length == 0);
        }

        // Of the payload of a frame nothing is passed on with the piece that shows a fault in it.
        Assert.Equal(code == 1007 && what.StartsWith("text", StringComparison.Ordinal) ? 6 : passed, good);
        Assert.Equal(passed, goodBytes);
        Assert.Equal(code != 0 ? 0 : 1, atOnce.Check([0x81]));
    }

    [Theory]
    [InlineData(0xC1, true)]
    [InlineData(0xC2, true)]
    [InlineData(0x41, true)]
    [InlineData(0xC0, false)]
    [InlineData(0xC9, false)]
    [InlineData(0xE1, false)]
    [InlineData(0xA1, false)]
    public void Compression_gives_the_first_reserved_bit_its_meaning(byte first, bool isGood)
    {
        ClientFrameChecker checker = new(allowsCompression: true);
        Assert.Equal(isGood ? 1 : 0, checker.Check([first]));
        Assert.Equal(isGood ? null : "A reserved bit (RFC 6455 section 5.2).", checker.End?.Reason);
        Assert.Equal(0, new ClientFrameChecker(allowsCompression: false).Check([first]));

        // What is compressed is no text yet.
        ClientFrameChecker content = new(allowsCompression: true);
        Assert.Equal(7, content.Check(FrameBytes.Build(WireOpcode.Text, [0xFF], rsv: 4, masked: true)));
        Assert.Null(content.End);
    }

    [Fact]
    public void A_long_text_is_read_through_its_mask()
    {
        byte[] text = [.. Enumerable.Repeat("\u20ac"u8.ToArray(), 1000).SelectMany(one => one)];
        byte[] frame = Masked(WireOpcode.Text, text);
        foreach (int cut in (int[])[1, 9, 1030, 2055])
        {
            ClientFrameChecker checker = new(allowsCompression: false);
            Assert.Equal(cut, checker.Check(frame.AsSpan(0, cut)));
            Assert.Equal(frame.Length - cut, checker.Check(frame.AsSpan(cut)));
            Assert.Null(checker.End);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(100_000)]
    public async Task The_framing_is_given_the_frames_that_are_right(int chunk)
    {
        byte[] good = [.. Masked(WireOpcode.Text, "early"u8), .. Masked(WireOpcode.Binary, new byte[9000])];
        byte[] bad = [.. good, 0x83];
        foreach (int early in (int[])[0, 4, 500])
        {
            ActivityClock activity = new();
            await using ChunkedStream network = new(bad[early..], chunk);
            using ClientFrameStream frames = new(network, bad.AsMemory(0, early), null, activity);
            foreach (int room in (int[])[100, 5000])
            {
                Assert.Equal(0, await frames.ReadAsync(Memory<byte>.Empty, Token));
                byte[] buffer = new byte[room];
                Assert.InRange(await frames.ReadAsync(buffer, Token), 1, room);
            }

            long received = frames.BytesReceived;
            Assert.InRange(received, 0, bad.Length - early);
            while (await frames.ReadAsync(new byte[5000], Token) > 0)
            {
            }

            Assert.Equal("A reserved opcode (RFC 6455 section 5.2).", frames.End?.Reason);
            Assert.Equal(bad.Length - early, frames.BytesReceived);
            Assert.False(frames.IsAtEnd);
            Assert.False(await frames.WaitAsync(Token));
        }
    }

    [Theory]
    [InlineData(1, 100)]
    [InlineData(1000, 5000)]
    public async Task All_that_is_right_arrives_up_to_the_end(int chunk, int room)
    {
        byte[] good = [.. Masked(WireOpcode.Text, "text"u8), .. Masked(WireOpcode.Binary, new byte[9000])];
        using ClientFrameStream frames = new(new ChunkedStream(good, chunk), default, null, new ActivityClock());

        Assert.Equal(good, await ReadFrames.ToEndAsync(frames.ReadAsync, room));
        Assert.True(frames.IsAtEnd);
        Assert.Null(frames.End);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100_000)]
    public async Task Compressed_frames_reach_the_framing_as_plain_ones(int chunk)
    {
        byte[] hello = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00];
        byte[] stream =
        [
            .. FrameBytes.Build(WireOpcode.Text, hello, rsv: 4, masked: true),
            .. Masked(WireOpcode.Ping, "p"u8),
            .. FrameBytes.Build(WireOpcode.Binary, hello.AsSpan(0, 3), fin: false, rsv: 4, masked: true),
            .. Masked(WireOpcode.Pong, ""u8),
            .. Masked(WireOpcode.Continuation, hello.AsSpan(3)),
            .. Masked(WireOpcode.Text, "plain"u8),
        ];
        foreach (int room in (int[])[1, 1000])
        {
            using ClientFrameStream frames =
                new(new ChunkedStream(stream, chunk), default, new WebSocketDeflateOptions(), new ActivityClock());

            byte[] read = await ReadFrames.ToEndAsync(frames.ReadAsync, room);

            Assert.Equal("1:Hello 9:p 10: 2:Hello 1:plain", ReadFrames.Describe(read, areMasked: true));
            Assert.True(frames.IsAtEnd);
        }
    }

    [Theory]
    [InlineData(new byte[] { 0xFF, 0xFF }, 1007, "It sent compressed data that cannot be decompressed")]
    [InlineData(new byte[] { 0x00, 0x01, 0x00, 0xFE, 0xFF, 0xFF, 0x00 }, 1007, "It sent text that is not UTF-8")]
    public async Task Compressed_data_that_is_none_ends_the_frames(byte[] payload, int code, string reason)
    {
        byte[] frame = FrameBytes.Build(WireOpcode.Text, payload, rsv: 4, masked: true);
        using ClientFrameStream frames =
            new(new ChunkedStream(frame, 1000), default, new WebSocketDeflateOptions(), new ActivityClock());
        Assert.Equal(0, await frames.ReadAsync(new byte[100], Token));
        Assert.Equal(code, (int?)frames.End?.Code);
        Assert.StartsWith(reason, frames.End?.Reason, StringComparison.Ordinal);
        Assert.Equal(0, await frames.ReadAsync(new byte[100], Token));
    }

    // TLS that was disposed of beside the read throws the second.
    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_long_message_leaves_whole_and_in_pieces()
    {
        HeldStream network = new();
        using ClientFrameStream frames = new(network, default, null, new ActivityClock());
        byte[] payload = [.. Enumerable.Range(0, 150_000).Select(static i => (byte)(i % 251))];
        Task writing = frames.WriteMessageAsync(new ServerMessage(payload, WebSocketMessageType.Binary));
        List<byte> written = [];
        while (written.Count < payload.Length + 10)
        {
            (byte[] piece, TaskCompletionSource done) = await network.NextWriteAsync(Token);
            Assert.InRange(piece.Length, 1, 64 * 1024);
            written.AddRange(piece);
            done.SetResult();
        }

        await writing;
        Assert.Equal(payload, written[10..]);
    }

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData(typeof(IOException))]
    [InlineData(typeof(ObjectDisposedException))]
    public async Task What_came_behind_a_ping_is_read_though_the_client_takes_no_answer(Type fault)
    {
        using MemoryNetwork network = new() { WriteFault = (Exception)Activator.CreateInstance(fault, "x")! };
        await network.BringAsync([.. Masked(WireOpcode.Ping, "1"u8), .. Masked(WireOpcode.Binary, "ab"u8)]);
        using ClientFrameStream frames = new(network, default, null, new ActivityClock());
        byte[] buffer = new byte[10];
        Assert.Equal(2, await new ClientPayload(frames).ReadAsync(buffer));
        Assert.Equal("ab"u8, buffer.AsSpan(0, 2));

        // That of the framing is no fault of its reads either; a message is one of who sends it.
        await frames.WriteAsync(new byte[] { 0x8A, 0x00 });
        await Assert.ThrowsAsync(fault, () => frames.WritePongAsync());
        await Assert.ThrowsAsync(fault, () => frames.WriteAsync(new byte[] { 0x82, 0x00 }).AsTask());
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 7)]
    [InlineData(100_000, 100_000)]
    public async Task A_payload_is_read_through_masks_and_pings_are_answered(int chunk, int room)
    {
        byte[] payload = [.. Enumerable.Range(0, 300).Select(i => (byte)i)];
        byte[] stream =
        [
            .. Masked(WireOpcode.Binary, payload.AsSpan(0, 100), fin: false),
            .. Masked(WireOpcode.Ping, "ping"u8),
            .. Masked(WireOpcode.Continuation, payload.AsSpan(100)),
            .. Masked(WireOpcode.Pong, "no"u8),
            .. Masked(WireOpcode.Binary, []),
        ];
        TwoWayStream network = new(new ChunkedStream(stream, chunk));
        using ClientFrameStream frames = new(network, default, null, new ActivityClock());
        ClientPayload reader = new(frames);
        List<byte> read = [];
        byte[] buffer = new byte[room];
        Assert.Equal(0, await reader.ReadAsync(Memory<byte>.Empty));
        int? count;
        while ((count = await reader.ReadAsync(buffer)) is not null)
        {
            read.AddRange(buffer[..count.Value]);
        }

        Assert.Equal(payload, read);
        Assert.Equal("8A0470696E67", Convert.ToHexString(network.Written.ToArray()));
        Assert.Null(await reader.ReadAsync(Memory<byte>.Empty));
    }

    [Theory]
    [InlineData(WireOpcode.Text, 9, 1003)]
    [InlineData(WireOpcode.Binary, 9, 0)]
    [InlineData(WireOpcode.Binary, 3, 0)]
    [InlineData(WireOpcode.Ping, 8, 0)]
    public async Task A_payload_that_is_cut_off_is_over_and_text_is_refused(WireOpcode opcode, int length, int code)
    {
        using ClientFrameStream frames =
            new(new ChunkedStream(Masked(opcode, "hello"u8)[..length], 1000), default, null, new ActivityClock());
        ClientPayload reader = new(frames);
        byte[] buffer = new byte[100];
        if (code != 0)
        {
            ProtocolViolationException refusal =
                await Assert.ThrowsAsync<ProtocolViolationException>(async () => await reader.ReadAsync(buffer));
            Assert.Equal(code, refusal.CloseCode);
            return;
        }

        if (opcode == WireOpcode.Binary && length == 9)
        {
            Assert.Equal(3, await reader.ReadAsync(buffer));
            Assert.Equal("hel"u8.ToArray(), buffer[..3]);
        }

        Assert.Null(await reader.ReadAsync(buffer));
    }

    private static byte[] Masked(WireOpcode opcode, ReadOnlySpan<byte> payload, bool fin = true) =>
        FrameBytes.Build(opcode, payload, fin, masked: true);
}
