using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Events;

public sealed class MessageReceivedTests
{
    [SocketFact]
    public async Task MessageReceived_is_raised_for_text_binary_and_empty_messages_in_order()
    {
        EventRecorder events = new();
        await using Dialogue dialogue = await Dialogue.OpenAsync(events.RecordAll);
        await dialogue.Peer.SendTextAsync("Grüße");
        await dialogue.Peer.SendFrameAsync(WireOpcode.Binary, new byte[] { 0, 0, 1, 2, 9 });
        await dialogue.Peer.SendTextAsync("");

        MessageWebSocketMessageReceivedEventArgs text = await events.NextMessageAsync();
        MessageWebSocketMessageReceivedEventArgs binary = await events.NextMessageAsync();
        MessageWebSocketMessageReceivedEventArgs empty = await events.NextMessageAsync();

        Assert.Equal(SocketMessageType.Utf8, text.MessageType);
        Assert.True(text.IsMessageComplete);
        DataReader textReader = text.GetDataReader();
        Assert.Equal(7u, textReader.UnconsumedBufferLength);
        Assert.Equal("Grüße", textReader.ReadString(textReader.UnconsumedBufferLength));
        Assert.Equal(SocketMessageType.Binary, binary.MessageType);
        Assert.Equal(0x0102, binary.GetDataReader().ReadInt32());
        Assert.Equal(0u, empty.GetDataReader().UnconsumedBufferLength);
        Assert.Equal(-1, empty.GetDataStream().ReadByte());
        Assert.Equal("Grüße", text.Message!.Text);
        Assert.Null(text.Error);
    }

    [SocketFact]
    public async Task GetDataStream_and_GetDataReader_read_both_types_as_often_as_wanted()
    {
        EventRecorder events = new();
        await using Dialogue dialogue = await Dialogue.OpenAsync(events.RecordMessages);
        await dialogue.Peer.SendTextAsync("text");
        MessageWebSocketMessageReceivedEventArgs args = await events.NextMessageAsync();

        for (int i = 0; i < 2; i++)
        {
            using Stream stream = args.GetDataStream();
            Assert.True(stream.CanRead);
            Assert.False(stream.CanWrite);
            Assert.Equal("text", await new StreamReader(stream).ReadToEndAsync());
            byte[] bytes = new byte[4];
            args.GetDataReader().ReadBytes(bytes);
            Assert.Equal("text"u8.ToArray(), bytes);
        }
    }

    [SocketFact]
    public async Task GetDataReader_past_the_end_is_out_of_bounds_and_consumes_nothing()
    {
        EventRecorder events = new();
        await using Dialogue dialogue = await Dialogue.OpenAsync(events.RecordMessages);
        await dialogue.Peer.SendFrameAsync(WireOpcode.Binary, new byte[] { 7, 8 });
        DataReader reader = (await events.NextMessageAsync()).GetDataReader();

        ArgumentOutOfRangeException refused = Assert.Throws<ArgumentOutOfRangeException>(() => reader.ReadInt32());

        Assert.Equal(HResults.Bounds, refused.HResult);
        Assert.Equal(2u, reader.UnconsumedBufferLength);
        Assert.Equal(0x0708, reader.ReadInt16());
    }

    [SocketFact]
    public async Task MessageReceived_is_raised_one_at_a_time_with_the_socket_as_its_sender()
    {
        int inside = 0;
        int overlaps = 0;
        int count = 0;
        TaskCompletionSource<MessageWebSocket> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket => socket.MessageReceived += (sender, _) =>
        {
            if (Interlocked.Increment(ref inside) > 1)
            {
                overlaps++;
            }

            Thread.Yield();
            Interlocked.Decrement(ref inside);
            if (++count == 500)
            {
                done.SetResult(sender);
            }
        });
        for (int i = 0; i < 500; i++)
        {
            await dialogue.Peer.SendTextAsync("x");
        }

