using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Events;

public sealed class ClosedTests
{
    [SocketTheory]
    [InlineData(1000, "")]
    [InlineData(1001, "going away")]
    [InlineData(1011, "Fehler: ü")]
    [InlineData(1012, "service restart")]
    [InlineData(1013, "try again later")]
    [InlineData(1014, "bad gateway")]
    [InlineData(3000, "")]
    [InlineData(4999, "the last one")]
    public async Task Closed_tells_code_and_reason_of_the_peer_and_the_code_is_repeated_to_it(int code, string reason)
    {
        EventRecorder events = new();
        await using Dialogue dialogue = await Dialogue.OpenAsync(events.RecordAll);

        await dialogue.Peer.SendCloseAsync((ushort)code, reason);

        WebSocketClosedEventArgs closed = await events.NextCloseAsync();
        Assert.Equal(code, closed.Code);
        Assert.Equal(reason, closed.Reason);
        Assert.Equal((ushort)code, (await dialogue.PeerReadsAsync(WireOpcode.Close)).CloseCode);
        Assert.Equal((ushort)code, dialogue.Socket.Information.CloseCode);
        Assert.Equal(reason, dialogue.Socket.Information.CloseReason);
        Assert.Equal(MessageWebSocketState.Closed, dialogue.Socket.State);
    }

    [SocketFact]
    public async Task Closed_has_code_1005_for_an_empty_close_frame_which_is_answered_with_an_empty_one()
    {
        EventRecorder events = new();
        await using Dialogue dialogue = await Dialogue.OpenAsync(events.RecordAll);

        await dialogue.Peer.SendCloseAsync();

        WebSocketClosedEventArgs closed = await events.NextCloseAsync();
        Assert.Equal(1005, closed.Code);
        Assert.Equal("", closed.Reason);
        Assert.Empty((await dialogue.PeerReadsAsync(WireOpcode.Close)).Payload);
    }

    [SocketFact]
    public async Task Closed_is_raised_once_although_both_sides_close()
    {
        EventRecorder events = new();
        await using Dialogue dialogue = await Dialogue.OpenAsync(events.RecordAll);
        dialogue.Socket.Close(4001, "us");
        await dialogue.PeerReadsAsync(WireOpcode.Close);
        await dialogue.Peer.SendCloseAsync(4002, "peer");
        dialogue.Peer.ShutdownSend();
        Assert.Null(await dialogue.Peer.ReadFrameAsync());

        Assert.Equal(4001, (await events.NextCloseAsync()).Code);
        Assert.Equal(1, events.ClosedCount);
        Assert.False(events.HasMore);
    }

    [SocketFact]
    public async Task Closed_is_not_raised_when_TCP_ends()
    {
        EventRecorder events = new();
        await using Dialogue dialogue = await Dialogue.OpenAsync(events.RecordAll);
        dialogue.Peer.ShutdownSend();
        Assert.NotNull((await events.NextMessageAsync()).Error);
        dialogue.Socket.Close();

        Assert.Equal(0, events.ClosedCount);
    }

    [SocketFact]
    public async Task Closed_is_not_raised_when_TCP_is_reset()
    {
        EventRecorder events = new();
        await using Dialogue dialogue = await Dialogue.OpenAsync(events.RecordAll);
        dialogue.Peer.Reset();
        Assert.Equal(WebErrorStatus.ConnectionReset, (await events.NextMessageAsync()).Error!.Status);
        dialogue.Socket.Close();

        Assert.Equal(0, events.ClosedCount);
    }

    [SocketFact]
    public async Task Closed_comes_after_every_message_before_the_close_frame()
    {
        List<string> order = [];
        TaskCompletionSource closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket =>
        {
            socket.MessageReceived += (_, args) => order.Add(args.Message!.Text);
            socket.Closed += (_, _) =>
            {
                order.Add("closed");
                closed.SetResult();
            };
        });
        await dialogue.Peer.SendTextAsync("a");
        await dialogue.Peer.SendTextAsync("b");
        await dialogue.Peer.SendCloseAsync(1000);
        await closed.Task;

        Assert.Equal(["a", "b", "closed"], order);
    }
}
