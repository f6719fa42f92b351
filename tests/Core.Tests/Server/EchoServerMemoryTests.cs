using System.IO.Compression;
using System.Net.WebSockets;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using MessageWebSockets.Tests.Reliability;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Server;

/// <summary>What clients can make the server hold. Alone, since memory is that of the whole process.</summary>
[Collection(QuietCollection.Name)]
public sealed class EchoServerMemoryTests
{
    [SocketFact]
    public async Task Frames_that_announce_much_cost_what_arrives_of_them()
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(
            new WebSocketEchoServerOptions { MaxMessageSize = 1024 * 1024 * 1024 });
        RawClient[] clients = new RawClient[20];
        for (int i = 0; i < clients.Length; i++)
        {
            clients[i] = await RawClient.OpenAsync(server);
        }

        long before = GC.GetTotalMemory(forceFullCollection: true);
        foreach (RawClient client in clients)
        {
            byte[] frame = FrameBytes.Build(WireOpcode.Binary, "x"u8, masked: true, declaredLength: 1024 * 1024 * 1024);
            await client.SendBytesAsync([.. FrameBytes.Build(WireOpcode.Ping, "p"u8, masked: true), .. frame]);
            Assert.Equal(WireOpcode.Pong, (await client.ReadFrameAsync())?.Opcode);
        }

        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 8 * 1024 * 1024);
        Array.ForEach(clients, static client => client.Dispose());
    }

    [SocketFact]
    public async Task A_flood_of_pings_by_a_client_that_reads_no_pongs_takes_bounded_memory()
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions());
        using RawClient deaf = await RawClient.OpenAsync(server, receiveBuffer: 4096);
        using MessageWebSocket other = new();
        await other.ConnectAsync(server.Uri);
        byte[] pings =
            [.. Enumerable.Repeat(FrameBytes.Build(WireOpcode.Ping, new byte[125], masked: true), 1000).SelectMany(static frame => frame)];
        long before = GC.GetTotalMemory(forceFullCollection: true);

        // 200 MB, or as much as the server takes until it waits for the client.
        long taken = 0;
        Task flooding = Task.Run(async () =>
        {
            for (int i = 0; i < 1500; i++)
            {
                await deaf.SendBytesAsync(pings);
                Interlocked.Add(ref taken, pings.Length);
            }
        });
        long last;
        do
        {
            last = Interlocked.Read(ref taken);
            await other.SendAsync("still served");
            Assert.Equal("still served", (await other.ReceiveAsync())?.Text);
            await Task.WhenAny(flooding, Task.Delay(200));
        }
        while (!flooding.IsCompleted && last != Interlocked.Read(ref taken));

        Assert.False(flooding.IsCompleted);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 8 * 1024 * 1024);
        deaf.Dispose();
        await Assert.ThrowsAnyAsync<Exception>(() => flooding);
    }

    [SocketFact]
    public async Task A_deflate_bomb_stops_at_the_limit()
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(
            new WebSocketEchoServerOptions { Compression = new WebSocketDeflateOptions(), MaxMessageSize = 1_000_000 });
        using RawClient client = await RawClient.ConnectAsync(server);
        await client.SendAsync(RawClient.Request("GET / HTTP/1.1", ("Sec-WebSocket-Extensions", "permessage-deflate")));
        Assert.Contains("permessage-deflate", await client.ReadHeadAsync(), StringComparison.Ordinal);
        using MemoryStream bomb = new();
        using (DeflateStream deflate = new(bomb, CompressionLevel.Optimal, leaveOpen: true))
        {
            deflate.Write(new byte[100_000_000]);
        }

        long before = GC.GetTotalAllocatedBytes();

        await client.SendBytesAsync(FrameBytes.Build(WireOpcode.Binary, bomb.ToArray(), rsv: 4, masked: true));
        RawFrame? end = await client.ReadFrameAsync();

        Assert.Equal(1009, (int?)end?.CloseCode);
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 20_000_000);
    }
}
