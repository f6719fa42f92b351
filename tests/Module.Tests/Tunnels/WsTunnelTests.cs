using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using MessageWebSockets.PowerShell.Tunnels;
using Xunit;
using static MessageWebSockets.PowerShell.Tests.Tunnels.RawPeers;

namespace MessageWebSockets.PowerShell.Tests.Tunnels;

public sealed class WsTunnelTests
{
    private const int Limit = 60_000;

    [Fact(Timeout = Limit)]
    public async Task Bytes_arrive_equal_both_ways_at_once()
    {
        byte[] there = RandomNumberGenerator.GetBytes(3_000_000);
        byte[] back = RandomNumberGenerator.GetBytes(3_000_000);
        await using TcpPair pair = new();
        (Socket client, Socket service) = await pair.OpenAsync();
        Task sending = Task.WhenAll(client.SendAllAsync(there), service.SendAllAsync(back));
        Task<byte[]> received = service.ReadExactlyAsync(there.Length);

        Assert.Equal(back, await client.ReadExactlyAsync(back.Length));
        Assert.Equal(there, await received);
        await sending;
        await UntilAsync(() => pair.Outbound.BytesSent == there.Length && pair.Outbound.BytesReceived == back.Length);
        await UntilAsync(() => pair.Inbound.BytesSent == there.Length && pair.Inbound.BytesReceived == back.Length);
        Assert.Equal((1, 1L), (pair.Outbound.Connections, pair.Inbound.ConnectionsAccepted));
    }

    [Fact(Timeout = Limit)]
    public async Task The_end_of_the_client_ends_the_service_which_can_still_answer()
    {
        byte[] answer = RandomNumberGenerator.GetBytes(2_000_000);
        await using TcpPair pair = new(Patient);
        (Socket client, Socket service) = await pair.OpenAsync();
        await client.SendAllAsync(new byte[] { 1, 2, 3 });
        client.Shutdown(SocketShutdown.Send);
        Assert.Equal([1, 2, 3], await service.ReadExactlyAsync(3));
        Assert.Equal(0, await service.ReceiveAsync(new byte[1]));

        Task sending = service.SendAllAsync(answer);
        Assert.Equal(answer, await client.ReadExactlyAsync(answer.Length));
        await sending;
        service.Dispose();
        Assert.Equal(SocketError.Success, await client.ReadEndAsync());
        await UntilAsync(() => pair.Outbound.Connections + pair.Inbound.Connections == 0);
        Assert.Equal((0L, 0L), (pair.Outbound.ConnectionsFailed, pair.Inbound.ConnectionsFailed));
    }

    [Fact(Timeout = Limit)]
    public async Task The_end_of_the_service_ends_the_client_behind_what_was_sent()
    {
        byte[] answer = RandomNumberGenerator.GetBytes(2_000_000);
        await using TcpPair pair = new(Patient);
        (Socket client, Socket service) = await pair.OpenAsync();
        Task sending = service.SendAllAsync(answer);
        Assert.Equal(answer, await client.ReadExactlyAsync(answer.Length));
        await sending;
        service.Shutdown(SocketShutdown.Send);
        Assert.Equal(SocketError.Success, await client.ReadEndAsync());

        client.Dispose();
        Assert.Equal(SocketError.Success, await service.ReadEndAsync());
        await UntilAsync(() => pair.Outbound.Connections + pair.Inbound.Connections == 0);
        Assert.Equal((0L, 0L), (pair.Outbound.ConnectionsFailed, pair.Inbound.ConnectionsFailed));
    }

