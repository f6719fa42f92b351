using MessageWebSockets.TestServer;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Reliability;

public sealed class PongTests
{
    [Fact]
    public async Task A_ping_that_meets_a_full_send_buffer_is_answered_once_there_is_room()
    {
        TaskCompletionSource bufferFull = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource pingSeen = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource<string> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using RawServer server = RawServer.Start(
            async connection =>
            {
                await connection.AcceptHandshakeAsync();
                await bufferFull.Task;
                await connection.SendFrameAsync(WireOpcode.Ping, "first"u8.ToArray());
                await connection.SendFrameAsync(WireOpcode.Ping, "newest"u8.ToArray());
                await pingSeen.Task;
                while (await connection.ReadFrameAsync() is { } frame)
                {
                    if (frame.Opcode == WireOpcode.Pong && frame.Text == "newest")
                    {
                        answer.TrySetResult(frame.Text);
                    }
                }
            },
            new RawServerOptions { CaptureLimit = 0 });
        int pings = 0;
        using MessageWebSocket socket = new();
        socket.Control.UseProxy = false;
        socket.Control.FrameTrace = new Trace(entry =>
        {
            if (entry is { Direction: FrameDirection.Received, Opcode: FrameOpcode.Ping } && Interlocked.Increment(ref pings) == 2)
            {
                pingSeen.TrySetResult();
            }
        });
        await socket.ConnectAsync(server.Uri);
        ValueTask blocked;
        do
        {
            blocked = socket.SendAsync(new byte[1024 * 1024], SocketMessageType.Binary);
        }
        while (blocked.IsCompletedSuccessfully);

        bufferFull.SetResult();
        await blocked;

        Assert.Equal("newest", await answer.Task.WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task An_answer_that_waits_for_room_is_not_replaced_by_a_pong_that_nobody_asked_for()
    {
        TaskCompletionSource bufferFull = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource pingSeen = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource pongDue = new(TaskCreationOptions.RunContinuationsAsynchronously);
        List<string> pongs = [];
        await using RawServer server = RawServer.Start(
            async connection =>
            {
                await connection.AcceptHandshakeAsync();
                await bufferFull.Task;
                await connection.SendFrameAsync(WireOpcode.Ping, "are you there"u8.ToArray());

                // Once this one is read the ping before it has its answer.
                await connection.SendFrameAsync(WireOpcode.Pong);
                await pongDue.Task;
                while (pongs.Count < 2 && await connection.ReadFrameAsync() is { } frame)
                {
                    if (frame.Opcode == WireOpcode.Pong)
                    {
                        pongs.Add(frame.Text);
                    }
                }
            },
            new RawServerOptions { CaptureLimit = 0 });
        using MessageWebSocket socket = new();
        socket.Control.UseProxy = false;
        socket.Control.DesiredUnsolicitedPongInterval = TimeSpan.Zero;
        socket.Control.FrameTrace = new Trace(entry =>
        {
            if (entry is { Direction: FrameDirection.Received, Opcode: FrameOpcode.Pong })
            {
                pingSeen.TrySetResult();
            }
        });
        await socket.ConnectAsync(server.Uri);
        ValueTask blocked;
        do
        {
            blocked = socket.SendAsync(new byte[1024 * 1024], SocketMessageType.Binary);
        }
        while (blocked.IsCompletedSuccessfully);

        bufferFull.SetResult();
        await pingSeen.Task.WaitAsync(FaultVisit.Patience);
        socket.SendPong();
        pongDue.SetResult();
        await blocked;

        await server.Connections[0].Completion.WaitAsync(FaultVisit.Patience);
        Assert.Equal(["are you there", ""], pongs);
    }

    private sealed class Trace(Action<FrameTraceEntry> report) : IProgress<FrameTraceEntry>
    {
        public void Report(FrameTraceEntry value) => report(value);
    }
}
