using System.Diagnostics;
using System.Globalization;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Sockets;

public sealed class CloseAsyncTests
{
    [SocketFact]
    public async Task CloseAsync_returns_the_code_and_reason_of_the_peer_after_the_end_of_TCP()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        Task<WebSocketCloseResult> closing = dialogue.Socket.CloseAsync(3001, "bye");
        Assert.Equal(MessageWebSocketState.Closing, dialogue.Socket.State);

        RawFrame sent = await dialogue.PeerReadsAsync(WireOpcode.Close);
        await dialogue.Peer.SendCloseAsync(4002, "and you");
        Assert.False(closing.IsCompleted);
        dialogue.Peer.ShutdownSend();
        WebSocketCloseResult result = await closing;

        Assert.Equal((ushort)3001, sent.CloseCode);
        Assert.Equal("bye", sent.CloseReason);
        Assert.Equal(new WebSocketCloseResult(4002, "and you"), result);
        Assert.Equal(MessageWebSocketState.Closed, dialogue.Socket.State);
        Assert.Equal((ushort)4002, dialogue.Socket.Information.CloseCode);
        Assert.Equal("and you", dialogue.Socket.Information.CloseReason);
        Assert.Null(await dialogue.Peer.ReadFrameAsync());
    }

    [SocketFact]
    public async Task CloseAsync_without_a_code_sends_an_empty_close_frame_and_an_empty_answer_is_1005()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        Task<WebSocketCloseResult> closing = dialogue.Socket.CloseAsync();

        RawFrame sent = await dialogue.PeerAnswersCloseAsync();

        Assert.Equal([0x88, 0x80], sent.RawBytes[..2]);
        Assert.Equal(new WebSocketCloseResult(1005, ""), await closing);
    }

    [SocketFact]
    public async Task CloseAsync_keeps_messages_that_come_before_the_close_frame_readable()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        await dialogue.Peer.SendTextAsync("before");
        Task<WebSocketCloseResult> closing = dialogue.Socket.CloseAsync(1000);
        await dialogue.PeerReadsAsync(WireOpcode.Close);
        await dialogue.Peer.SendTextAsync("meanwhile");
        await dialogue.Peer.SendCloseAsync(1000);
        dialogue.Peer.ShutdownSend();
        await closing;

        Assert.Equal("before", (await dialogue.ReceiveAsync()).Text);
        Assert.Equal("meanwhile", (await dialogue.ReceiveAsync()).Text);
        Assert.Null(await dialogue.Socket.ReceiveAsync());
    }

    [SocketFact]
    public async Task CloseAsync_ends_with_Timeout_when_the_peer_never_answers()
    {
        EventRecorder events = new();
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket =>
        {
            socket.Control.CloseTimeout = TimeSpan.FromMilliseconds(300);
            events.RecordCloses(socket);
        });
        long started = Stopwatch.GetTimestamp();

        MessageWebSocketException late = await Assert.ThrowsAsync<MessageWebSocketException>(() => dialogue.Socket.CloseAsync(1000));

        Assert.Equal(HResults.Timeout, late.HResult);
        Assert.Equal(WebErrorStatus.Timeout, late.Status);
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(5));
        Assert.Equal(1000, (await events.NextCloseAsync()).Code);
        await dialogue.PeerReadsAsync(WireOpcode.Close);
        await dialogue.Peer.DrainBytesAsync();
    }

    [SocketFact]
    public async Task CloseAsync_that_is_cancelled_drops_the_connection()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        using CancellationTokenSource cancel = new();
        Task closing = dialogue.Socket.CloseAsync(1000, null, cancel.Token);
        await dialogue.PeerReadsAsync(WireOpcode.Close);

        await cancel.CancelAsync();

        OperationCanceledException cancelled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => closing);
        Assert.Equal(HResults.OperationCanceled, cancelled.HResult);
        await dialogue.Peer.DrainBytesAsync();
    }

    [SocketTheory]
    [InlineData(false, WebErrorStatus.Timeout)]
    [InlineData(true, WebErrorStatus.ConnectionAborted)]
    public async Task A_close_that_nobody_answers_is_no_orderly_end(bool isCancelled, WebErrorStatus status)
    {
        EventRecorder events = new();
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket =>
        {
            socket.Control.CloseTimeout = isCancelled ? TimeSpan.Zero : TimeSpan.FromMilliseconds(100);
            events.RecordCloses(socket);
        });
        MessageWebSocket socket = dialogue.Socket;
        Task<WsMessage?> waiting = socket.ReceiveAsync().AsTask();
        using CancellationTokenSource cancel = new();
        Task closing = socket.CloseAsync(1000, "bye", cancel.Token);
        await dialogue.PeerReadsAsync(WireOpcode.Close);
        if (isCancelled)
        {
            await cancel.CancelAsync();
        }

        await Assert.ThrowsAnyAsync<Exception>(() => closing);

        Assert.Equal(MessageWebSocketState.Aborted, socket.State);
        Assert.Equal(status, socket.Information.Failure?.Status);
        Assert.Null(socket.Information.CloseCode);
        Assert.Equal(status, (await Assert.ThrowsAsync<MessageWebSocketException>(() => waiting)).Status);
        Assert.Equal(status, (await Assert.ThrowsAsync<MessageWebSocketException>(() => socket.ReceiveAsync().AsTask())).Status);
        await Assert.ThrowsAsync<MessageWebSocketException>(() => socket.SendAsync("late").AsTask());

        // The close was a local one, so it is raised as one.
        Assert.Equal(1000, (await events.NextCloseAsync()).Code);
        await dialogue.Peer.DrainBytesAsync();
    }

    [SocketFact]
    public async Task A_close_that_nobody_answers_raises_Closed_and_no_message()
    {
        int messages = 0;
        EventRecorder events = new();
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket =>
        {
            socket.Control.CloseTimeout = TimeSpan.FromMilliseconds(100);
            socket.MessageReceived += (_, _) => Interlocked.Increment(ref messages);
            events.RecordCloses(socket);
        });

        await Assert.ThrowsAsync<MessageWebSocketException>(() => dialogue.Socket.CloseAsync(1000));

        await events.NextCloseAsync();
        await dialogue.Socket.Released;
        Assert.Equal(0, Volatile.Read(ref messages));
        await dialogue.PeerReadsAsync(WireOpcode.Close);
        await dialogue.Peer.DrainBytesAsync();
    }

    [SocketFact]
    public async Task CloseAsync_from_both_sides_at_once_ends_in_order()
    {
        EventRecorder events = new();
        await using Dialogue dialogue = await Dialogue.OpenAsync(events.RecordCloses);
        Task peerCloses = dialogue.Peer.SendCloseAsync(4000, "peer");
        Task<WebSocketCloseResult> closing = dialogue.Socket.CloseAsync(4001, "us");
        await peerCloses;
        RawFrame sent = await dialogue.PeerReadsAsync(WireOpcode.Close);
        dialogue.Peer.ShutdownSend();

        // Whoever was first: one close frame from each side, and the peer's result.
        Assert.Equal(new WebSocketCloseResult(4000, "peer"), await closing);
        Assert.Contains(sent.CloseCode, new ushort?[] { 4000, 4001 });
        Assert.Null(await dialogue.Peer.ReadFrameAsync());
        await events.NextCloseAsync();
        Assert.Equal(1, events.ClosedCount);
    }

    [SocketFact]
    public async Task CloseAsync_after_the_peer_closed_returns_its_code()
    {
        EventRecorder events = new();
        await using Dialogue dialogue = await Dialogue.OpenAsync(events.RecordCloses);
        await dialogue.Peer.SendCloseAsync(1001, "going");
        await events.NextCloseAsync();
        dialogue.Peer.ShutdownSend();

        Assert.Equal(new WebSocketCloseResult(1001, "going"), await dialogue.Socket.CloseAsync(1000));
        Assert.Equal((ushort)1001, (await dialogue.PeerReadsAsync(WireOpcode.Close)).CloseCode);
    }

    [SocketFact]
    public async Task CloseAsync_from_many_threads_sends_one_close_frame_and_gives_all_the_same_result()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        Task<WebSocketCloseResult>[] closing = [.. Enumerable.Range(0, 16).Select(i => Task.Run(() => dialogue.Socket.CloseAsync(1000)))];

        await dialogue.PeerAnswersCloseAsync(1000, "ok");

        Assert.All(await Task.WhenAll(closing), result => Assert.Equal(new WebSocketCloseResult(1000, "ok"), result));
        Assert.Null(await dialogue.Peer.ReadFrameAsync());
    }

    [SocketFact]
    public async Task CloseAsync_gets_through_a_full_inbox_and_what_does_not_fit_is_counted()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket => socket.Control.InboxLimitInBytes = 1000);
        const int Count = 2000;
        Task flood = Task.Run(async () =>
        {
            for (int i = 0; i < Count; i++)
            {
                await dialogue.Peer.SendFrameAsync(WireOpcode.Binary, new byte[1000]);
            }
        });
        await UntilAsync(() => dialogue.Socket.Information.MessagesQueued > 0);

        Task<WebSocketCloseResult> closing = dialogue.Socket.CloseAsync(1000);
        await flood;
        await dialogue.PeerAnswersCloseAsync();

        Assert.Equal(1000, (await closing).Code);
        int read = 0;
        while (await dialogue.Socket.ReceiveAsync() is not null)
        {
            read++;
        }

        Assert.InRange(read, 1, 10);
        Assert.Equal(Count, read + dialogue.Socket.Information.MessagesDropped);
        Assert.Equal(Count, dialogue.Socket.Information.MessagesReceived);
    }

    [SocketFact]
    public async Task CloseAsync_reports_a_connection_that_breaks_instead()
    {
        EventRecorder events = new();
        await using Dialogue dialogue = await Dialogue.OpenAsync(events.RecordCloses);
        Task closing = dialogue.Socket.CloseAsync(1000);
        await dialogue.PeerReadsAsync(WireOpcode.Close);

        dialogue.Peer.ShutdownSend();

        MessageWebSocketException broken = await Assert.ThrowsAsync<MessageWebSocketException>(() => closing);
        Assert.Equal(WebErrorStatus.ConnectionAborted, broken.Status);
        Assert.Equal(MessageWebSocketState.Aborted, dialogue.Socket.State);
        Assert.Equal(0, events.ClosedCount);
    }

    [Fact]
    public async Task CloseAsync_before_a_connect_is_an_illegal_method_call()
    {
        using MessageWebSocket socket = new();
        InvalidOperationException refused = await Assert.ThrowsAsync<InvalidOperationException>(() => socket.CloseAsync(1000));
        Assert.Equal(HResults.IllegalMethodCall, refused.HResult);
    }

    [Fact]
    public async Task CloseAsync_refuses_a_reason_without_a_code()
    {
        using MessageWebSocket socket = new();
        await Assert.ThrowsAsync<ArgumentException>(() => socket.CloseAsync(null, "reason"));
    }

    [SocketFact]
    public async Task A_send_that_waits_while_CloseAsync_sends_its_close_frame_fails_instead_of_being_dropped_in_silence()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        int accepted = 0;
        Task sending = Task.Run(async () =>
        {
            while (true)
            {
                await dialogue.Socket.SendAsync(new byte[100_000], SocketMessageType.Binary);
                Interlocked.Increment(ref accepted);
            }
        });
        await BlockedAsync(() => Volatile.Read(ref accepted));

        Task<WebSocketCloseResult> closing = dialogue.Socket.CloseAsync(1000);
        int arrived = 0;
        RawFrame frame;
        while ((frame = await dialogue.PeerReadsAsync()).Opcode != WireOpcode.Close)
        {
            arrived++;
        }

        await dialogue.Peer.SendFrameAsync(WireOpcode.Close, frame.Payload);
        dialogue.Peer.ShutdownSend();
        await closing;
        await Assert.ThrowsAnyAsync<Exception>(() => sending);
        Assert.Equal(arrived, accepted);
        Assert.Equal(
            arrived.ToString(CultureInfo.InvariantCulture),
            dialogue.Socket.Information.MessagesSent.ToString(CultureInfo.InvariantCulture));
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Yield();
        }
    }

    // A sender is held back when its count no longer moves; nothing else shows that from outside.
    private static async Task BlockedAsync(Func<int> count)
    {
        int last;
        do
        {
            last = count();
            await Task.Delay(200);
        }
        while (last == 0 || last != count());
    }
}