    // Nothing of it has been sent at the end of the service, or some of it.
    [Theory(Timeout = Limit)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_the_client_sends_beyond_the_end_of_the_service_arrives_whole(bool isUnderWay)
    {
        byte[] sent = RandomNumberGenerator.GetBytes(3_000_000);
        await using TcpPair pair = new(Patient);
        (Socket client, Socket service) = await pair.OpenAsync();
        Task sending = isUnderWay ? client.SendAllAsync(sent) : Task.CompletedTask;
        service.Shutdown(SocketShutdown.Send);
        Assert.Equal(SocketError.Success, await client.ReadEndAsync());
        sending = isUnderWay ? sending : client.SendAllAsync(sent);

        Assert.Equal(sent, await service.ReadExactlyAsync(sent.Length));
        await sending;
        Assert.Equal((1, 1), (pair.Outbound.Connections, pair.Inbound.Connections));
        client.Shutdown(SocketShutdown.Send);
        Assert.Equal(SocketError.Success, await service.ReadEndAsync());
        await UntilAsync(() => pair.Outbound.Connections + pair.Inbound.Connections == 0);
        Assert.Equal((0L, 0L), (pair.Outbound.ConnectionsFailed, pair.Inbound.ConnectionsFailed));
    }

    [Fact(Timeout = Limit)]
    public async Task What_the_client_sends_to_a_WebSocket_server_that_has_closed_is_sent_before_the_answer()
    {
        await using RawServerPair scene = await RawServerPair.OpenAsync(Patient);
        (WsTunnel tunnel, Socket client, Socket peer) = scene;
        await scene.CloseAsync();

        // Signs of life meanwhile: the other end of a tunnel gives up who shows none.
        for (int pongs = 0; pongs < 3; pongs++)
        {
            Assert.Equal([0x8A, 0x80], (await peer.ReadExactlyAsync(6))[..2]);
        }

        await client.SendAllAsync(new byte[] { 7 });
        byte[] frame;
        while ((frame = await peer.ReadExactlyAsync(6))[0] == 0x8A)
        {
        }

        Assert.Equal([0x82, 0x81], frame[..2]);
        Assert.Equal(7, (await peer.ReadExactlyAsync(1))[0] ^ frame[2]);
        client.Shutdown(SocketShutdown.Send);
        Assert.Equal(1000, await ReadCloseAsync(peer));
        peer.Dispose();
        await UntilAsync(() => tunnel.Connections == 0);
        Assert.Equal(0, tunnel.ConnectionsFailed);
    }

    [Fact(Timeout = Limit)]
    public async Task A_client_that_does_not_close_after_the_end_of_the_service_has_a_time_for_it_once_the_WebSocket_is_gone()
    {
        await using RawServerPair scene = await RawServerPair.OpenAsync(Impatient);
        (WsTunnel tunnel, Socket client, Socket peer) = scene;
        await peer.SendAllAsync(Close);
        peer.Dispose();

        Assert.Equal(SocketError.Success, await client.ReadEndAsync());
        await UntilAsync(() => tunnel.Connections == 0);
        Assert.Equal(0, tunnel.ConnectionsFailed);
    }

    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_reset_of_one_side_is_a_reset_at_the_other(bool isByService)
    {
        await using TcpPair pair = new(Patient);
        (Socket client, Socket service) = await pair.OpenAsync();
        await client.SendAllAsync(new byte[] { 1 });
        await service.ReadExactlyAsync(1);
        await service.SendAllAsync(new byte[] { 1 });
        await client.ReadExactlyAsync(1);
        (Socket breaking, Socket other) = isByService ? (service, client) : (client, service);
        breaking.Reset();

        Assert.Equal(SocketError.ConnectionReset, await other.ReadEndAsync());
        await UntilAsync(() => pair.Outbound.ConnectionsFailed == 1 && pair.Inbound.ConnectionsFailed == 1);
        await UntilAsync(() => pair.Outbound.Connections + pair.Inbound.Connections == 0);
        Assert.NotNull(pair.Outbound.LastError);
    }

    [Theory(Timeout = Limit)]
    [InlineData("reset")]
    [InlineData("end without a close frame")]
    [InlineData("close 1011")]
    [InlineData("text")]
    public async Task A_WebSocket_that_breaks_resets_the_client(string how)
    {
        await using RawServerPair scene = await RawServerPair.OpenAsync(Patient);
        (WsTunnel tunnel, Socket client, Socket peer) = scene;
        await peer.SendAllAsync(new byte[] { 0x82, 0x01, 7 });
        Assert.Equal([7], await client.ReadExactlyAsync(1));
        switch (how)
        {
            case "reset":
                peer.Reset();
                break;
            case "close 1011":
                await peer.SendAllAsync(new byte[] { 0x88, 0x02, 1011 >> 8, 1011 & 0xFF });
                break;
            case "text":
                await peer.SendAllAsync(new byte[] { 0x81, 0x01, (byte)'A' });
                break;
            default:
                peer.Shutdown(SocketShutdown.Send);
                break;
        }

        Assert.Equal(SocketError.ConnectionReset, await client.ReadEndAsync());
        await UntilAsync(() => tunnel is { ConnectionsFailed: 1, Connections: 0 });
        Assert.NotNull(tunnel.LastError);
    }

    [Theory(Timeout = Limit)]
    [InlineData("refused")]
    [InlineData("silent")]
    [InlineData("no WebSocket")]
    public async Task A_WebSocket_that_does_not_come_about_resets_the_client(string how)
    {
        using Socket server = Listen();
        await using WsTunnel tunnel = TcpPair.ToWebSocket(
            UriOf(server), connectTimeout: how == "silent" ? TimeSpan.FromMilliseconds(300) : null);
        if (how == "refused")
        {
            server.Dispose();
        }

        Task<SocketError> end = ConnectAndReadEndAsync(tunnel);
        if (how == "no WebSocket")
        {
            using Socket peer = await server.AcceptAsync();
            await peer.SendAllAsync("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
        }

        Assert.Equal(SocketError.ConnectionReset, await end);
        await UntilAsync(() => tunnel.ConnectionsFailed == 1);
        Assert.Equal(0, tunnel.ConnectionsAccepted);
        Assert.NotNull(tunnel.LastError);
    }

    [Fact(Timeout = Limit)]
    public async Task A_peer_that_never_answers_the_end_is_given_up_and_the_client_reset()
    {
        await using RawServerPair scene = await RawServerPair.OpenAsync(Impatient);
        (WsTunnel tunnel, Socket client, _) = scene;
        client.Shutdown(SocketShutdown.Send);

        Assert.Equal(SocketError.ConnectionReset, await client.ReadEndAsync());
        await UntilAsync(() => tunnel.ConnectionsFailed == 1);
        Assert.Contains("said nothing more", tunnel.LastError, StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task A_service_that_takes_its_time_after_the_end_of_the_client_shows_that_its_tunnel_lives()
    {
        await using TcpPair pair = new(Patient);
        await using StreamWebSocket client = new();
        client.Control.CloseTimeout = TimeSpan.Zero;
        await client.ConnectAsync(pair.Inbound.Uri);
        Socket service = await pair.AcceptAsync();
        Task<WebSocketCloseResult> closing = client.CloseAsync(1000);
        Assert.Equal(SocketError.Success, await service.ReadEndAsync());

        await UntilAsync(() => client.Information.FramesReceived >= 3);
        await service.SendAllAsync(new byte[] { 9 });
        service.Dispose();
        byte[] answer = new byte[2];
        Assert.Equal(1, await client.InputStream.ReadAsync(answer));
        Assert.Equal(9, answer[0]);
        Assert.Equal(0, await client.InputStream.ReadAsync(answer));
        Assert.Equal((ushort)1000, (await closing).Code);
    }

    [Fact(Timeout = Limit)]
    public async Task A_service_that_does_not_read_holds_the_client_back_in_bounded_memory()
    {
        // Well above what the system buffers for the three TCP connections on the way.
        const int Size = 64 * 1024 * 1024;
        byte[] sent = RandomNumberGenerator.GetBytes(Size);
        await using TcpPair pair = new();
        (Socket client, Socket service) = await pair.OpenAsync();
        Task sending = client.SendAllAsync(sent);

        // It stops where every buffer on the way is full; then nothing moves until the service reads.
        long before = -1;
        await UntilAsync(async () =>
        {
            long now = pair.Outbound.BytesSent;
            bool stands = now > 0 && now == before;
            before = now;
            await Task.Delay(200);
            return stands && pair.Outbound.BytesSent == now;
        });
        Assert.False(sending.IsCompleted);
        Assert.InRange(pair.Outbound.BytesSent, 1, Size * 3L / 4);

        Assert.Equal(SHA256.HashData(sent), SHA256.HashData(await service.ReadExactlyAsync(Size)));
        await sending;
    }

    [Fact(Timeout = Limit)]
    public async Task Two_hundred_connections_at_once_are_carried_and_leave_nothing()
    {
        await using TcpPair pair = new();
        await Task.WhenAll(
            ServeEchoAsync(pair, 200),
            Task.WhenAll(Enumerable.Range(0, 200).Select(async number =>
            {
                Socket client = await ConnectAsync(pair.Outbound);
                using (client)
                {
                    byte[] sent = RandomNumberGenerator.GetBytes(20_000 + number);
                    Task sending = client.SendAllAsync(sent);
                    Assert.Equal(sent, await client.ReadExactlyAsync(sent.Length));
                    await sending;
                    client.Shutdown(SocketShutdown.Send);
                    Assert.Equal(SocketError.Success, await client.ReadEndAsync());
                }
            })));

        await UntilAsync(() => pair.Outbound.Connections + pair.Inbound.Connections == 0);
        Assert.Equal((200L, 0L, 0L), (pair.Outbound.ConnectionsAccepted, pair.Outbound.ConnectionsFailed, pair.Inbound.ConnectionsFailed));
    }

    [Fact(Timeout = Limit)]
    public async Task A_target_that_cannot_be_reached_is_a_502_for_the_client()
    {
        await using TcpPair pair = new();
        pair.CloseService();
        await using StreamWebSocket socket = new();
        MessageWebSocketException e = await Assert.ThrowsAsync<MessageWebSocketException>(() => socket.ConnectAsync(pair.Inbound.Uri));

        Assert.Equal(WebErrorStatus.BadGateway, e.Status);
        await UntilAsync(() => pair.Inbound.ConnectionsFailed == 1);
        Assert.Contains("cannot be reached", pair.Inbound.LastError, StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task Binary_is_agreed_on_and_base64_is_refused()
    {
        await using TcpPair pair = new();
        await using StreamWebSocket binary = new();
        binary.Control.SupportedProtocols.Add("base64");
        binary.Control.SupportedProtocols.Add("binary");
        await binary.ConnectAsync(pair.Inbound.Uri);
        Assert.Equal("binary", binary.Information.Protocol);

        await using StreamWebSocket base64 = new();
        base64.Control.SupportedProtocols.Add("base64");
        MessageWebSocketException e = await Assert.ThrowsAsync<MessageWebSocketException>(() => base64.ConnectAsync(pair.Inbound.Uri));
        Assert.Equal(WebErrorStatus.BadRequest, e.Status);
        Assert.Contains("base64", e.ResponseBody, StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task A_text_message_costs_its_client_the_connection_and_resets_the_service()
    {
        await using TcpPair pair = new();
        await using MessageWebSocket socket = new();
        await socket.ConnectAsync(pair.Inbound.Uri);
        Socket service = await pair.AcceptAsync();
        await socket.SendAsync("aGVsbG8=");

        Assert.Null(await socket.ReceiveAsync());
        Assert.Equal((ushort)1003, socket.Information.CloseCode);
        Assert.Equal(SocketError.ConnectionReset, await service.ReadEndAsync());
    }

    // Without a mask, with a reserved bit, a reserved opcode, a close frame with half a code; and a close with a code of its own.
    [Theory(Timeout = Limit)]
    [InlineData("820431323334", 1002, "broke the WebSocket protocol: A frame without a mask")]
    [InlineData("C2840000000031323334", 1002, "broke the WebSocket protocol: A reserved bit")]
    [InlineData("838000000000", 1002, "broke the WebSocket protocol: A reserved opcode")]
    [InlineData("88810000000003", 1002, "broke the WebSocket protocol: A close frame with half a close code")]
    [InlineData("8882000000000FA0", 4000, "closed with 4000.")]
    public async Task A_client_is_answered_with_the_code_of_its_fault_or_its_own(string frame, int code, string why)
    {
        await using TcpPair pair = new();
        using Socket client = await ConnectWebSocketAsync(pair.Inbound);
        Socket service = await pair.AcceptAsync();
        await client.SendAllAsync(Convert.FromHexString(frame));

        byte[] close = await client.ReadExactlyAsync(4);
        Assert.Equal((0x88, code), (close[0], (close[2] << 8) | close[3]));
        Assert.Equal(SocketError.ConnectionReset, await service.ReadEndAsync());
        await UntilAsync(() => pair.Inbound.LastError?.Contains(why, StringComparison.Ordinal) == true);
    }

    [Theory(Timeout = Limit)]
    [InlineData("https://evil.example", false)]
    [InlineData("https://good.example", true)]
    [InlineData(null, true)]
    public async Task Pages_of_an_origin_that_is_not_allowed_are_refused(string? origin, bool isAllowed)
    {
        await using TcpPair pair = new(configure: static options => options.AllowedOrigins.Add("https://good.example"));
        await using StreamWebSocket socket = new();
        socket.SetRequestHeader("Origin", origin);
        Exception? refused = await Record.ExceptionAsync(() => socket.ConnectAsync(pair.Inbound.Uri));

        Assert.Equal(isAllowed ? null : WebErrorStatus.Forbidden, (refused as MessageWebSocketException)?.Status);
    }

    [Fact(Timeout = Limit)]
    public async Task One_connection_more_than_there_is_place_for_is_reset_and_the_others_live()
    {
        await using TcpPair pair = new(maxConnections: 1);
        (Socket client, Socket service) = await pair.OpenAsync();
        Assert.Equal(SocketError.ConnectionReset, await ConnectAndReadEndAsync(pair.Outbound));

        await client.SendAllAsync(new byte[] { 1 });
        Assert.Equal([1], await service.ReadExactlyAsync(1));
        client.Dispose();
        service.Dispose();
        await UntilAsync(() => pair.Outbound.Connections == 0);
        (client, service) = await pair.OpenAsync();
        await service.SendAllAsync(new byte[] { 2 });
        Assert.Equal([2], await client.ReadExactlyAsync(1));
    }

    [Fact(Timeout = Limit)]
    public async Task StopAsync_resets_what_is_open_and_frees_the_port()
    {
        await using TcpPair pair = new();
        (Socket client, Socket service) = await pair.OpenAsync();
        await service.SendAllAsync(new byte[] { 2 });
        Assert.Equal([2], await client.ReadExactlyAsync(1));
        await pair.Outbound.StopAsync();

        Assert.Equal("Stopped", pair.Outbound.State);
        Assert.Equal(SocketError.ConnectionReset, await client.ReadEndAsync());
        Assert.Equal(SocketError.ConnectionReset, await service.ReadEndAsync());
        Assert.Equal((0, 0L), (pair.Outbound.Connections, pair.Outbound.ConnectionsFailed));
        using Socket again = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        again.Bind(pair.Outbound.LocalEndPoint);
    }

    [Theory]
    [InlineData("localhost:22", "localhost", 22)]
    [InlineData("[::1]:6379", "::1", 6379)]
    [InlineData("10.0.0.1:1", "10.0.0.1", 1)]
    [InlineData("localhost", null, 0)]
    [InlineData("localhost:", null, 0)]
    [InlineData("localhost:0", null, 0)]
    [InlineData("localhost:65536", null, 0)]
    [InlineData(":22", null, 0)]
    [InlineData("::1:22", null, 0)]
    [InlineData("[localhost]:22", null, 0)]
    [InlineData("a b:22", null, 0)]
    [InlineData("ws://host:22", null, 0)]
    public void A_target_is_a_host_and_a_port(string text, string? host, int port)
    {
        DnsEndPoint? target = TunnelTcp.Target(text);

        Assert.Equal(host, target?.Host);
        Assert.Equal(port, target?.Port ?? 0);
    }

    private static async Task ServeEchoAsync(TcpPair pair, int connections)
    {
        List<Task> served = [];
        for (int i = 0; i < connections; i++)
        {
            Socket service = await pair.AcceptAsync();
            served.Add(Task.Run(async () =>
            {
                byte[] buffer = new byte[16 * 1024];
                int read;
                while ((read = await service.ReceiveAsync(buffer)) > 0)
                {
                    await service.SendAllAsync(buffer.AsMemory(0, read));
                }

                service.Dispose();
            }));
        }

        await Task.WhenAll(served);
    }
}
