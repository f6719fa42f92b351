using System.IO.Compression;
using System.Net.WebSockets;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Server;

/// <summary>permessage-deflate of the server (RFC 7692).</summary>
public sealed class EchoServerCompressionTests
{
    // "Hello" of RFC 7692 section 7.2.3.1.
    private static readonly byte[] Hello = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00];

    // Of section 7.2.3.4: it ends with a final DEFLATE block.
    private static readonly byte[] FinalHello = [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00];

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData(null, null)]
    [InlineData("permessage-deflate", "permessage-deflate")]
    [InlineData("permessage-deflate; client_max_window_bits", "permessage-deflate")]
    [InlineData("permessage-deflate; client_max_window_bits=8", "permessage-deflate")]
    [InlineData("permessage-deflate; server_no_context_takeover", "permessage-deflate; server_no_context_takeover")]
    [InlineData("permessage-deflate; client_no_context_takeover", "permessage-deflate; client_no_context_takeover")]
    [InlineData("permessage-deflate; server_max_window_bits=10", "permessage-deflate; server_max_window_bits=10")]
    [InlineData("permessage-deflate; server_max_window_bits=\"15\"", "permessage-deflate; server_max_window_bits=15")]
    [InlineData("permessage-deflate ; server_max_window_bits = 9", "permessage-deflate; server_max_window_bits=9")]
    [InlineData("permessage-deflate; server_max_window_bits=8", null)]
    [InlineData("permessage-deflate; server_max_window_bits=16", null)]
    [InlineData("permessage-deflate; server_max_window_bits=010", null)]
    [InlineData("permessage-deflate; server_max_window_bits", null)]
    [InlineData("permessage-deflate; client_max_window_bits=7", null)]
    [InlineData("permessage-deflate; server_no_context_takeover=1", null)]
    [InlineData("permessage-deflate; server_no_context_takeover; server_no_context_takeover", null)]
    [InlineData("permessage-deflate; unknown", null)]
    [InlineData("permessage-bzip2", null)]
    [InlineData(
        "permessage-bzip2, permessage-deflate; unknown, permessage-deflate; server_max_window_bits=12, permessage-deflate",
        "permessage-deflate; server_max_window_bits=12")]
    [InlineData(", permessage-deflate; server_max_window_bits=8,, permessage-deflate,", "permessage-deflate")]
    public async Task The_first_offer_that_can_be_met_is_agreed_to(string? offer, string? answer)
    {
        await using WebSocketEchoServer server = Start(new WebSocketDeflateOptions());
        Assert.Equal(answer, await NegotiateAsync(server, offer));
    }

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData(
        "permessage-deflate", "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10")]
    [InlineData(
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=11")]
    [InlineData(
        "permessage-deflate; client_max_window_bits=9; server_max_window_bits=12",
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=9")]
    public async Task Settings_of_the_server_are_in_its_answer(string offer, string answer)
    {
        await using WebSocketEchoServer server = Start(new WebSocketDeflateOptions
        {
            ServerContextTakeover = false,
            ClientContextTakeover = false,
            ServerMaxWindowBits = 10,
            ClientMaxWindowBits = 11,
        });
        Assert.Equal(answer, await NegotiateAsync(server, offer));
    }

    [SocketFact]
    public async Task Without_Compression_no_offer_is_agreed_to()
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions());
        using RawClient client = await RawClient.ConnectAsync(server);
        Assert.Null(await NegotiateAsync(client, "permessage-deflate"));
        Assert.False(server.Clients[0].IsCompressed);
    }

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData(15, 15, true, true)]
    [InlineData(9, 15, true, false)]
    [InlineData(15, 9, false, true)]
    [InlineData(12, 10, false, false)]
    public async Task Messages_go_both_ways_with_every_setting(int clientBits, int serverBits, bool clientTakeover, bool serverTakeover)
    {
        await using WebSocketEchoServer server = Start(new WebSocketDeflateOptions());
        using MessageWebSocket socket = new();
        socket.Control.Compression = new WebSocketDeflateOptions
        {
            ClientMaxWindowBits = clientBits,
            ServerMaxWindowBits = serverBits,
            ClientContextTakeover = clientTakeover,
            ServerContextTakeover = serverTakeover,
        };
        await socket.ConnectAsync(server.Uri);
        byte[] random = new byte[100_000];
        new Random(1).NextBytes(random);

        for (int i = 0; i < 3; i++)
        {
            foreach (byte[] payload in (byte[][])[[], [1], new byte[300_000], random])
            {
                await socket.SendAsync(payload, SocketMessageType.Binary);
                Assert.Equal(payload, (await socket.ReceiveAsync())?.Bytes);
            }
        }

        Assert.NotNull(socket.Information.Compression);
        Assert.True(server.Clients[0].IsCompressed);
        Assert.InRange(socket.Information.BytesReceived, 1, 700_000);
    }

    [SocketFact]
    public async Task Compressed_and_plain_messages_in_fragments_come_back()
    {
        await using WebSocketEchoServer server = Start(new WebSocketDeflateOptions { ServerContextTakeover = false });
        using RawClient client = await OpenAsync(server);

        await client.SendBytesAsync([
            .. FrameBytes.Build(WireOpcode.Text, [], fin: false, rsv: 4, masked: true),
            .. FrameBytes.Build(WireOpcode.Continuation, Hello.AsSpan(0, 3), fin: false, masked: true),
            .. FrameBytes.Build(WireOpcode.Ping, "p"u8, masked: true),
            .. FrameBytes.Build(WireOpcode.Continuation, Hello.AsSpan(3), masked: true)]);
        Assert.Equal(WireOpcode.Pong, (await client.ReadFrameAsync())?.Opcode);
        RawFrame? first = await client.ReadFrameAsync();
        await client.SendTextAsync("plain");
        RawFrame? second = await client.ReadFrameAsync();

        Assert.Equal("Hello", Inflate(first));
        Assert.Equal("plain", Inflate(second));
    }

    private static byte[] NotUtf8 => FrameBytes.Deflate([0x61, 0xC3, 0x28]);

    public static TheoryData<string, byte[], int> IllegalFrames() => new()
    {
        { "a compressed continuation",
        [
            .. FrameBytes.Build(WireOpcode.Text, Hello.AsSpan(0, 3), fin: false, rsv: 4, masked: true),
            .. FrameBytes.Build(WireOpcode.Continuation, Hello.AsSpan(3), rsv: 4, masked: true),
        ], 1002 },
        { "a compressed ping", FrameBytes.Build(WireOpcode.Ping, "p"u8, rsv: 4, masked: true), 1002 },
        { "a compressed pong", FrameBytes.Build(WireOpcode.Pong, "p"u8, rsv: 4, masked: true), 1002 },
        { "a compressed close frame", FrameBytes.Build(WireOpcode.Close, [3, 0xE8], rsv: 4, masked: true), 1002 },
        { "the second reserved bit", FrameBytes.Build(WireOpcode.Text, Hello, rsv: 6, masked: true), 1002 },
        { "no compressed data", FrameBytes.Build(WireOpcode.Binary, [0xFF, 0xFF, 0xFF, 0xFF], rsv: 4, masked: true), 1007 },
        { "data behind a final block", FrameBytes.Build(WireOpcode.Text, [.. FinalHello, 1], rsv: 4, masked: true), 1007 },
        {
            "compressed text that ends inside a character",
            FrameBytes.Build(WireOpcode.Text, FrameBytes.Deflate([0x61, 0xC3]), rsv: 4, masked: true),
            1007
        },
        {
            "compressed text that is not UTF-8, of which the end never comes",
            [.. FrameBytes.Build(WireOpcode.Text, NotUtf8, fin: false, rsv: 4, masked: true)],
            1007
        },
        {
            "compressed text that is not UTF-8, in a frame that never ends",
            FrameBytes.Build(WireOpcode.Text, [.. NotUtf8, 0, 0, 0xFF, 0xFF, 0], fin: true, rsv: 4, masked: true)[..^1],
            1007
        },
        { "compressed text that is not UTF-8", FrameBytes.Build(WireOpcode.Text, NotUtf8, rsv: 4, masked: true), 1007 },
        { "plain text that is not UTF-8", FrameBytes.Build(WireOpcode.Text, [0x61, 0xC3, 0x28], masked: true), 1007 },
    };

    // The examples of RFC 7692 sections 7.2.3.3 to 7.2.3.5, a final block without the byte behind it, and one cut into fragments.
    [SocketTheory]
    [InlineData("0D", "f24805000000ffffcac9c90700")]
    [InlineData("0B", "000500faff48656c6c6f00")]
    [InlineData("08", "f348cdc9c9070000")]
    [InlineData("07", "f348cdc9c90700")]
    [InlineData("01 01", "f348cdc9c9070000")]
    [InlineData("07 00 01", "f348cdc9c9070000")]
    public async Task A_message_is_what_was_compressed_and_so_is_the_next(string cuts, string hex)
    {
        await using WebSocketEchoServer server = Start(new WebSocketDeflateOptions());
        using RawClient client = await OpenAsync(server);
        byte[] compressed = Convert.FromHexString(hex);
        List<byte> bytes = [];
        int begin = 0;
        int[] lengths = [.. cuts.Split(' ').Select(static cut => Convert.ToInt32(cut, 16))];
        for (int i = 0; i <= lengths.Length; i++)
        {
            int length = i < lengths.Length ? lengths[i] : compressed.Length - begin;
            bytes.AddRange(FrameBytes.Build(
                i == 0 ? WireOpcode.Text : WireOpcode.Continuation, compressed.AsSpan(begin, length), fin: i == lengths.Length, rsv: i == 0
                    ? 4
                    : 0, masked: true));
            begin += length;
        }

        await client.SendBytesAsync(
            [
                .. bytes,
                .. FrameBytes.Build(WireOpcode.Text, Hello, rsv: 4, masked: true),
                .. FrameBytes.Build(WireOpcode.Text, "plain"u8, masked: true),
            ]);

        Assert.Equal("Hello", Inflate(await client.ReadFrameAsync()));
        Assert.Equal("Hello", Inflate(await client.ReadFrameAsync()));
        Assert.Equal("plain", Inflate(await client.ReadFrameAsync()));
    }

    // Byte by byte, so that every place a frame can be cut at is met.
    [SocketFact]
    public async Task Compressed_messages_come_back_in_whatever_pieces_they_arrive()
    {
        await using WebSocketEchoServer server = Start(new WebSocketDeflateOptions { ServerContextTakeover = false });
        using RawClient client = await OpenAsync(server);
        byte[] bytes = [
            .. FrameBytes.Build(WireOpcode.Text, Hello.AsSpan(0, 3), fin: false, rsv: 4, masked: true),
            .. FrameBytes.Build(WireOpcode.Ping, "p"u8, masked: true),
            .. FrameBytes.Build(WireOpcode.Continuation, Hello.AsSpan(3), masked: true),
            .. FrameBytes.Build(WireOpcode.Text, "pl"u8, fin: false, masked: true),
            .. FrameBytes.Build(WireOpcode.Continuation, "ain"u8, masked: true),
            .. FrameBytes.Build(WireOpcode.Text, FinalHello, rsv: 4, masked: true)];

        client.Stream.Socket.NoDelay = true;
        foreach (byte value in bytes)
        {
            await client.SendBytesAsync([value]);
        }

        Assert.Equal(WireOpcode.Pong, (await client.ReadFrameAsync())?.Opcode);
        Assert.Equal("Hello", Inflate(await client.ReadFrameAsync()));
        Assert.Equal("plain", Inflate(await client.ReadFrameAsync()));
        Assert.Equal("Hello", Inflate(await client.ReadFrameAsync()));
    }

    // Not enumerated when tests are looked for: masks are random, and a case has to have the same identity each time.
    [Theory(Timeout = SocketFactAttribute.Patience)]
    [MemberData(nameof(IllegalFrames), DisableDiscoveryEnumeration = true)]
    public async Task An_illegal_frame_ends_the_connection_when_what_came_before_it_is_answered(string name, byte[] frames, int code)
    {
        await using WebSocketEchoServer server = Start(new WebSocketDeflateOptions { ServerContextTakeover = false });
        using RawClient client = await OpenAsync(server);

        await client.SendBytesAsync([.. FrameBytes.Build(WireOpcode.Text, "good"u8, masked: true), .. frames]);
        RawFrame? good = await client.ReadFrameAsync();
        RawFrame? end = await client.ReadFrameAsync();

        Assert.Equal("good", Inflate(good));
        Assert.Equal((name, (ushort?)code), (name, end?.CloseCode));
        Assert.Null(await client.ReadFrameAsync());
    }

    private static WebSocketEchoServer Start(WebSocketDeflateOptions compression) =>
        WebSocketEchoServer.Start(new WebSocketEchoServerOptions { Compression = compression });

    private static async Task<RawClient> OpenAsync(WebSocketEchoServer server)
    {
        RawClient client = await RawClient.ConnectAsync(server);
        await client.SendAsync(
            RawClient.Request("GET / HTTP/1.1", ("Sec-WebSocket-Extensions", "permessage-deflate; server_no_context_takeover")));
        Assert.Contains("\r\nSec-WebSocket-Extensions: permessage-deflate", await client.ReadHeadAsync(), StringComparison.Ordinal);
        return client;
    }

    private static async Task<string?> NegotiateAsync(WebSocketEchoServer server, string? offer)
    {
        using RawClient client = await RawClient.ConnectAsync(server);
        return await NegotiateAsync(client, offer);
    }

    private static async Task<string?> NegotiateAsync(RawClient client, string? offer)
    {
        await client.SendAsync(RawClient.Request("GET / HTTP/1.1", ("Sec-WebSocket-Extensions", offer)));
        string head = await client.ReadHeadAsync();
        Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);
        const string Name = "Sec-WebSocket-Extensions: ";
        return head.Split("\r\n").SingleOrDefault(static line => line.StartsWith(Name, StringComparison.Ordinal))?[Name.Length..];
    }

    private static string Inflate(RawFrame? frame)
    {
        Assert.Equal(WireOpcode.Text, frame?.Opcode);
        if (frame!.Rsv == 0)
        {
            return frame.Text;
        }

        using DeflateStream inflate = new(
            new MemoryStream([.. frame.Payload, 0, 0, 0xFF, 0xFF, 1, 0, 0, 0xFF, 0xFF]), CompressionMode.Decompress);
        using StreamReader reader = new(inflate);
        return reader.ReadToEnd();
    }
}
