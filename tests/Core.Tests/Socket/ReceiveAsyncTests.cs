using System.Globalization;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Sockets;

public sealed class ReceiveAsyncTests
{
    [SocketFact]
    public async Task ReceiveAsync_gives_messages_in_order_with_their_types()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        await dialogue.Peer.SendTextAsync("Grüße");
        await dialogue.Peer.SendFrameAsync(WireOpcode.Binary, new byte[] { 1, 2, 255 });
        await dialogue.Peer.SendTextAsync("");

        WsMessage text = await dialogue.ReceiveAsync();
        WsMessage binary = await dialogue.ReceiveAsync();
        WsMessage empty = await dialogue.ReceiveAsync();

        Assert.Equal(SocketMessageType.Utf8, text.MessageType);
        Assert.Equal("Grüße", text.Data);
        Assert.Equal(SocketMessageType.Binary, binary.MessageType);
        Assert.Equal(new byte[] { 1, 2, 255 }, binary.Data);
        Assert.Equal("", empty.Data);
        Assert.All([text, binary, empty], message => Assert.True(message.IsMessageComplete));
        Assert.Same(dialogue.Socket, text.GetSocket());
        Assert.InRange(text.ReceivedAt, DateTime.Now.AddMinutes(-1), DateTime.Now.AddSeconds(1));
    }

    [SocketFact]
    public async Task Receiving_with_a_cancelled_token_is_the_same_by_every_method_and_takes_no_message()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        await dialogue.Peer.SendTextAsync("queued");
        Assert.True(await dialogue.Socket.WaitToReceiveAsync());
        using CancellationTokenSource cancel = new();
        await cancel.CancelAsync();
        Func<Task>[] receives =
        [
            () => dialogue.Socket.ReceiveAsync(cancel.Token).AsTask(),
            () => dialogue.Socket.ReceiveNextAsync(_ => true, cancel.Token),
            () => dialogue.Socket.WaitToReceiveAsync(cancel.Token).AsTask(),
            () => dialogue.Socket.ReadAllAsync(cancel.Token).GetAsyncEnumerator().MoveNextAsync().AsTask(),
            () => dialogue.Socket.ReadAllAsync(_ => true, cancel.Token).GetAsyncEnumerator().MoveNextAsync().AsTask(),
        ];

        await AssertAllAreCancelledAsync(receives, cancel.Token);
        Assert.Equal("queued", (await dialogue.ReceiveAsync()).Text);
        await AssertAllAreCancelledAsync(receives, cancel.Token);
        await dialogue.Peer.SendCloseAsync(1000);
        Assert.Null(await dialogue.Socket.ReceiveAsync());
        await AssertAllAreCancelledAsync(receives, cancel.Token);
    }

    [SocketFact]
    public async Task Receives_that_wait_get_the_messages_in_the_order_in_which_they_were_called()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        Task<WsMessage?>[] waiting = [.. Enumerable.Range(0, 4).Select(_ => dialogue.Socket.ReceiveAsync().AsTask())];
        for (int number = 0; number < waiting.Length; number++)
        {
            await dialogue.Peer.SendTextAsync($"{number}");
        }

        WsMessage?[] received = await Task.WhenAll(waiting);
        Assert.Equal(["0", "1", "2", "3"], received.Select(static message => message!.Text));

        Queue<Task<WsMessage?>> inFlight = new(Enumerable.Range(0, 4).Select(_ => dialogue.Socket.ReceiveAsync().AsTask()));
        for (int number = 0; number < 50; number++)
        {
            await dialogue.Peer.SendTextAsync($"{number}");
            Assert.Equal($"{number}", (await inFlight.Dequeue())!.Text);
            inFlight.Enqueue(dialogue.Socket.ReceiveAsync().AsTask());
        }
    }

    [SocketFact]
    public async Task Receives_whose_wait_is_cancelled_end_alike()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        using CancellationTokenSource cancel = new();
        Task[] waiting =
        [
            dialogue.Socket.ReceiveAsync(cancel.Token).AsTask(),
            dialogue.Socket.ReceiveNextAsync(_ => true, cancel.Token),
            dialogue.Socket.WaitToReceiveAsync(cancel.Token).AsTask(),
        ];
        await cancel.CancelAsync();

        await AssertAllAreCancelledAsync([.. waiting.Select(task => (Func<Task>)(() => task))], cancel.Token);
    }

    [SocketFact]
    public async Task ReceiveAsync_puts_fragments_together_with_control_frames_between_them()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        byte[] euro = "€"u8.ToArray();
        await dialogue.Peer.SendFrameAsync(WireOpcode.Text, euro.AsMemory(0, 1), fin: false);
        await dialogue.Peer.SendFrameAsync(WireOpcode.Ping, "between"u8.ToArray());
        await dialogue.Peer.SendFrameAsync(WireOpcode.Continuation, Array.Empty<byte>(), fin: false);
        await dialogue.Peer.SendFrameAsync(WireOpcode.Continuation, euro.AsMemory(1));

        Assert.Equal("€", (await dialogue.ReceiveAsync()).Text);
        Assert.Equal("between", (await dialogue.PeerReadsAsync(WireOpcode.Pong)).Text);
        Assert.Equal(1, dialogue.Socket.Information.MessagesReceived);
    }

    [SocketFact]
    public async Task ReceiveAsync_whose_wait_was_cancelled_loses_nothing_in_1000_times()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        for (int i = 0; i < 1000; i++)
        {
            using CancellationTokenSource cancel = new();
            Task<WsMessage?> waiting = dialogue.Socket.ReceiveAsync(cancel.Token).AsTask();
            Task sending = dialogue.Peer.SendTextAsync(i.ToString(CultureInfo.InvariantCulture));
            await cancel.CancelAsync();

            // The race is the point: the message goes either to this wait or to the next one.
            WsMessage? message = null;
            try
            {
                message = await waiting;
            }
            catch (OperationCanceledException e)
            {
                Assert.Equal(HResults.OperationCanceled, e.HResult);
            }

            message ??= await dialogue.Socket.ReceiveAsync();
            Assert.Equal(i.ToString(CultureInfo.InvariantCulture), message?.Text);
            await sending;
        }

        Assert.Equal(MessageWebSocketState.Open, dialogue.Socket.State);
        Assert.Equal(0, dialogue.Socket.Information.MessagesQueued);
    }

    [SocketFact]
    public async Task ReceiveAsync_cancelled_1000_times_in_silence_harms_nothing()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        for (int i = 0; i < 1000; i++)
        {
            using CancellationTokenSource cancel = new();
            Task<WsMessage?> waiting = dialogue.Socket.ReceiveAsync(cancel.Token).AsTask();
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        }

        await dialogue.Peer.SendTextAsync("alive");
        Assert.Equal("alive", (await dialogue.ReceiveAsync()).Text);
    }

    [SocketFact]
    public async Task ReceiveAsync_gives_null_after_an_orderly_close_with_earlier_messages_first()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        await dialogue.Peer.SendTextAsync("last");
        await dialogue.Peer.SendCloseAsync(1000, "done");

        Assert.Equal("last", (await dialogue.ReceiveAsync()).Text);
        Assert.Null(await dialogue.Socket.ReceiveAsync());
        Assert.Null(await dialogue.Socket.ReceiveAsync());
        Assert.False(await dialogue.Socket.WaitToReceiveAsync());
        Assert.Equal(MessageWebSocketState.Closed, dialogue.Socket.State);
    }

    [SocketFact]
    public async Task ReceiveAsync_throws_after_an_abnormal_end_with_earlier_messages_first()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        await dialogue.Peer.SendTextAsync("one");
        await dialogue.Peer.SendTextAsync("two");
        dialogue.Peer.ShutdownSend();

        Assert.Equal("one", (await dialogue.ReceiveAsync()).Text);
        Assert.Equal("two", (await dialogue.ReceiveAsync()).Text);
        MessageWebSocketException first = await Assert.ThrowsAsync<MessageWebSocketException>(
            () => dialogue.Socket.ReceiveAsync().AsTask());
        MessageWebSocketException second = await Assert.ThrowsAsync<MessageWebSocketException>(
            () => dialogue.Socket.ReceiveAsync().AsTask());
        Assert.Equal(WebErrorStatus.ConnectionAborted, first.Status);
        Assert.Equal(HResults.ConnectionAborted, first.HResult);
        Assert.Equal(dialogue.Uri, first.PeerUri);
        Assert.NotSame(first, second);
        await Assert.ThrowsAsync<MessageWebSocketException>(() => dialogue.Socket.WaitToReceiveAsync().AsTask());
        Assert.Equal(MessageWebSocketState.Aborted, dialogue.Socket.State);
    }

    [SocketFact]
    public async Task TryReceive_takes_what_is_queued_and_never_waits()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        Assert.False(dialogue.Socket.TryReceive(out _));
        await dialogue.Peer.SendTextAsync("queued");

        Assert.True(await dialogue.Socket.WaitToReceiveAsync());
        Assert.True(dialogue.Socket.TryReceive(out WsMessage? message));

        Assert.Equal("queued", message.Text);
        Assert.False(dialogue.Socket.TryReceive(out _));
    }

    [SocketFact]
    public async Task WaitToReceiveAsync_can_be_cancelled_and_takes_nothing()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        using CancellationTokenSource cancel = new();
        Task<bool> waiting = dialogue.Socket.WaitToReceiveAsync(cancel.Token).AsTask();
        await cancel.CancelAsync();
        OperationCanceledException cancelled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.Equal(HResults.OperationCanceled, cancelled.HResult);

        await dialogue.Peer.SendTextAsync("one");
        Assert.True(await dialogue.Socket.WaitToReceiveAsync());
        Assert.True(await dialogue.Socket.WaitToReceiveAsync());
        Assert.Equal("one", (await dialogue.ReceiveAsync()).Text);
    }

    [SocketFact]
    public async Task ReadAllAsync_gives_every_message_and_ends_with_an_orderly_close()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        for (int i = 0; i < 100; i++)
        {
            await dialogue.Peer.SendTextAsync(i.ToString(CultureInfo.InvariantCulture));
        }

        await dialogue.Peer.SendCloseAsync(1000);
        List<string> texts = [];
        await foreach (WsMessage message in dialogue.Socket.ReadAllAsync())
        {
            texts.Add(message.Text);
        }

        Assert.Equal(Enumerable.Range(0, 100).Select(i => i.ToString(CultureInfo.InvariantCulture)), texts);
    }

    [SocketFact]
    public async Task ReadAllAsync_throws_after_an_abnormal_end_and_can_be_cancelled_without_harm()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        using (CancellationTokenSource cancel = new())
        {
            await using IAsyncEnumerator<WsMessage> cancelled = dialogue.Socket.ReadAllAsync(cancel.Token).GetAsyncEnumerator();
            Task<bool> waiting = cancelled.MoveNextAsync().AsTask();
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        }

        await dialogue.Peer.SendTextAsync("one");
        dialogue.Peer.ShutdownSend();
        List<string> texts = [];
        MessageWebSocketException broken = await Assert.ThrowsAsync<MessageWebSocketException>(async () =>
        {
            await foreach (WsMessage message in dialogue.Socket.ReadAllAsync())
            {
                texts.Add(message.Text);
            }
        });

        Assert.Equal(["one"], texts);
        Assert.Equal(WebErrorStatus.ConnectionAborted, broken.Status);
    }

    [SocketFact]
    public async Task ReadAllAsync_with_a_filter_shows_it_each_message_once_and_leaves_the_others_in_order()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        for (int i = 0; i < 100; i++)
        {
            await dialogue.Peer.SendTextAsync(i.ToString(CultureInfo.InvariantCulture));
        }

        await dialogue.Peer.SendCloseAsync(1000);
        List<string> shown = [];
        List<string> taken = [];
        await foreach (WsMessage message in dialogue.Socket.ReadAllAsync(message => Show(message.Text).EndsWith('7')))
        {
            taken.Add(message.Text);
        }

        string[] all = [.. Enumerable.Range(0, 100).Select(i => i.ToString(CultureInfo.InvariantCulture))];
        Assert.Equal(all, shown);
        Assert.Equal(all.Where(static text => text.EndsWith('7')), taken);
        List<string> left = [];
        while (dialogue.Socket.TryReceive(out WsMessage? message))
        {
            left.Add(message.Text);
        }

        Assert.Equal(all.Where(static text => !text.EndsWith('7')), left);

        string Show(string text)
        {
            shown.Add(text);
            return text;
        }
    }

    [SocketFact]
    public async Task ReadAllAsync_with_a_filter_that_throws_ends_and_loses_nothing()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        await dialogue.Peer.SendTextAsync("one");
        await Assert.ThrowsAsync<FormatException>(async () =>
        {
            await foreach (WsMessage message in dialogue.Socket.ReadAllAsync(static _ => throw new FormatException("the filter's own")))
            {
                Assert.Fail(message.Text);
            }
        });

        Assert.Equal("one", (await dialogue.ReceiveAsync()).Text);
    }

    [SocketFact]
    public async Task What_a_filter_leaves_fills_the_inbox_and_is_said_so()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket => socket.Control.InboxLimitInBytes = 500);
        using CancellationTokenSource full = new();
        int shown = 0;
        Task reading = Task.Run(async () =>
        {
            await foreach (WsMessage message in dialogue.Socket.ReadAllAsync(_ => ++shown < 0, full.Token))
            {
                Assert.Fail(message.Text);
            }
        });
        for (int i = 0; i < 10; i++)
        {
            await dialogue.Peer.SendTextAsync("left");
        }

        await UntilAsync(() => dialogue.Socket.Information.IsInboxFull && Volatile.Read(ref shown) == 5);
        Assert.Equal(5, dialogue.Socket.Information.MessagesQueued);
        Assert.False(reading.IsCompleted);
        for (int i = 0; i < 10; i++)
        {
            Assert.Equal("left", (await dialogue.ReceiveAsync()).Text);
        }

        await full.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        Assert.False(dialogue.Socket.Information.IsInboxFull);
    }

    [SocketFact]
    public async Task ReceiveAsync_from_several_readers_gives_each_message_to_one_of_them()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        Task<List<string>>[] readers =
        [
            .. Enumerable.Range(0, 8).Select(i => Task.Run(async () =>
            {
                List<string> read = [];
                while (await dialogue.Socket.ReceiveAsync() is { } message)
                {
                    read.Add(message.Text);
                }

                return read;
            })),
        ];
        for (int i = 0; i < 2000; i++)
        {
            await dialogue.Peer.SendTextAsync(i.ToString(CultureInfo.InvariantCulture));
        }

        await dialogue.Peer.SendCloseAsync(1000);
        string[] all = [.. (await Task.WhenAll(readers)).SelectMany(read => read)];
        Assert.Equal(2000, all.Length);
        Assert.Equal(2000, all.Distinct().Count());
    }

    [SocketFact]
    public async Task ReceiveAsync_of_one_reader_that_blocks_its_thread_holds_up_no_other_reader_and_no_arrival()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        using ManualResetEventSlim release = new();
        TaskCompletionSource blocked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource<string?> second = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int taken = 0;
        async Task ReadAsync()
        {
            WsMessage? message = await dialogue.Socket.ReceiveAsync().ConfigureAwait(false);
            if (Interlocked.Increment(ref taken) == 1)
            {
                blocked.SetResult();
                release.Wait();
            }
            else
            {
                second.SetResult(message?.Text);
            }
        }

        Task readers = Task.WhenAll(ReadAsync(), ReadAsync());
        await dialogue.Peer.SendTextAsync("first");
        await blocked.Task;
        await dialogue.Peer.SendTextAsync("second");

        Assert.Equal("second", await second.Task);
        release.Set();
        await readers;
    }

    [SocketFact]
    public async Task TryPeek_shows_the_next_message_and_leaves_it()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        Assert.False(dialogue.Socket.TryPeek(out _));
        await dialogue.Peer.SendTextAsync("one");
        await dialogue.Socket.WaitToReceiveAsync();

        Assert.True(dialogue.Socket.TryPeek(out WsMessage? peeked));
        Assert.True(dialogue.Socket.TryReceive(out WsMessage? taken));

        Assert.Same(peeked, taken);
        Assert.False(dialogue.Socket.TryPeek(out _));
    }

    [SocketFact]
    public async Task ReceiveNextAsync_takes_the_reply_it_waits_for_and_leaves_the_others_in_order()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        await dialogue.Peer.SendTextAsync("reply, but too early");
        await dialogue.Socket.WaitToReceiveAsync();
        Task<WsMessage?> reply = dialogue.Socket.ReceiveNextAsync(message => message.Text.StartsWith("reply", StringComparison.Ordinal));
        await dialogue.Peer.SendTextAsync("event");
        await dialogue.Peer.SendTextAsync("reply");
        await dialogue.Peer.SendTextAsync("reply to nobody");

        Assert.Equal("reply", (await reply)?.Text);
        Assert.Equal("reply, but too early", (await dialogue.ReceiveAsync()).Text);
        Assert.Equal("event", (await dialogue.ReceiveAsync()).Text);
        Assert.Equal("reply to nobody", (await dialogue.ReceiveAsync()).Text);
    }

    [SocketFact]
    public async Task ReceiveNextAsync_can_be_cancelled_and_ends_with_the_connection_and_with_its_filter()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        using CancellationTokenSource cancel = new();
        Task<WsMessage?> cancelled = dialogue.Socket.ReceiveNextAsync(_ => true, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Task<WsMessage?> throwing = dialogue.Socket.ReceiveNextAsync(_ => throw new FormatException("the filter's own"));
        Task<WsMessage?> never = dialogue.Socket.ReceiveNextAsync(_ => false);
        await dialogue.Peer.SendTextAsync("for everyone");
        await Assert.ThrowsAsync<FormatException>(() => throwing);
        Assert.Equal("for everyone", (await dialogue.ReceiveAsync()).Text);
        dialogue.Peer.ShutdownSend();

        Assert.Equal(WebErrorStatus.ConnectionAborted, (await Assert.ThrowsAsync<MessageWebSocketException>(() => never)).Status);
    }

    [SocketFact]
    public async Task ReceiveNextAsync_gives_what_a_filter_accepts_that_closes_the_socket_and_queues_what_it_refuses()
    {
        foreach (bool isWanted in new[] { true, false })
        {
            await using Dialogue dialogue = await Dialogue.OpenAsync();
            Task<WsMessage?> reply = dialogue.Socket.ReceiveNextAsync(_ =>
            {
                dialogue.Socket.Close();
                return isWanted;
            });
            await dialogue.Peer.SendTextAsync("the only one");

            Assert.Equal(isWanted ? "the only one" : null, (await reply)?.Text);
            Assert.Equal(!isWanted, dialogue.Socket.TryReceive(out _));
        }
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }
    }

    private static async Task AssertAllAreCancelledAsync(Func<Task>[] receives, CancellationToken token)
    {
        foreach (Func<Task> receive in receives)
        {
            OperationCanceledException cancelled = await Assert.ThrowsAnyAsync<OperationCanceledException>(receive);
            Assert.Equal(typeof(OperationCanceledException), cancelled.GetType());
            Assert.Equal(HResults.OperationCanceled, cancelled.HResult);
            Assert.Equal(token, cancelled.CancellationToken);
        }
    }
}
