using System.Net.Sockets;
using MessageWebSockets.PowerShell.Tunnels;
using Xunit;
using static MessageWebSockets.PowerShell.Tests.Tunnels.RawPeers;

namespace MessageWebSockets.PowerShell.Tests.Tunnels;

/// <summary>
/// Every stage of a connection, either side of it, and each way to break it: the other side meets an error and no quiet end. What ends
/// in order is in <see cref="WsTunnelTests"/>, what ends before a WebSocket client has its answer in <see cref="TunnelRefusalTests"/>.
/// </summary>
public sealed class TunnelFaultTests
{
    private const int Limit = 60_000;

    private static readonly byte[] Message = [0x82, 0x01, 7];
    private static readonly byte[] MaskedMessage = [0x82, 0x81, 0, 0, 0, 0, 7];
    private static readonly byte[] MaskedClose = [0x88, 0x82, 0, 0, 0, 0, 1000 >> 8, 1000 & 0xFF];

    [Theory(Timeout = Limit)]
    [InlineData("handshake", "reset")]
    [InlineData("handshake", "end")]
    [InlineData("handshake", "garbage")]
    [InlineData("half-closed", "reset")]
    [InlineData("half-closed", "end")]
    [InlineData("half-closed", "close")]
    public async Task A_WebSocket_server_that_breaks_resets_the_TCP_client(string stage, string fault)
    {
        using Socket server = Listen();
        await using WsTunnel tunnel = TcpPair.ToWebSocket(UriOf(server), Patient);
        using Socket client = await ConnectAsync(tunnel);
        using Socket peer = await server.AcceptAsync();
        string request = await ReadHeadAsync(peer);
        if (stage == "half-closed")
        {
            await AgreeAsync(peer, request);
            client.Shutdown(SocketShutdown.Send);
            Assert.Equal(1000, await ReadCloseAsync(peer));
        }

        await BreakAsync(peer, fault);

        Assert.Equal(SocketError.ConnectionReset, await client.ReadEndAsync());
        await UntilAsync(() => tunnel is { ConnectionsFailed: 1, Connections: 0 });
        Assert.NotNull(tunnel.LastError);
    }

    [Fact(Timeout = Limit)]
    public async Task A_WebSocket_server_that_vanishes_is_noticed_by_keep_alive_and_the_TCP_client_reset()
    {
        using Socket server = Listen();
        await using WsTunnel tunnel = TcpPair.ToWebSocket(UriOf(server), Patient, configure: static control =>
        {
            control.DesiredUnsolicitedPongInterval = TimeSpan.FromMilliseconds(50);
            control.KeepAliveTimeout = TimeSpan.FromMilliseconds(300);
        });
        using Socket client = await ConnectAsync(tunnel);
        using Socket peer = await AcceptWebSocketAsync(server);
        await peer.SendAllAsync(Message);
        Assert.Equal([7], await client.ReadExactlyAsync(1));

        // From here on it takes what comes, as the system of a process that hangs does, and says nothing.
        Assert.Equal(SocketError.ConnectionReset, await client.ReadEndAsync());
        await UntilAsync(() => tunnel is { ConnectionsFailed: 1, Connections: 0 });
        Assert.Contains("0.3 s", tunnel.LastError, StringComparison.Ordinal);
    }

    [Theory(Timeout = Limit)]
    [InlineData("reset", 1011)]
    [InlineData("end", 1000)]
    public async Task A_TCP_client_that_ends_during_the_handshake_does_so_for_the_WebSocket_server(string fault, int code)
    {
        using Socket server = Listen();
        await using WsTunnel tunnel = TcpPair.ToWebSocket(UriOf(server), Patient);
        using Socket client = await ConnectAsync(tunnel);
        using Socket peer = await server.AcceptAsync();
        string request = await ReadHeadAsync(peer);
        await BreakAsync(client, fault);
        await AgreeAsync(peer, request);

        Assert.Equal(code, await ReadCloseAsync(peer));
    }

    [Fact(Timeout = Limit)]
    public async Task A_TCP_client_that_is_gone_after_its_end_costs_the_WebSocket_server_its_connection()
    {
        await using RawServerPair scene = await RawServerPair.OpenAsync(Patient);
        (WsTunnel tunnel, Socket client, Socket peer) = scene;
        client.Shutdown(SocketShutdown.Send);
        Assert.Equal(1000, await ReadCloseAsync(peer));
        client.Reset();

        // It shows when something is to be delivered.
        await SendUntilAsync(peer, () => tunnel is { ConnectionsFailed: 1, Connections: 0 }, Message);
    }

