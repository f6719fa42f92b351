using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Server;

/// <summary>What the server makes of frames, legal and not (RFC 6455 sections 5 and 7).</summary>
public sealed class EchoServerFramingTests
{
    private const int Whole = 1;

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData(0, 5)]
    [InlineData(0, 0, 5)]
    [InlineData(5, 0)]
    [InlineData(2, 0, 3)]
    [InlineData(0, 0)]
    [InlineData(1, 1, 1, 1, 1, 1)]
    [InlineData(0, 70_000, 0, 200, 0)]
    public async Task A_message_in_any_fragments_comes_back_whole(params int[] lengths)
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions());
        using RawClient client = await RawClient.OpenAsync(server);
        byte[] message = RandomNumberGenerator.GetBytes(lengths.Sum());

        int start = 0;
        for (int i = 0; i < lengths.Length; i++)
        {
            if (i > 0)
            {
                await client.SendFrameAsync(WireOpcode.Ping, [(byte)i]);
                await client.SendFrameAsync(WireOpcode.Pong, []);
            }

            await client.SendFrameAsync(
                i == 0 ? WireOpcode.Binary : WireOpcode.Continuation, message.AsSpan(start, lengths[i]), fin: i == lengths.Length - 1);
            start += lengths[i];
        }

        List<byte> pongs = [];
        RawFrame? frame;
        while ((frame = await client.ReadFrameAsync()) is { Opcode: WireOpcode.Pong })
        {
            pongs.AddRange(frame.Payload);
        }

        Assert.Equal(WireOpcode.Binary, frame?.Opcode);
        Assert.Equal(message, frame?.Payload);
        Assert.Equal(lengths.Length - 1, pongs.Count);
    }

    [SocketFact]
    public async Task A_text_cut_anywhere_comes_back_whole()
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions());
        using RawClient client = await RawClient.OpenAsync(server);
        byte[] text = Encoding.UTF8.GetBytes("a\u00e9\u20ac\U0001d11e\0\u07ff\uffff\U0010ffff");

        // In frames cut at each place, and each of them byte by byte.
        for (int cut = 0; cut <= text.Length; cut++)
        {
            byte[] frames =
            [
                .. FrameBytes.Build(WireOpcode.Text, text.AsSpan(0, cut), fin: false, masked: true),
                .. FrameBytes.Build(WireOpcode.Continuation, text.AsSpan(cut), masked: true),
            ];
            foreach (byte b in frames)
            {
                await client.SendBytesAsync([b]);
            }

            Assert.Equal(text, (await client.ReadFrameAsync())?.Payload);
        }
    }

    public static TheoryData<string, byte[], int> IllegalFrames()
    {
        TheoryData<string, byte[], int> cases = new()
        {
            { "no mask", FrameBytes.Text("bad"), 1002 },
            {
                "no mask on a continuation",
                [.. Masked(WireOpcode.Text, "a"u8, fin: false), .. FrameBytes.Build(WireOpcode.Continuation, "b"u8)],
                1002
            },
            { "no mask on a ping", FrameBytes.Build(WireOpcode.Ping, "b"u8), 1002 },
            { "no mask on a close frame", FrameBytes.Close(1000), 1002 },
            { "a continuation of nothing", Masked(WireOpcode.Continuation, "a"u8), 1002 },
            {
                "a continuation after the last fragment",
                [.. Masked(WireOpcode.Pong, ""u8), .. Masked(WireOpcode.Continuation, "a"u8, fin: false)],
                1002
            },
            { "a message inside another", [.. Masked(WireOpcode.Text, "a"u8, fin: false), .. Masked(WireOpcode.Binary, "b"u8)], 1002 },
            {
                "fragments of a message inside another",
                [.. Masked(WireOpcode.Text, "a"u8, fin: false), .. Masked(WireOpcode.Text, "b"u8, fin: false)],
                1002
            },
            {
                "a compressed continuation",
                [.. Masked(WireOpcode.Text, "a"u8, fin: false), .. FrameBytes.Build(WireOpcode.Continuation, "b"u8, rsv: 4, masked: true)],
                1002
            },
            { "a ping in fragments", Masked(WireOpcode.Ping, ""u8, fin: false), 1002 },
            { "a close frame in fragments", Masked(WireOpcode.Close, [3, 0xE8], fin: false), 1002 },
            { "a ping of 126 bytes", Masked(WireOpcode.Ping, new byte[126]), 1002 },
            { "a close frame of 126 bytes", Masked(WireOpcode.Close, [3, 0xE8, .. new byte[124]]), 1002 },
            { "a length with its top bit, up to it", [0x82, 0xFF, 0x80], 1002 },
            { "5 bytes in a length of 16 bits, without its mask", [0x82, 0xFE, 0, 5], 1002 },
            { "65535 bytes in a length of 64 bits, without its mask", [0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], 1002 },
            { "half a close code, announced", [0x88, 0x81], 1002 },
            { "a close reason that is not UTF-8", Masked(WireOpcode.Close, [3, 0xE8, 0xC3, 0x28]), 1007 },
            { "a text that ends inside a character", Masked(WireOpcode.Text, [0x61, 0xE2, 0x82]), 1007 },
            {
                "fragments that end inside a character",
                [.. Masked(WireOpcode.Text, [0xE2], fin: false), .. Masked(WireOpcode.Continuation, [0x82])],
                1007
            },
            {
                "a surrogate, in two fragments",
                [.. Masked(WireOpcode.Text, [0xED], fin: false), .. Masked(WireOpcode.Continuation, [0xA0, 0x80])],
                1007
            },
            { "an overlong character", Masked(WireOpcode.Text, [0xC0, 0xAF]), 1007 },
            { "a character beyond U+10FFFF", Masked(WireOpcode.Text, [0xF4, 0x90, 0x80, 0x80]), 1007 },
        };
        foreach (int opcode in (int[])[3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
        {
            cases.Add($"the opcode {opcode}", Masked((WireOpcode)opcode, "x"u8), 1002);
        }

        for (int rsv = 1; rsv < 8; rsv++)
        {
            cases.Add($"the reserved bits {rsv}", FrameBytes.Build(WireOpcode.Text, "x"u8, rsv: rsv, masked: true), 1002);
            cases.Add($"the reserved bits {rsv} on a ping", FrameBytes.Build(WireOpcode.Ping, "x"u8, rsv: rsv, masked: true), 1002);
            cases.Add($"the reserved bits {rsv} on a close frame", FrameBytes.Build(WireOpcode.Close, "x"u8, rsv: rsv, masked: true), 1002);
        }

        foreach (int code in (int[])[0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535])
        {
            cases.Add($"the close code {code}", Masked(WireOpcode.Close, [(byte)(code >> 8), (byte)code]), 1002);
        }

        return cases;
    }

    // Not enumerated when tests are looked for: masks are random, and a case has to have the same identity each time.
    [Theory(Timeout = SocketFactAttribute.Patience)]
    [MemberData(nameof(IllegalFrames), DisableDiscoveryEnumeration = true)]
    public async Task An_illegal_frame_ends_the_connection_when_what_came_before_it_is_answered(string name, byte[] frames, int code)
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions());
        using RawClient client = await RawClient.OpenAsync(server);
        using RawClient other = await RawClient.OpenAsync(server);

        // Once in one segment and once byte by byte.
        await client.SendBytesAsync([.. Masked(WireOpcode.Text, "good"u8), .. frames, .. Masked(WireOpcode.Text, "never"u8)]);
        await other.SendTextAsync("good");
        foreach (byte b in frames)
        {
            await other.SendBytesAsync([b]);
        }

        foreach (RawClient each in (RawClient[])[client, other])
        {
            Assert.Equal("good", (await each.ReadFrameAsync())?.Text);
            RawFrame? end = await each.ReadFrameAsync();
            Assert.Equal((name, WireOpcode.Close, (ushort?)code), (name, end?.Opcode, end?.CloseCode));
            Assert.Null(await each.ReadFrameAsync());
        }
    }

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData(new byte[] { 0x41, 0xC3, 0x28 })]
    [InlineData(new byte[] { 0xFF })]
    [InlineData(new byte[] { 0xED, 0xA0 })]
    [InlineData(new byte[] { 0xF4, 0x90 })]
    public async Task Text_that_is_not_UTF_8_is_noticed_at_the_byte_that_makes_it_so(byte[] beginning)
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions());
        using RawClient client = await RawClient.OpenAsync(server);
        byte[] frame = FrameBytes.Build(WireOpcode.Text, [.. beginning, .. "the rest never comes"u8], masked: true);

        await client.SendBytesAsync(frame[..(6 + beginning.Length)]);

        Assert.Equal(1007, (int?)(await client.ReadFrameAsync())?.CloseCode);
    }

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData(1000)]
    [InlineData(1001)]
    [InlineData(1002)]
    [InlineData(1003)]
    [InlineData(1007)]
    [InlineData(1011)]
    [InlineData(1012)]
    [InlineData(1013)]
    [InlineData(1014)]
    [InlineData(3000)]
    [InlineData(4999)]
    public async Task A_close_code_comes_back(int code)
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions());
        using RawClient client = await RawClient.OpenAsync(server);
        byte[] payload = [0, 0, .. Encoding.UTF8.GetBytes(new string('\u00e9', 61)), (byte)'!'];
        BinaryPrimitives.WriteUInt16BigEndian(payload, (ushort)code);

        await client.SendBytesAsync([.. Masked(WireOpcode.Close, payload), .. Masked(WireOpcode.Text, "after"u8)]);

        Assert.Equal(code, (int?)(await client.ReadFrameAsync())?.CloseCode);
        Assert.Null(await client.ReadFrameAsync());
        Assert.Equal(0, server.MessagesReceived);
    }

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData("DELETE /a")]
    [InlineData("")]
    public async Task A_close_inside_a_message_is_a_close_and_no_message(string beginning)
    {
        List<string> handled = [];
        WebSocketEchoServerOptions options = new()
        {
            Handler = (message, client, token) =>
            {
                handled.Add(message.Text);
                return client.SendAsync(message.Text, token);
            },
        };
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(options);
        using RawClient client = await RawClient.OpenAsync(server);

        await client.SendBytesAsync([
            .. Masked(WireOpcode.Text, "whole"u8),
            .. Masked(WireOpcode.Text, Encoding.UTF8.GetBytes(beginning), fin: false),
            .. Masked(WireOpcode.Close, [0x03, 0xE9, .. "restart"u8])]);

        Assert.Equal("whole", (await client.ReadFrameAsync())?.Text);
        Assert.Equal(1001, (int?)(await client.ReadFrameAsync())?.CloseCode);
        Assert.Null(await client.ReadFrameAsync());
        await server.StopAsync();
        Assert.Equal(["whole"], handled);
        Assert.Equal((Whole, Whole), (server.MessagesReceived, server.MessagesSent));
    }

    [SocketFact]
    public async Task A_connection_that_ends_inside_a_message_leaves_none()
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions { Broadcast = true });
        using RawClient listener = await RawClient.OpenAsync(server);
        using (RawClient client = await RawClient.OpenAsync(server))
        {
            await client.SendFrameAsync(WireOpcode.Text, "half"u8, fin: false);
            await client.SendBytesAsync([0x80]);
        }

        await listener.SendTextAsync("whole");
        Assert.Equal("whole", (await listener.ReadFrameAsync())?.Text);
        await listener.SendTextAsync("more");
        Assert.Equal("more", (await listener.ReadFrameAsync())?.Text);
    }

    [SocketFact]
    public async Task Streams_of_legal_frames_come_back_as_they_were_sent_however_they_are_cut()
    {
        int seed = Environment.GetEnvironmentVariable("FUZZ_SEED") is { Length: > 0 } given ? int.Parse(given, null) : Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"FUZZ_SEED={seed}");
        Random random = new(seed);
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions());
        for (int round = 0; round < 8; round++)
        {
            using RawClient client = await RawClient.OpenAsync(server);
            (byte[] stream, List<byte[]> messages) = LegalStream(random);
            Task sending = Task.Run(async () =>
            {
                for (int start = 0; start < stream.Length;)
                {
                    int length = Math.Min(random.Next(1, 3000), stream.Length - start);
                    await client.SendBytesAsync(stream[start..(start + length)]);
                    start += length;
                }
            });

            List<byte[]> back = [];
            RawFrame? frame;
            while ((frame = await client.ReadFrameAsync()) is not null and not { Opcode: WireOpcode.Close })
            {
                if (frame.Opcode is WireOpcode.Text or WireOpcode.Binary)
                {
                    back.Add(frame.Payload);
                }
            }

            await sending;
            Assert.Equal((seed, 4000), (seed, (int?)frame?.CloseCode));
            Assert.Equal(messages, back);
        }
    }

    private static byte[] Masked(WireOpcode opcode, ReadOnlySpan<byte> payload, bool fin = true) =>
        FrameBytes.Build(opcode, payload, fin, masked: true);

    private static (byte[] Stream, List<byte[]> Messages) LegalStream(Random random)
    {
        List<byte> stream = [];
        List<byte[]> messages = [];
        int count = random.Next(1, 20);
        for (int i = 0; i < count; i++)
        {
            bool isText = random.Next(2) == 0;
            byte[] message =
                new byte[random.Next(4) switch { 0 => 0, 1 => random.Next(130), 2 => random.Next(5000), _ => random.Next(70_000) }];
            random.NextBytes(message);
            message = isText
                ? Encoding.UTF8.GetBytes(string.Concat(message.Select(static b => new Rune(b < 0xD8 ? b * 0x101 : b * 0x1000))))
                : message;
            messages.Add(message);
            int start = 0;
            bool isFinal;
            bool isFirst = true;
            do
            {
                int length = random.Next(3) == 0 ? 0 : Math.Min(message.Length - start, random.Next(1, 10_000));
                isFinal = start + length == message.Length && random.Next(2) == 0;
                WireOpcode opcode = !isFirst ? WireOpcode.Continuation : isText ? WireOpcode.Text : WireOpcode.Binary;
                stream.AddRange(Masked(opcode, message.AsSpan(start, length), isFinal));
                start += length;
                isFirst = false;
                if (random.Next(4) == 0)
                {
                    stream.AddRange(
                        Masked(random.Next(2) == 0 ? WireOpcode.Ping : WireOpcode.Pong, message.AsSpan(0, Math.Min(125, message.Length))));
                }
            }
            while (!isFinal);
        }

        stream.AddRange(Masked(WireOpcode.Close, [0x0F, 0xA0]));
        return ([.. stream], messages);
    }
}
