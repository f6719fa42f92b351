using System.Buffers.Binary;
using System.Net.WebSockets;
using System.Text;
using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Reliability;

using FrameOpcode = MessageWebSockets.TestServer.FrameOpcode;

/// <summary>Whatever the peer sends, memory stays bounded and every message is delivered or counted.</summary>
[Collection(QuietCollection.Name)]
public sealed class BackpressureTests
{
    private const long Mebibyte = 1024 * 1024;

    [Fact]
    public async Task A_reader_far_slower_than_the_server_gets_every_message_in_bounded_memory()
    {
        if (!OwnProcess.IsThis)
        {
            await OwnProcess.RunAsync(
                $"{typeof(BackpressureTests).FullName}.{nameof(A_reader_far_slower_than_the_server_gets_every_message_in_bounded_memory)}");
            return;
        }

        const int Size = 16 * 1024;
        const long Messages = 2048 * Mebibyte / Size;
        const long Limit = 64 * Mebibyte;
        await using RawServer server = StartFlood(new FloodPlan(Messages, Size, FrameOpcode.Binary));
        using MessageWebSocket socket = new();
        socket.Control.InboxLimitInBytes = Limit;
        using MemoryWatch memory = new();
        await socket.ConnectAsync(server.Uri);

        for (long next = 0; next < Messages;)
        {
            // Slow by its own measure: it goes back to reading only when the server had to stop, or has nothing more to send.
            await UntilAsync(() =>
                socket.Information.MessagesReceived == Messages || socket.Information.BytesQueued > Limit - (2 * Mebibyte));
            memory.Look();
            for (int i = 0; i < 2000 && next < Messages; i++, next++)
            {
                WsMessage? message = await socket.ReceiveAsync();
                Assert.Equal(next, BinaryPrimitives.ReadInt64BigEndian(message!.Bytes));
                Assert.Equal(Size, message.Length);
            }
        }

        Assert.Equal(0, socket.Information.MessagesDropped);
        Assert.InRange(memory.Growth, 0, 250 * Mebibyte);
    }

    [Fact]
    public async Task DropOldest_keeps_the_newest_and_counts_what_it_dropped()
    {
        const int Kept = 100;
        const int Size = 100;
        const int CostPerMessage = Size + 96;
        const int Messages = 10_000;
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            IEnumerable<byte> messages = Enumerable.Range(0, Messages).SelectMany(i => FrameBytes.Text(i.ToString("D100", null)));
            byte[] all = [.. messages, .. FrameBytes.Close(1000)];
            await connection.SendBytesAsync(all);
            await connection.DrainFramesAsync();
        });
        using MessageWebSocket socket = new();
        socket.Control.InboxFullMode = InboxFullMode.DropOldest;
        socket.Control.InboxLimitInBytes = Kept * CostPerMessage;
        await socket.ConnectAsync(server.Uri);
        await socket.Released.WaitAsync(FaultVisit.Patience);

        List<string> read = [];
        while (await socket.ReceiveAsync() is { } message)
        {
            read.Add(message.Text);
        }

        Assert.Equal(Enumerable.Range(Messages - Kept, Kept).Select(i => i.ToString("D100", null)), read);
        Assert.Equal(Messages - Kept, socket.Information.MessagesDropped);
        Assert.Equal(Messages, socket.Information.MessagesReceived);
    }

    [Fact]
    public async Task A_deflate_bomb_stops_at_the_limit_in_bounded_memory()
    {
        await using FaultServer server = FaultServer.Start(Faults.Named("deflate-bomb"));
        using MessageWebSocket socket = new();
        socket.Control.Compression = new WebSocketDeflateOptions();
        socket.Control.MaxMessageSize = 8 * (uint)Mebibyte;
        await socket.ConnectAsync(server.Uri);
        Assert.NotNull(await socket.ReceiveAsync());
        Assert.NotNull(await socket.ReceiveAsync());
        long allocated = GC.GetTotalAllocatedBytes();
        MessageWebSocketException failure = await Assert.ThrowsAsync<MessageWebSocketException>(() => socket.ReceiveAsync().AsTask());

        Assert.Equal(HResults.MessageTooLarge, failure.HResult);
        Assert.Contains("8388608", failure.Message, StringComparison.Ordinal);

        // Of both sides together: the bomb itself, its frame and capture, what was inflated up to the limit. Never the gigabyte.
        Assert.InRange(GC.GetTotalAllocatedBytes() - allocated, 0, 64 * Mebibyte);
        await server.Raw!.WhenIdleAsync().WaitAsync(FaultVisit.Patience);
    }

    [Fact]
    public async Task A_ping_flood_by_a_peer_that_reads_no_pongs_takes_bounded_memory()
    {
        const int Pings = 400_000;
        const int ChunkOfPings = 10_000;
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            byte[] ping = FrameBytes.Build(FrameOpcode.Ping, new byte[125]);
            byte[] chunk = [.. Enumerable.Repeat(ping, ChunkOfPings).SelectMany(bytes => bytes)];
            for (int i = 0; i < Pings; i += ChunkOfPings)
            {
                await connection.SendBytesAsync(chunk);
            }

            await connection.SendTextAsync("after");
            await connection.HoldAsync();
        });
        using MessageWebSocket socket = new();
        await socket.ConnectAsync(server.Uri);
        Assert.Equal("after", (await socket.ReceiveAsync().AsTask().WaitAsync(FaultVisit.Patience))?.Text);

        // Unbounded, each would be answered into memory, 52 MB of them. The buffers of ours and of the system take a part.
        Assert.True(
            socket.Information.FramesSent < Pings / 2,
            $"{socket.Information.FramesSent} pongs were kept for a peer that reads none.");
    }

    [Theory]
    [InlineData(FrameOpcode.Continuation)]
    [InlineData(FrameOpcode.Ping)]
    public async Task A_server_that_sends_frames_without_a_message_and_without_end_keeps_nobody_who_connects(FrameOpcode opcode)
    {
        const int ChunkOfFrames = 256 * 1024;
        await using RawServer server = RawServer.Start(
            async connection =>
            {
                byte[] frame = FrameBytes.Build(opcode, [], fin: opcode == FrameOpcode.Ping);
                byte[] chunk = [.. Enumerable.Repeat(frame, ChunkOfFrames).SelectMany(bytes => bytes)];

                // In one piece with the answer, so that there is something to read from the first moment on.
                string answer = RawConnection.HandshakeHead(await connection.ReadRequestAsync(), new HandshakeAnswer());
                byte[] begin = [.. Encoding.ASCII.GetBytes(answer), .. FrameBytes.Build(FrameOpcode.Text, [], fin: false), .. chunk];
                await connection.SendBytesAsync(begin);
                while (true)
                {
                    await connection.SendBytesAsync(chunk);
                }
            },
            new RawServerOptions { CaptureLimit = 0 });
        using MessageWebSocket socket = new();
        await socket.ConnectAsync(server.Uri).WaitAsync(FaultVisit.Patience);
        Assert.Equal(MessageWebSocketState.Open, socket.State);

        socket.Dispose();
        await server.WhenIdleAsync().WaitAsync(FaultVisit.Patience);
    }

    private static RawServer StartFlood(FloodPlan plan) => RawServer.Start(
        async connection =>
        {
            await connection.AcceptHandshakeAsync();
            await connection.FloodAsync(plan);
        },
        new RawServerOptions { CaptureLimit = 0 });

    private static async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Yield();
        }
    }
}