    [Fact(Timeout = Limit)]
    public async Task A_TCP_client_that_resets_after_the_end_of_the_WebSocket_is_an_error_for_it()
    {
        await using RawServerPair scene = await RawServerPair.OpenAsync(Patient);
        (WsTunnel tunnel, Socket client, Socket peer) = scene;
        await scene.CloseAsync();
        client.Reset();

        Assert.Equal(1011, await ReadCloseAsync(peer));
        await UntilAsync(() => tunnel is { ConnectionsFailed: 1, Connections: 0 });
    }

    // What nobody takes any more is an error for whoever sends it, and no end for whoever had a part of it.
    [Theory(Timeout = Limit)]
    [InlineData("end")]
    [InlineData("gone")]
    [InlineData("reset")]
    public async Task A_TCP_client_that_sends_to_a_WebSocket_server_that_closed_and_went_is_reset(string fault)
    {
        await using RawServerPair scene = await RawServerPair.OpenAsync(Patient);
        (WsTunnel tunnel, Socket client, Socket peer) = scene;
        await scene.CloseAsync();
        await BreakAsync(peer, fault);

        await SendUntilAsync(client, () => tunnel is { ConnectionsFailed: 1, Connections: 0 });
        Assert.NotNull(tunnel.LastError);
    }

    [Theory(Timeout = Limit)]
    [InlineData("gone")]
    [InlineData("reset")]
    public async Task What_a_WebSocket_server_did_not_read_before_it_closed_and_went_is_an_error_for_the_TCP_client(string fault)
    {
        await using RawServerPair scene = await RawServerPair.OpenAsync(Patient);
        (WsTunnel tunnel, Socket client, Socket peer) = scene;
        await client.SendAllAsync(new byte[100_000]);
        await UntilAsync(() => tunnel.BytesSent >= 100_000 && peer.Available > 0);
        await scene.CloseAsync();
        await BreakAsync(peer, fault);

        await UntilAsync(() => tunnel is { ConnectionsFailed: 1, Connections: 0 });
        await Assert.ThrowsAsync<SocketException>(() => client.SendAllAsync(new byte[1]));
    }

    [Theory(Timeout = Limit)]
    [InlineData("gone")]
    [InlineData("reset")]
    public async Task What_a_WebSocket_client_did_not_read_before_it_closed_and_went_is_an_error_for_the_service(string fault)
    {
        await using TcpPair pair = new(Patient);
        using Socket client = await ConnectWebSocketAsync(pair.Inbound);
        Socket service = await pair.AcceptAsync();
        await service.SendAllAsync(new byte[100_000]);
        await UntilAsync(() => pair.Inbound.BytesReceived >= 100_000 && client.Available > 0);
        await client.SendAllAsync(MaskedClose);
        Assert.Equal(SocketError.Success, await service.ReadEndAsync());
        await BreakAsync(client, fault);

        await UntilAsync(() => pair.Inbound is { ConnectionsFailed: 1, Connections: 0 });
        await Assert.ThrowsAsync<SocketException>(() => service.SendAllAsync(new byte[1]));
    }

    [Fact(Timeout = Limit)]
    public async Task A_client_that_still_sends_when_the_service_has_closed_both_ways_is_reset()
    {
        await using TcpPair pair = new(Patient);
        (Socket client, Socket service) = await pair.OpenAsync();
        await client.SendAllAsync(new byte[1]);
        await service.ReadExactlyAsync(1);
        service.Dispose();

        await SendUntilAsync(client, () => (pair.Outbound.ConnectionsFailed, pair.Inbound.ConnectionsFailed) == (1, 1));
        await UntilAsync(() => pair.Outbound.Connections + pair.Inbound.Connections == 0);
    }

    [Fact(Timeout = Limit)]
    public async Task A_client_that_breaks_after_the_end_of_the_service_resets_the_service()
    {
        await using TcpPair pair = new(Patient);
        (Socket client, Socket service) = await pair.OpenAsync();
        service.Shutdown(SocketShutdown.Send);
        Assert.Equal(SocketError.Success, await client.ReadEndAsync());
        await client.SendAllAsync(new byte[1]);
        await service.ReadExactlyAsync(1);
        client.Reset();

        Assert.Equal(SocketError.ConnectionReset, await service.ReadEndAsync());
        await UntilAsync(() => (pair.Outbound.ConnectionsFailed, pair.Inbound.ConnectionsFailed) == (1, 1));
    }

