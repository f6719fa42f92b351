using System.Text;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Sockets;

public sealed class SendAsyncTests
{
    [SocketTheory]
    [InlineData("")]
    [InlineData("hello")]
    [InlineData("Grüße, 世界, 𝄞")]
    [InlineData("line\r\nbreak\0nul")]
    public async Task SendAsync_of_a_string_sends_one_masked_text_frame(string text)
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();

        await dialogue.Socket.SendAsync(text);

        RawFrame frame = await dialogue.PeerReadsAsync(WireOpcode.Text);
        Assert.True(frame.Fin);
        Assert.True(frame.Masked);
        Assert.Equal(0, frame.Rsv);
        Assert.Equal(text, frame.Text);
    }

    [SocketTheory]
    [InlineData(SocketMessageType.Binary, 0)]
    [InlineData(SocketMessageType.Binary, 125)]
    [InlineData(SocketMessageType.Binary, 126)]
    [InlineData(SocketMessageType.Binary, 65_535)]
    [InlineData(SocketMessageType.Binary, 65_536)]
    [InlineData(SocketMessageType.Binary, 5_000_000)]
    [InlineData(SocketMessageType.Utf8, 126)]
    public async Task SendAsync_of_memory_sends_one_frame_of_the_type_given(SocketMessageType type, int length)
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket => socket.Control.MessageType = 1 - type);
        byte[] payload = [.. Enumerable.Range(0, length).Select(i => (byte)(i % 128))];

        Task sending = dialogue.Socket.SendAsync(payload, type).AsTask();
        RawFrame frame = await dialogue.PeerReadsAsync();
        await sending;

        Assert.Equal(type == SocketMessageType.Utf8 ? WireOpcode.Text : WireOpcode.Binary, frame.Opcode);
        Assert.True(frame.Fin);
        Assert.Equal(payload, frame.Payload);
    }

    [SocketFact]
    public async Task SendAsync_refuses_a_lone_surrogate_and_sends_nothing()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();

        ArgumentException refused = await Assert.ThrowsAsync<ArgumentException>(() => dialogue.Socket.SendAsync("ab\uD83Dcd").AsTask());

        Assert.Contains("index 2", refused.Message, StringComparison.Ordinal);
        await dialogue.Socket.SendAsync("next");
        Assert.Equal("next", (await dialogue.PeerReadsAsync()).Text);
    }

    [SocketFact]
    public async Task SendAsync_refuses_bytes_that_are_not_UTF8_as_text_and_takes_them_as_binary()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        byte[] notUtf8 = [0x41, 0xC0, 0x80];

        await Assert.ThrowsAsync<ArgumentException>(() => dialogue.Socket.SendAsync(notUtf8, SocketMessageType.Utf8).AsTask());
        await dialogue.Socket.SendAsync(notUtf8, SocketMessageType.Binary);

        Assert.Equal(notUtf8, (await dialogue.PeerReadsAsync(WireOpcode.Binary)).Payload);
    }

    [SocketFact]
    public async Task SendAsync_refuses_null_and_an_unknown_type()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();

        await Assert.ThrowsAsync<ArgumentNullException>(() => dialogue.Socket.SendAsync(null!).AsTask());
        ArgumentOutOfRangeException refused = await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => dialogue.Socket.SendAsync(new byte[1], (SocketMessageType)7).AsTask());
        Assert.Equal(HResults.InvalidArgument, refused.HResult);
    }

    [Fact]
    public async Task SendAsync_before_a_connect_is_an_illegal_method_call()
    {
        using MessageWebSocket socket = new();
        Func<Task>[] calls =
        [
            () => socket.SendAsync("x").AsTask(),
            () => socket.SendAsync(new byte[1], SocketMessageType.Binary).AsTask(),
            () => socket.SendNonfinalFrameAsync(new byte[1]).AsTask(),
            () => socket.SendFinalFrameAsync(new byte[1]).AsTask(),
            () => socket.FlushAsync(),
            () => socket.PingAsync(),
            () => socket.ReceiveAsync().AsTask(),
            () => socket.WaitToReceiveAsync().AsTask(),
            () => Task.FromResult(socket.TryReceive(out _)),
            () => socket.ReadAllAsync().GetAsyncEnumerator().MoveNextAsync().AsTask(),
        ];

        foreach (Func<Task> call in calls)
        {
            Assert.Equal(HResults.IllegalMethodCall, (await Assert.ThrowsAsync<InvalidOperationException>(call)).HResult);
        }
    }

    [SocketFact]
    public async Task SendAsync_from_64_threads_never_interleaves_messages()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        const int Senders = 64;
        const int Each = 50;
        using Barrier start = new(Senders);
        Thread[] threads =
        [
            .. Enumerable.Range(0, Senders).Select(sender => new Thread(() =>
            {
                start.SignalAndWait();
                for (int i = 0; i < Each; i++)
                {
                    byte[] payload = [.. Enumerable.Repeat((byte)sender, 20 + ((sender * 37 * (i + 1)) % 3000))];
                    dialogue.Socket.SendAsync(payload, SocketMessageType.Binary).AsTask().GetAwaiter().GetResult();
                }
            })),
        ];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }

        Dictionary<byte, int> perSender = [];
        for (int i = 0; i < Senders * Each; i++)
        {
            RawFrame frame = await dialogue.PeerReadsAsync(WireOpcode.Binary);
            byte sender = frame.Payload[0];
            Assert.True(frame.Fin);
            Assert.False(frame.Payload.AsSpan().ContainsAnyExcept(sender), "Bytes of two senders are in one message.");
            int number = perSender.GetValueOrDefault(sender);
            Assert.Equal(20 + ((sender * 37 * (number + 1)) % 3000), frame.Payload.Length);
            perSender[sender] = number + 1;
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        Assert.Equal(Senders * Each, dialogue.Socket.Information.MessagesSent);
    }

    [SocketFact]
    public async Task SendAsync_cancelled_while_the_peer_does_not_read_was_not_sent_and_the_connection_lives()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        using CancellationTokenSource patience = new(TimeSpan.FromMilliseconds(500));
        int accepted = 0;
        OperationCanceledException cancelled = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            while (true)
            {
                await dialogue.Socket.SendAsync($"{accepted:0000000}{new string('x', 50_000)}", patience.Token);
                accepted++;
            }
        });
        Assert.Equal(HResults.OperationCanceled, cancelled.HResult);

        Task last = dialogue.Socket.SendAsync("last").AsTask();
        for (int i = 0; i < accepted; i++)
        {
            Assert.StartsWith($"{i:0000000}", (await dialogue.PeerReadsAsync(WireOpcode.Text)).Text, StringComparison.Ordinal);
        }

        Assert.Equal("last", (await dialogue.PeerReadsAsync(WireOpcode.Text)).Text);
        await last;
        await dialogue.Peer.SendTextAsync("alive");
        Assert.Equal("alive", (await dialogue.ReceiveAsync()).Text);
        Assert.Equal(accepted + 1, dialogue.Socket.Information.MessagesSent);
    }

    [SocketFact]
    public async Task SendAsync_with_a_token_that_is_cancelled_already_sends_nothing()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => dialogue.Socket.SendAsync("never", new CancellationToken(canceled: true)).AsTask());
        await dialogue.Socket.SendAsync("next");

        Assert.Equal("next", (await dialogue.PeerReadsAsync()).Text);
    }

    [SocketFact]
    public async Task SendAsync_on_a_broken_connection_reports_how_it_broke()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        dialogue.Peer.Reset();
        MessageWebSocketException broken = await Assert.ThrowsAsync<MessageWebSocketException>(
            () => dialogue.Socket.ReceiveAsync().AsTask());

        MessageWebSocketException sent = await Assert.ThrowsAsync<MessageWebSocketException>(() => dialogue.Socket.SendAsync("x").AsTask());

        Assert.Equal(broken.Status, sent.Status);
        Assert.Equal(broken.HResult, sent.HResult);
    }

    [SocketFact]
    public async Task FlushAsync_completes_once_the_messages_are_handed_to_the_network()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        await dialogue.Socket.SendAsync(new byte[8_000_000], SocketMessageType.Binary);

        Task flushing = dialogue.Socket.FlushAsync();
        Assert.False(flushing.IsCompleted);
        Assert.Equal(1, dialogue.Socket.Information.MessagesSent);
        Assert.Equal(0, dialogue.Socket.Information.MessagesWritten);
        await dialogue.PeerReadsAsync(WireOpcode.Binary);
        await flushing;

        Assert.Equal(1, dialogue.Socket.Information.MessagesWritten);
    }

    [SocketFact]
    public async Task FlushAsync_can_be_cancelled_without_harm()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        await dialogue.Socket.SendAsync(new byte[8_000_000], SocketMessageType.Binary);
        using CancellationTokenSource cancel = new();
        Task flushing = dialogue.Socket.FlushAsync(cancel.Token);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => flushing);
        Assert.Equal(8_000_000, (await dialogue.PeerReadsAsync(WireOpcode.Binary)).Payload.Length);
        await dialogue.Socket.FlushAsync();
    }

    [SocketFact]
    public async Task FlushAsync_reports_a_connection_that_broke_with_messages_still_waiting()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        await dialogue.Socket.SendAsync(new byte[8_000_000], SocketMessageType.Binary);
        Task flushing = dialogue.Socket.FlushAsync();

        dialogue.Peer.Reset();

        MessageWebSocketException broken = await Assert.ThrowsAsync<MessageWebSocketException>(() => flushing);
        Assert.Equal(WebErrorStatus.ConnectionReset, broken.Status);
        Assert.Equal(0, dialogue.Socket.Information.MessagesWritten);
    }

    [SocketFact]
    public async Task SendAsync_of_one_encoding_is_what_Encoding_UTF8_gives()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        string text = string.Concat(Enumerable.Range(1, 0x2FFF).Where(c => c is < 0xD800 or > 0xDFFF).Select(c => (char)c));

        await dialogue.Socket.SendAsync(text);

        Assert.Equal(Encoding.UTF8.GetBytes(text), (await dialogue.PeerReadsAsync(WireOpcode.Text)).Payload);
    }

    // The failure can come between the answer to the close frame and the end of the connection: whoever asks then is told the code.
    [SocketFact]
    public async Task SendAsync_that_meets_the_close_of_the_peer_fails_when_the_code_is_known()
    {
        for (int i = 0; i < 100; i++)
        {
            await using Dialogue dialogue = await Dialogue.OpenAsync();
            Task closing = dialogue.Peer.SendCloseAsync(4000, "over");
            Exception? failure = null;
            for (int message = 0; failure is null; message++)
            {
                Assert.True(message < 1_000_000, "The close frame did not arrive.");
                failure = await Record.ExceptionAsync(() => dialogue.Socket.SendAsync("x").AsTask());
            }

            Assert.Equal((ushort?)4000, dialogue.Socket.Information.CloseCode);
            Assert.True(
                failure is ObjectDisposedException or MessageWebSocketException { Status: WebErrorStatus.ConnectionAborted },
                failure.ToString());
            await closing;
        }
    }

    // Looks without a pause, because whoever is woken by the end may come too late to meet a socket that has ended by half. Where each
    // look costs the others a time slice, 300 may not fit into the time that a test has; it then ends with those that do.
    [SocketFact]
    public async Task SendAsync_accepts_nothing_once_the_state_is_Aborted()
    {
        long enough = Environment.TickCount64 + (SocketFactAttribute.Patience * 5 / 6);
        for (int i = 0; i < 300 && Environment.TickCount64 < enough; i++)
        {
            await using Dialogue dialogue = await Dialogue.OpenAsync();
            long deadline = Environment.TickCount64 + SocketFactAttribute.Patience;
            TaskCompletionSource looking = new(TaskCreationOptions.RunContinuationsAsynchronously);
            Task sending = Task.Factory.StartNew(
                () =>
                {
                    looking.SetResult();
                    while (dialogue.Socket.State == MessageWebSocketState.Open && Environment.TickCount64 < deadline)
                    {
                    }

                    return dialogue.Socket.SendAsync("too late").AsTask();
                },
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default).Unwrap();

            await looking.Task;
            dialogue.Peer.ShutdownSend();

            MessageWebSocketException refused = await Assert.ThrowsAsync<MessageWebSocketException>(() => sending);
            Assert.Equal(WebErrorStatus.ConnectionAborted, refused.Status);
        }
    }
}
