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

        FrameTraceEntry[] sent = [.. trace.Entries.Where(entry => entry.Direction == FrameDirection.Sent && entry.Opcode != FrameOpcode.Pong)];
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

    [Fact]
    public void FrameTraceEntry_reads_as_a_line()
    {
        Assert.Equal("sent text 5 B fin", new FrameTraceEntry(FrameDirection.Sent, FrameOpcode.Text, true, 5).ToString());
        Assert.Equal("received continuation 0 B", new FrameTraceEntry(FrameDirection.Received, FrameOpcode.Continuation, false, 0).ToString());
    }

    private sealed class Trace : IProgress<FrameTraceEntry>
    {
        public ConcurrentQueue<FrameTraceEntry> Entries { get; } = new();

        public void Report(FrameTraceEntry value) => Entries.Enqueue(value);
    }
}
