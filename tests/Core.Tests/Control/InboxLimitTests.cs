using System.Globalization;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Control;

public sealed class InboxLimitTests
{
    [Fact]
    public async Task InboxFullMode_DropOldest_is_refused_with_chunks_of_which_it_would_drop_single_ones()
    {
        await using MessageWebSocket socket = new();
        socket.Control.InboxFullMode = InboxFullMode.DropOldest;
        socket.Control.ReceiveMode = MessageWebSocketReceiveMode.PartialMessage;

        ArgumentException refused = await Assert.ThrowsAsync<ArgumentException>(
            () => socket.ConnectAsync(new Uri("ws://127.0.0.1:1/"), TestContext.Current.CancellationToken));

        Assert.Contains("PartialMessage", refused.Message, StringComparison.Ordinal);
        Assert.Equal(MessageWebSocketState.Created, socket.State);
    }

    [SocketFact]
    public async Task InboxLimitInBytes_lets_TCP_hold_the_server_back_and_loses_nothing()
    {
        const int Count = 400;
        const int Size = 100_000;
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket => socket.Control.InboxLimitInBytes = 1_000_000);
        int sent = 0;
        Task flood = Task.Run(async () =>
        {
            for (; sent < Count; sent++)
            {
                byte[] payload = new byte[Size];
                BitConverter.TryWriteBytes(payload, sent);
                await dialogue.Peer.SendFrameAsync(WireOpcode.Binary, payload);
            }
        });

        while (dialogue.Socket.Information.BytesQueued < 900_000)
        {
            await Task.Yield();
        }

        // The flood of 40 MB cannot end while nobody reads: the inbox takes 1 MB and the buffers of TCP some more.
        Assert.False(flood.IsCompleted);
        for (int i = 0; i < Count; i++)
        {
            long taken = (long)i * Size;
            Assert.InRange(dialogue.Socket.Information.BytesQueued, 0, 1_200_000);
            Assert.InRange(dialogue.Socket.Information.BytesReceived, taken, taken + 2_000_000);
            WsMessage message = await dialogue.ReceiveAsync();
            Assert.Equal(Size, message.Length);
            Assert.Equal(i, BitConverter.ToInt32(message.Bytes));
        }

        await flood;
        Assert.Equal(0, dialogue.Socket.Information.MessagesDropped);
        Assert.Equal(0, dialogue.Socket.Information.MessagesQueued);
        Assert.Equal(0, dialogue.Socket.Information.BytesQueued);
    }

    [SocketFact]
    public async Task InboxLimitInBytes_bounds_a_flood_of_empty_messages_too()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket => socket.Control.InboxLimitInBytes = 10_000);
        for (int i = 0; i < 1000; i++)
        {
            await dialogue.Peer.SendTextAsync("");
        }

        WsMessage? first = await dialogue.Socket.ReceiveAsync();
        Assert.Equal("", first?.Text);
        Assert.InRange(dialogue.Socket.Information.MessagesQueued, 0, 200);
        for (int i = 1; i < 1000; i++)
        {
            Assert.Equal("", (await dialogue.ReceiveAsync()).Text);
        }
    }

    [SocketFact]
    public async Task InboxFullMode_DropOldest_keeps_the_newest_and_counts_exactly_what_it_dropped()
    {
        const int Count = 1000;
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket =>
        {
            socket.Control.InboxLimitInBytes = 20_000;
            socket.Control.InboxFullMode = InboxFullMode.DropOldest;
        });
        for (int i = 0; i < Count; i++)
        {
            await dialogue.Peer.SendTextAsync(i.ToString("0000", CultureInfo.InvariantCulture) + new string('.', 996));
        }

        await dialogue.Peer.AwaitClientCaughtUpAsync();
        long dropped = dialogue.Socket.Information.MessagesDropped;
        Assert.InRange(dialogue.Socket.Information.MessagesQueued, 10, 25);
        await dialogue.Peer.SendCloseAsync(1000);
        List<int> numbers = [];
        while (await dialogue.Socket.ReceiveAsync() is { } message)
        {
            numbers.Add(int.Parse(message.Text[..4], CultureInfo.InvariantCulture));
        }

        Assert.Equal(Count, numbers.Count + dialogue.Socket.Information.MessagesDropped);
        Assert.InRange(dropped, Count - 25, Count - 10);
        Assert.Equal(Enumerable.Range(Count - numbers.Count, numbers.Count), numbers);
    }

    [SocketFact]
    public async Task A_handler_that_is_busy_holds_the_server_back_too()
    {
        using ManualResetEventSlim go = new();
        TaskCompletionSource entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int received = 0;
        TaskCompletionSource all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket => socket.MessageReceived += (_, _) =>
        {
            entered.TrySetResult();
            go.Wait();
            if (Interlocked.Increment(ref received) == 200)
            {
                all.SetResult();
            }
        });
        Task flood = Task.Run(async () =>
        {
            for (int i = 0; i < 200; i++)
            {
                await dialogue.Peer.SendFrameAsync(WireOpcode.Binary, new byte[100_000]);
            }
        });
        await entered.Task;

        // 20 MB are more than TCP holds on both sides, and nothing is read beside the handler.
        Assert.InRange(dialogue.Socket.Information.BytesReceived, 1, 1_000_000);
        Assert.False(flood.IsCompleted);

        go.Set();
        await flood;
        await all.Task;
    }
}
