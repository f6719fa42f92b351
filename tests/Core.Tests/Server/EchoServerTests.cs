using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Server;

public sealed class EchoServerTests
{
    [SocketFact]
    public async Task Messages_of_every_length_and_type_come_back()
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions());
        using MessageWebSocket socket = new();
        await socket.ConnectAsync(server.Uri);

        foreach (int length in (int[])[0, 1, 125, 126, 16_384, 16_385, 65_536, 3_000_000])
        {
            byte[] payload = RandomNumberGenerator.GetBytes(length);
            string text = new('\u00e9', length / 2);
            await socket.SendAsync(payload, SocketMessageType.Binary);
            await socket.SendAsync(text);

            WsMessage? binaryBack = await socket.ReceiveAsync();
            WsMessage? textBack = await socket.ReceiveAsync();

            Assert.Equal((SocketMessageType.Binary, SocketMessageType.Utf8), (binaryBack?.MessageType, textBack?.MessageType));
            Assert.Equal(payload, binaryBack?.Bytes);
            Assert.Equal(text, textBack?.Text);
        }

        Assert.Equal((1, 1L, 16L, 16L), (server.Connections, server.ConnectionsAccepted, server.MessagesReceived, server.MessagesSent));
    }

    [SocketFact]
    public async Task ClientWebSocket_agrees_on_a_subprotocol_and_closes()
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(
            new WebSocketEchoServerOptions { SubProtocols = { "v1" }, Path = "/live" });
        using ClientWebSocket client = new();
        client.Options.AddSubProtocol("v1");
        client.Options.DangerousDeflateOptions = new WebSocketDeflateOptions();
        await client.ConnectAsync(server.Uri, CancellationToken.None);
        byte[] buffer = new byte[10];

        await client.SendAsync("hi"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: false, CancellationToken.None);
        await client.SendAsync("gh"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        WebSocketReceiveResult back = await client.ReceiveAsync(buffer, CancellationToken.None);
        await client.CloseAsync((WebSocketCloseStatus)4001, "enough", CancellationToken.None);

        Assert.Equal(("/live", "v1"), (server.Uri.AbsolutePath, client.SubProtocol));
        Assert.Equal("high"u8.ToArray(), buffer[..back.Count]);
        Assert.Equal((WebSocketCloseStatus)4001, client.CloseStatus);
    }

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData(new byte[] { 0x81, 0x01, 0x41, 0, 0, 0 }, 1002)] // no mask
    [InlineData(new byte[] { 0x81, 0x00 }, 1002)] // no mask and no payload either
    [InlineData(new byte[] { 0x81, 0x81, 0, 0, 0, 0, 0xFF }, 1007)] // no UTF-8
    [InlineData(new byte[] { 0xC1, 0x81, 0, 0, 0, 0, 0x41 }, 1002)] // compressed
    [InlineData(new byte[] { 0x83, 0x81, 0, 0, 0, 0, 0x41 }, 1002)] // a reserved opcode
    [InlineData(new byte[] { 0x80, 0x81, 0, 0, 0, 0, 0x41 }, 1002)] // a continuation of nothing
    [InlineData(new byte[] { 0x09, 0x80, 0, 0, 0, 0 }, 1002)] // a ping in fragments
    [InlineData(new byte[] { 0x89, 0xFE, 0, 126, 0, 0, 0, 0 }, 1002)] // a ping of 126 bytes
    [InlineData(new byte[] { 0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 1002)] // a length with its top bit
    [InlineData(new byte[] { 0x88, 0x81, 0, 0, 0, 0, 3 }, 1002)] // a close frame of one byte
    public async Task A_client_that_breaks_the_protocol_is_told_with_which_code(byte[] bytes, int code)
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions());
        using RawClient client = await RawClient.OpenAsync(server);

        await client.SendBytesAsync(bytes);
        RawFrame? close = await client.ReadFrameAsync();

        Assert.Equal((WireOpcode.Close, (ushort?)code), (close?.Opcode, close?.CloseCode));
        Assert.Null(await client.ReadFrameAsync());
    }

    [SocketFact]
    public async Task A_mask_is_asked_for_in_later_frames_too()
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions());
        using RawClient client = await RawClient.OpenAsync(server);

        await client.SendFrameAsync(WireOpcode.Binary, new byte[70_000]);
        Assert.Equal(70_000, (await client.ReadFrameAsync())?.Payload.Length);
        await client.SendBytesAsync([.. FrameBytes.Build(WireOpcode.Ping, "good"u8, masked: true), .. FrameBytes.Text("bad")]);

        Assert.Equal((WireOpcode.Pong, "good"), await client.ReadFrameAsync() is { } pong ? (pong.Opcode, pong.Text) : default);
        Assert.Equal(1002, (int?)(await client.ReadFrameAsync())?.CloseCode);
    }

    [SocketFact]
    public async Task MaxMessageSize_costs_the_sender_of_more_its_connection()
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions { MaxMessageSize = 100_000 });
        using RawClient client = await RawClient.OpenAsync(server);

        await client.SendFrameAsync(WireOpcode.Binary, new byte[60_000], fin: false);
        await client.SendFrameAsync(WireOpcode.Continuation, new byte[40_000]);
        RawFrame? fits = await client.ReadFrameAsync();
        await client.SendFrameAsync(WireOpcode.Binary, new byte[60_000], fin: false);
        await client.SendFrameAsync(WireOpcode.Continuation, new byte[40_001]);
        RawFrame? close = await client.ReadFrameAsync();

        Assert.Equal(100_000, fits?.Payload.Length);
        Assert.Equal((1009, "The limit is 100000 bytes."), ((int?)close?.CloseCode, close?.CloseReason));
        Assert.Equal(1, server.MessagesReceived);
    }

    [SocketFact]
    public async Task MaxMessageSize_counts_what_comes_of_a_frame_to_the_first_byte_that_is_too_much()
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions { MaxMessageSize = 1000 });
        using RawClient client = await RawClient.OpenAsync(server);
        byte[] frame = FrameBytes.Build(WireOpcode.Binary, new byte[100_000], masked: true);

        await client.SendBytesAsync(frame.AsMemory(0, frame.Length - 100_000 + 1001).ToArray());

        Assert.Equal(1009, (int?)(await client.ReadFrameAsync())?.CloseCode);
    }

    [SocketFact]
    public async Task A_ping_is_answered_and_an_empty_close_as_well()
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions());
        using RawClient client = await RawClient.OpenAsync(server);

        await client.SendFrameAsync(WireOpcode.Ping, "x"u8);
        RawFrame? pong = await client.ReadFrameAsync();
        await client.SendFrameAsync(WireOpcode.Close, []);
        RawFrame? close = await client.ReadFrameAsync();

        Assert.Equal((WireOpcode.Pong, "x"), (pong?.Opcode, pong?.Text));
        Assert.Equal(1000, (int?)close?.CloseCode);
        Assert.Null(await client.ReadFrameAsync());
    }

    [SocketFact]
    public async Task What_was_sent_before_a_close_comes_back_before_it()
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions());
        using RawClient client = await RawClient.OpenAsync(server);
        byte[] message = FrameBytes.Build(WireOpcode.Text, "m"u8, masked: true);

        await client.SendBytesAsync(
            [
                .. Enumerable.Repeat(message, 100).SelectMany(static m => m),
                .. FrameBytes.Build(WireOpcode.Close, [0x03, 0xE9], masked: true),
            ]);

        for (int i = 0; i < 100; i++)
        {
            Assert.Equal("m", (await client.ReadFrameAsync())?.Text);
        }

        Assert.Equal(1001, (int?)(await client.ReadFrameAsync())?.CloseCode);
    }

    [SocketFact]
    public async Task A_client_that_does_not_read_is_not_read_from_and_holds_up_nobody()
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions { QueueLimit = 100_000 });
        using RawClient deaf = await RawClient.OpenAsync(server, receiveBuffer: 4096);
        using MessageWebSocket other = new();
        await other.ConnectAsync(server.Uri);

        // Many times what its queue and the buffers of the system hold; sending stands still somewhere in between.
        const int Count = 4000;
        byte[] frame = FrameBytes.Build(WireOpcode.Binary, new byte[10_000], masked: true);
        Task sending = Task.Run(async () =>
        {
            for (int i = 0; i < Count; i++)
            {
                await deaf.SendBytesAsync(frame);
            }
        });
        for (int i = 0; i < 100; i++)
        {
            await other.SendAsync("still here");
            Assert.Equal("still here", (await other.ReceiveAsync())?.Text);
        }

        long received = 0;
        while (received != deafReceived())
        {
            received = deafReceived();
            await other.SendAsync("still here");
            await other.ReceiveAsync();
        }

        for (int i = 0; i < Count; i++)
        {
            Assert.Equal(10_000, (await deaf.ReadFrameAsync())?.Payload.Length);
        }

        await sending;

        long deafReceived() => server.Clients[0].MessagesReceived;
    }

    [SocketFact]
    public async Task Broadcast_sends_everything_to_everybody_in_one_order()
    {
        const int Each = 200;
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions { Broadcast = true });
        MessageWebSocket[] sockets = [.. Enumerable.Range(0, 4).Select(static _ => new MessageWebSocket())];
        foreach (MessageWebSocket socket in sockets)
        {
            await socket.ConnectAsync(server.Uri);
        }

        await Task.WhenAll(sockets.Select((socket, number) => Task.Run(async () =>
        {
            for (int i = 0; i < Each; i++)
            {
                await socket.SendAsync($"{number} {i}");
            }
        })));
        List<string>[] seen = await Task.WhenAll(sockets.Select(async socket =>
        {
            List<string> texts = [];
            while (texts.Count < Each * sockets.Length)
            {
                texts.Add((await socket.ReceiveAsync())!.Text);
            }

            return texts;
        }));

        Assert.All(seen, texts => Assert.Equal(seen[0], texts));
        Assert.Equal(Each * sockets.Length, seen[0].Distinct().Count());
        Array.ForEach(sockets, static socket => socket.Dispose());
    }

    [SocketFact]
    public async Task Broadcast_drops_a_client_that_does_not_read_and_nobody_else()
    {
        WebSocketEchoServerOptions options =
            new() { Broadcast = true, QueueLimit = 200_000, SlowClientTimeout = TimeSpan.FromMilliseconds(500) };
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(options);
        using RawClient deaf = await RawClient.OpenAsync(server, receiveBuffer: 4096);
        using MessageWebSocket talker = new();
        await talker.ConnectAsync(server.Uri);
        await deaf.SendTextAsync("hello");
        Assert.Equal("hello", (await talker.ReceiveAsync())?.Text);

        // One at a time, so that whoever reads has nothing queued.
        byte[] payload = new byte[50_000];
        int sent = 0;
        while (server.ClientsDropped == 0)
        {
            await talker.SendAsync(payload, SocketMessageType.Binary);
            Assert.Equal(payload.Length, (await talker.ReceiveAsync())?.Length);
            sent++;
        }

        int read = 0;
        RawFrame? frame;
        while ((frame = await deaf.ReadFrameAsync()) is { Opcode: not WireOpcode.Close })
        {
            read++;
        }

        Assert.Equal((1008, "This client reads too slowly."), ((int?)frame?.CloseCode, frame?.CloseReason));
        Assert.InRange(read, 1, sent);
        Assert.Equal(1, server.ClientsDropped);
        await talker.SendAsync("on");
        Assert.Equal("on", (await talker.ReceiveAsync())?.Text);
    }

    [SocketFact]
    public async Task A_certificate_makes_it_wss()
    {
        await using TestCertificates certificates = new();
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(
            new WebSocketEchoServerOptions { Certificate = certificates.SelfSigned.Leaf });
        using MessageWebSocket socket = new();
        socket.Control.TrustedRoots = [certificates.SelfSigned.Leaf];

        await socket.ConnectAsync(server.Uri);
        await socket.SendAsync("secret");

        Assert.Equal("wss", server.Uri.Scheme);
        Assert.Equal("secret", (await socket.ReceiveAsync())?.Text);
        Assert.Equal(1000, (await socket.CloseAsync(1000, "")).Code);
    }

    [SocketFact]
    public async Task A_client_without_TLS_on_the_wss_port_is_refused_and_the_next_one_served()
    {
        await using TestCertificates certificates = new();
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(
            new WebSocketEchoServerOptions { Certificate = certificates.SelfSigned.Leaf });
        using RawClient plain = await RawClient.ConnectAsync(server);
        await plain.SendAsync(RawClient.Request());
        Assert.DoesNotContain("101", await plain.ReadToEndAsync(), StringComparison.Ordinal);

        using MessageWebSocket socket = new();
        socket.Control.TrustedRoots = [certificates.SelfSigned.Leaf];
        await socket.ConnectAsync(server.Uri);

        Assert.Equal(MessageWebSocketState.Open, socket.State);
    }

    [Fact]
    public async Task A_port_in_use_is_an_error()
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions());
        WebSocketEchoServerOptions options = new() { Port = server.Port };

        SocketException taken = Assert.Throws<SocketException>(() => WebSocketEchoServer.Start(options));

        Assert.Equal(SocketError.AddressAlreadyInUse, taken.SocketErrorCode);
    }

    [SocketFact]
    public async Task It_listens_on_IPv6_too()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "There is no IPv6 here.");
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(
            new WebSocketEchoServerOptions { Address = IPAddress.IPv6Loopback });
        using MessageWebSocket socket = new();

        await socket.ConnectAsync(server.Uri);
        await socket.SendAsync("six");

        Assert.Equal($"ws://[::1]:{server.Port}/", server.Uri.ToString());
        Assert.Equal("six", (await socket.ReceiveAsync())?.Text);
    }

    [SocketFact]
    public async Task StopAsync_closes_with_1001_and_frees_the_port()
    {
        WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions());
        using RawClient client = await RawClient.OpenAsync(server);
        await client.SendTextAsync("there");
        await client.ReadFrameAsync();

        Task stopping = server.StopAsync();
        RawFrame? close = await client.ReadFrameAsync();
        await client.SendFrameAsync(WireOpcode.Close, close!.Payload);
        Assert.Null(await client.ReadFrameAsync());
        client.Dispose();
        await stopping;
        await server.StopAsync();
        await server.Completion;

        Assert.Equal((1001, "The server stops."), ((int?)close.CloseCode, close.CloseReason));
        Assert.Equal((WebSocketEchoServerState.Stopped, 0), (server.State, server.Connections));
        await using WebSocketEchoServer next = WebSocketEchoServer.Start(new WebSocketEchoServerOptions { Port = server.Port });
        Assert.Equal(WebSocketEchoServerState.Listening, next.State);
    }

    [SocketFact]
    public async Task StopAsync_does_not_wait_for_clients_that_say_nothing()
    {
        WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions());
        using RawClient silent = await RawClient.OpenAsync(server);
        using RawClient unfinished = await RawClient.ConnectAsync(server);
        await unfinished.SendAsync("GET /");

        await server.StopAsync();

        Assert.Equal(0, server.Connections);
    }
}
