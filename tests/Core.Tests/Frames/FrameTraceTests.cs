using System.Collections.Concurrent;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Frames;

public sealed class FrameTraceTests
{
    [SocketFact]
    public async Task FrameTrace_is_told_of_every_frame_in_both_directions()
    {
        Trace trace = new();
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket => socket.Control.FrameTrace = trace);
        await dialogue.Socket.SendAsync("hello");
        await dialogue.Socket.SendNonfinalFrameAsync(new byte[70_000]);
        await dialogue.Socket.SendFinalFrameAsync(new byte[3]);
        await dialogue.Peer.SendFrameAsync(WireOpcode.Ping, "p"u8.ToArray());
        await dialogue.Peer.SendFrameAsync(WireOpcode.Text, "x"u8.ToArray(), fin: false);
        await dialogue.Peer.SendFrameAsync(WireOpcode.Continuation, new byte[200]);
        await dialogue.ReceiveAsync();
        Task closing = dialogue.Socket.CloseAsync(1000, "bye");
        await dialogue.PeerAnswersCloseAsync();
        await closing;
        await dialogue.Socket.Control.Frames.SettledAsync();

        FrameTraceEntry[] sent =
            [.. trace.Entries.Where(entry => entry.Direction == FrameDirection.Sent && entry.Opcode != FrameOpcode.Pong)];
        Assert.Equal(
            [
                new FrameTraceEntry(FrameDirection.Sent, FrameOpcode.Text, true, 5),
                new FrameTraceEntry(FrameDirection.Sent, FrameOpcode.Binary, false, 70_000),
                new FrameTraceEntry(FrameDirection.Sent, FrameOpcode.Continuation, true, 3),
                new FrameTraceEntry(FrameDirection.Sent, FrameOpcode.Close, true, 5),
            ],
            sent);
        Assert.Contains(new FrameTraceEntry(FrameDirection.Sent, FrameOpcode.Pong, true, 1), trace.Entries);
        Assert.Equal(
            [
                new FrameTraceEntry(FrameDirection.Received, FrameOpcode.Ping, true, 1),
                new FrameTraceEntry(FrameDirection.Received, FrameOpcode.Text, false, 1),
                new FrameTraceEntry(FrameDirection.Received, FrameOpcode.Continuation, true, 200),
                new FrameTraceEntry(FrameDirection.Received, FrameOpcode.Close, true, 5),
            ],
            trace.Entries.Where(entry => entry.Direction == FrameDirection.Received));
        Assert.Equal(5, dialogue.Socket.Information.FramesSent);
        Assert.Equal(4, dialogue.Socket.Information.FramesReceived);
    }

    [SocketFact]
    public async Task FrameTrace_that_throws_harms_neither_sending_nor_receiving_nor_keep_alive()
    {
        int told = 0;
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket =>
        {
            socket.Control.DesiredUnsolicitedPongInterval = TimeSpan.FromMilliseconds(200);
            socket.Control.KeepAliveTimeout = TimeSpan.FromSeconds(20);
            socket.Control.FrameTrace = new Act(_ =>
            {
                Interlocked.Increment(ref told);
                throw new InvalidOperationException("the trace's own");
            });
        });

        // The first frame is a keep-alive ping, from a timer.
        TestServer.RawFrame ping = await dialogue.PeerReadsAsync(WireOpcode.Ping);
        await dialogue.Peer.SendFrameAsync(WireOpcode.Pong, ping.Payload);
        await dialogue.Peer.SendTextAsync("in");
        Assert.Equal("in", (await dialogue.ReceiveAsync()).Text);
        await dialogue.Socket.SendAsync("out");
        Task<TimeSpan> roundTrip = dialogue.Socket.PingAsync();
        while (!roundTrip.IsCompleted)
        {
            TestServer.RawFrame frame = await dialogue.PeerReadsAsync();
            if (frame.Opcode == WireOpcode.Ping)
            {
                await dialogue.Peer.SendFrameAsync(WireOpcode.Pong, frame.Payload);
            }
        }

        await roundTrip;
        await dialogue.Socket.Control.Frames.SettledAsync();
        Assert.InRange(told, 6, int.MaxValue);
        Assert.Equal(MessageWebSocketState.Open, dialogue.Socket.State);
    }

    [SocketFact]
    public async Task FrameTrace_that_blocks_or_calls_back_holds_nobody_up()
    {
        using ManualResetEventSlim goOn = new();
        TaskCompletionSource<MessageWebSocket> opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int sentInTrace = 0;
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket => socket.Control.FrameTrace = new Act(_ =>
        {
            goOn.Wait();
            if (Interlocked.Increment(ref sentInTrace) == 1)
            {
                opened.Task.Result.SendAsync("from the trace").AsTask().GetAwaiter().GetResult();
            }
        }));
        opened.SetResult(dialogue.Socket);
        await dialogue.Socket.SendAsync("one");
        await dialogue.Peer.SendTextAsync("in");
        Assert.Equal("in", (await dialogue.ReceiveAsync()).Text);
        Assert.Equal("one", (await dialogue.PeerReadsAsync(WireOpcode.Text)).Text);
        goOn.Set();

        Assert.Equal("from the trace", (await dialogue.PeerReadsAsync(WireOpcode.Text)).Text);
    }

    [SocketFact]
    public async Task FrameTrace_can_come_and_go_while_connected()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        await dialogue.Socket.SendAsync("before");
        Trace trace = new();
        dialogue.Socket.Control.FrameTrace = trace;
        await dialogue.Socket.SendAsync("seen");
        await dialogue.Socket.Control.Frames.SettledAsync();
        dialogue.Socket.Control.FrameTrace = null;
        await dialogue.Socket.SendAsync("afterwards");

        Assert.Equal([new FrameTraceEntry(FrameDirection.Sent, FrameOpcode.Text, true, 4)], trace.Entries);
    }

    [Fact]
    public async Task FrameTrace_is_told_of_pongs_that_had_to_wait_for_room()
    {
        Trace trace = new();
        FrameTraces traces = new() { Trace = trace };
        HeldStream network = new();
        using FrameWriter writer = new(network, traces, new PingBook());
        writer.SendData(FrameOpcode.Binary, isFinal: true, new byte[1]);
        (_, TaskCompletionSource first) = await network.NextWriteAsync(TestContext.Current.CancellationToken);
        writer.SendData(FrameOpcode.Binary, isFinal: true, new byte[1024 * 1024]);

        Assert.True(writer.TrySend(ControlFrame.Create(FrameOpcode.Pong, "answer"u8)));
        writer.SendUnsolicitedPong();
        await traces.SettledAsync();
        Assert.Equal([FrameOpcode.Binary, FrameOpcode.Binary], trace.Entries.Select(entry => entry.Opcode));
        first.SetResult();
        await LetDrainAsync(network, writer);
        await traces.SettledAsync();

        Assert.Equal(
            [
                new FrameTraceEntry(FrameDirection.Sent, FrameOpcode.Binary, true, 1),
                new FrameTraceEntry(FrameDirection.Sent, FrameOpcode.Binary, true, 1024 * 1024),
                new FrameTraceEntry(FrameDirection.Sent, FrameOpcode.Pong, true, 6),
                new FrameTraceEntry(FrameDirection.Sent, FrameOpcode.Pong, true, 0),
            ],
            trace.Entries);
        Assert.Equal(4, writer.FramesSent);
    }

    [Fact]
    public void FrameTraceEntry_reads_as_a_line()
    {
        Assert.Equal("sent text 5 B fin", new FrameTraceEntry(FrameDirection.Sent, FrameOpcode.Text, true, 5).ToString());
        Assert.Equal(
            "received continuation 0 B", new FrameTraceEntry(FrameDirection.Received, FrameOpcode.Continuation, false, 0).ToString());
    }

    // A pong that waits becomes pending with the write before it, and what is pending then is drained with it.
    private static async Task LetDrainAsync(HeldStream network, FrameWriter writer)
    {
        while (writer.FramesSent < 4)
        {
            (_, TaskCompletionSource done) = await network.NextWriteAsync(TestContext.Current.CancellationToken);
            done.SetResult();
        }
    }

    private sealed class Act(Action<FrameTraceEntry> act) : IProgress<FrameTraceEntry>
    {
        public void Report(FrameTraceEntry value) => act(value);
    }

    private sealed class Trace : IProgress<FrameTraceEntry>
    {
        public ConcurrentQueue<FrameTraceEntry> Entries { get; } = new();

        public void Report(FrameTraceEntry value) => Entries.Enqueue(value);
    }
}