        Assert.Same(dialogue.Socket, await done.Task);
        Assert.Equal(0, overlaps);
        Assert.Equal(0, dialogue.Socket.Information.MessagesQueued);
    }

    [SocketFact]
    public async Task MessageReceived_handlers_leave_nothing_to_ReceiveAsync_which_is_an_illegal_method_call()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket => socket.MessageReceived += (_, _) => { });
        Func<Task>[] reads =
        [
            () => dialogue.Socket.ReceiveAsync().AsTask(),
            () => dialogue.Socket.WaitToReceiveAsync().AsTask(),
            () => Task.FromResult(dialogue.Socket.TryReceive(out _)),
            () => dialogue.Socket.ReadAllAsync().GetAsyncEnumerator().MoveNextAsync().AsTask(),
        ];

        foreach (Func<Task> read in reads)
        {
            Assert.Equal(HResults.IllegalMethodCall, (await Assert.ThrowsAsync<InvalidOperationException>(read)).HResult);
        }
    }

    [SocketFact]
    public async Task MessageReceived_ends_with_one_event_that_throws_when_the_connection_is_lost()
    {
        EventRecorder events = new();
        await using Dialogue dialogue = await Dialogue.OpenAsync(events.RecordAll);
        await dialogue.Peer.SendTextAsync("before");
        dialogue.Peer.ShutdownSend();

        Assert.Equal("before", (await events.NextMessageAsync()).Message!.Text);
        await AssertLastAsync(dialogue, events, HResults.ConnectionAborted, WebErrorStatus.ConnectionAborted);
    }

    [SocketFact]
    public async Task MessageReceived_ends_with_one_event_that_throws_when_the_data_is_invalid()
    {
        EventRecorder events = new();
        await using Dialogue dialogue = await Dialogue.OpenAsync(events.RecordAll);
        await dialogue.Peer.SendFrameAsync(WireOpcode.Text, new byte[] { 0xC0, 0x80 });

        await AssertLastAsync(dialogue, events, HResults.InvalidServerResponse, WebErrorStatus.ErrorHttpInvalidServerResponse);
    }

    [SocketFact]
    public async Task MessageReceived_ends_with_one_event_that_throws_when_a_message_is_too_big()
    {
        EventRecorder events = new();
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket =>
        {
            socket.Control.MaxMessageSize = 10;
            events.RecordAll(socket);
        });
        await dialogue.Peer.SendTextAsync("eleven byte");

        await AssertLastAsync(dialogue, events, HResults.MessageTooLarge, WebErrorStatus.UnexpectedServerError);
    }

    [SocketFact]
    public async Task MessageReceived_handlers_that_throw_end_neither_the_connection_nor_later_events()
    {
        EventRecorder events = new();
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket =>
        {
            events.RecordAll(socket);
            socket.MessageReceived += (_, _) => throw new InvalidOperationException("a handler's own");
            socket.Closed += (_, _) => throw new InvalidOperationException("a handler's own");
        });
        await dialogue.Peer.SendTextAsync("one");
        await dialogue.Peer.SendTextAsync("two");
        await dialogue.Peer.SendCloseAsync(1000);

        Assert.Equal("one", (await events.NextMessageAsync()).Message!.Text);
        Assert.Equal("two", (await events.NextMessageAsync()).Message!.Text);
        Assert.Equal(1000, (await events.NextCloseAsync()).Code);
        Assert.Equal((ushort)1000, (await dialogue.PeerReadsAsync(WireOpcode.Close)).CloseCode);
    }

    [SocketFact]
    public async Task MessageReceived_handler_may_send_and_close()
    {
        EventRecorder events = new();
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket =>
        {
            events.RecordCloses(socket);
            socket.MessageReceived += (sender, args) =>
            {
                sender.SendAsync($"re: {args.Message!.Text}").AsTask().GetAwaiter().GetResult();
                sender.Close(1000, "enough");
            };
        });
        await dialogue.Peer.SendTextAsync("question");

        Assert.Equal("re: question", (await dialogue.PeerReadsAsync(WireOpcode.Text)).Text);
        Assert.Equal((ushort)1000, (await dialogue.PeerReadsAsync(WireOpcode.Close)).CloseCode);
        Assert.Equal("enough", (await events.NextCloseAsync()).Reason);
    }

    [SocketFact]
    public async Task Events_can_be_registered_before_ConnectAsync_only()
    {
        TypedEventHandler<MessageWebSocket, MessageWebSocketMessageReceivedEventArgs> received = (_, _) => { };
        TypedEventHandler<MessageWebSocket, WebSocketClosedEventArgs> closed = (_, _) => { };
        TypedEventHandler<MessageWebSocket, WebSocketServerCustomValidationRequestedEventArgs> validating = (_, _) => { };
        using MessageWebSocket socket = new();
        socket.MessageReceived += received;
        socket.MessageReceived -= received;
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        Action[] changes =
        [
            () => dialogue.Socket.MessageReceived += received,
            () => dialogue.Socket.MessageReceived -= received,
            () => dialogue.Socket.Closed += closed,
            () => dialogue.Socket.Closed -= closed,
            () => dialogue.Socket.ServerCustomValidationRequested += validating,
            () => dialogue.Socket.ServerCustomValidationRequested -= validating,
        ];

        Assert.All(changes, change => Assert.Equal(HResults.IllegalMethodCall, Assert.Throws<InvalidOperationException>(change).HResult));
        dialogue.Socket.Close();
        Assert.All(changes, change => Assert.Equal(HResults.IllegalMethodCall, Assert.Throws<InvalidOperationException>(change).HResult));
    }

    private static async Task AssertLastAsync(Dialogue dialogue, EventRecorder events, int hresult, WebErrorStatus status)
    {
        MessageWebSocketMessageReceivedEventArgs last = await events.NextMessageAsync();
        MessageWebSocketException fromReader = Assert.Throws<MessageWebSocketException>(last.GetDataReader);
        MessageWebSocketException fromStream = Assert.Throws<MessageWebSocketException>(last.GetDataStream);

        Assert.Equal(hresult, fromReader.HResult);
        Assert.Equal(status, fromReader.Status);
        Assert.Equal(hresult, fromStream.HResult);
        Assert.Equal(status, last.Error!.Status);
        Assert.Null(last.Message);
        Assert.Equal(MessageWebSocketState.Aborted, dialogue.Socket.State);
        await dialogue.Socket.DisposeAsync();
        await dialogue.Peer.DrainBytesAsync();
        Assert.False(events.HasMore);
        Assert.Equal(0, events.ClosedCount);
    }
}