    [Theory(Timeout = Limit)]
    [InlineData("open", "reset")]
    [InlineData("open", "end")]
    [InlineData("service ended", "reset")]
    [InlineData("service ended", "end")]
    [InlineData("service ended", "silence")]
    public async Task A_WebSocket_client_that_breaks_resets_the_service(string stage, string fault)
    {
        await using TcpPair pair = new(fault == "silence" ? Impatient : Patient);
        using Socket client = await ConnectWebSocketAsync(pair.Inbound);
        Socket service = await pair.AcceptAsync();
        await client.SendAllAsync(MaskedMessage);
        Assert.Equal([7], await service.ReadExactlyAsync(1));
        if (stage == "service ended")
        {
            service.Shutdown(SocketShutdown.Send);
            Assert.Equal(1000, await ReadCloseAsync(client));
        }

        await BreakAsync(client, fault);

        Assert.Equal(SocketError.ConnectionReset, await service.ReadEndAsync());
        await UntilAsync(() => pair.Inbound is { ConnectionsFailed: 1, Connections: 0 });
        Assert.NotNull(pair.Inbound.LastError);
    }

    [Fact(Timeout = Limit)]
    public async Task A_service_that_resets_after_the_end_of_the_WebSocket_client_is_an_error_for_it()
    {
        await using TcpPair pair = new(Patient);
        using Socket client = await ConnectWebSocketAsync(pair.Inbound);
        Socket service = await pair.AcceptAsync();
        await client.SendAllAsync(MaskedClose);
        Assert.Equal(SocketError.Success, await service.ReadEndAsync());
        service.Reset();

        Assert.Equal(1011, await ReadCloseAsync(client));
        await UntilAsync(() => pair.Inbound is { ConnectionsFailed: 1, Connections: 0 });
    }

    [Theory(Timeout = Limit)]
    [InlineData("end")]
    [InlineData("gone")]
    [InlineData("reset")]
    public async Task A_WebSocket_client_that_is_gone_after_its_end_resets_the_service_that_still_answers(string fault)
    {
        await using TcpPair pair = new(Patient);
        using Socket client = await ConnectWebSocketAsync(pair.Inbound);
        Socket service = await pair.AcceptAsync();
        await client.SendAllAsync(MaskedClose);
        Assert.Equal(SocketError.Success, await service.ReadEndAsync());
        await BreakAsync(client, fault);

        await SendUntilAsync(service, () => pair.Inbound is { ConnectionsFailed: 1, Connections: 0 });
    }

    [Fact(Timeout = Limit)]
    public async Task Short_connections_leave_no_task_however_they_end()
    {
        await using TcpPair pair = new(Patient);
        for (int i = 0; i < 100; i++)
        {
            (Socket client, Socket service) = await pair.OpenAsync();
            await client.SendAllAsync(new byte[1]);
            await service.ReadExactlyAsync(1);
            await BreakAsync(i % 2 == 0 ? client : service, i % 4 < 2 ? "reset" : "end");
            Assert.Equal(
                i % 4 < 2 ? SocketError.ConnectionReset : SocketError.Success, await (i % 2 == 0 ? service : client).ReadEndAsync());
            client.Dispose();
            service.Dispose();
        }

        using Socket refused = await ConnectAsync(pair.Inbound);
        await refused.SendAllAsync("no HTTP\r\n\r\n"u8.ToArray());
        await refused.ReadEndAsync();
        refused.Dispose();
        await UntilAsync(() => pair.Outbound.Serving + pair.Inbound.Serving == 0);
        Assert.Equal((100L, 50L), (pair.Outbound.ConnectionsAccepted, pair.Outbound.ConnectionsFailed));
    }

    // Sends until the tunnel has noticed and the sender has met the reset.
    private static Task SendUntilAsync(Socket sender, Func<bool> isNoticed, byte[]? bytes = null) => UntilAsync(async () =>
    {
        try
        {
            await sender.SendAllAsync(bytes ?? new byte[1]);
            return false;
        }
        catch (SocketException)
        {
            return isNoticed();
        }
    });

    private static async Task BreakAsync(Socket peer, string fault)
    {
        switch (fault)
        {
            case "gone":
                peer.Dispose();
                break;
            case "reset":
                peer.Reset();
                break;
            case "end":
                peer.Shutdown(SocketShutdown.Send);
                break;
            case "close":
                await peer.SendAllAsync(new byte[] { 0x88, 0x02, 1011 >> 8, 1011 & 0xFF });
                break;
            case "garbage":
                await peer.SendAllAsync("no HTTP\r\n\r\n"u8.ToArray());
                break;
            default:
                Assert.Equal("silence", fault);
                break;
        }
    }
}
