using System.Text;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Conversation;

public sealed class HeartbeatTests
{
    [SocketFact]
    public async Task Heartbeats_go_out_while_nobody_does_anything_and_are_counted()
    {
        await using Dialogue dialogue = await OpenAsync(TimeSpan.FromMilliseconds(20));

        for (int i = 0; i < 5; i++)
        {
            Assert.Equal("beat", (await dialogue.PeerReadsAsync(WireOpcode.Text)).Text);
        }

        Assert.InRange(dialogue.Socket.Information.HeartbeatsSent, 4, long.MaxValue);
        Assert.InRange(dialogue.Socket.Information.MessagesSent, 4, long.MaxValue);
    }

    [SocketFact]
    public async Task No_heartbeat_is_sent_inside_a_message_in_fragments()
    {
        await using Dialogue dialogue = await OpenAsync(TimeSpan.FromMilliseconds(10));
        await dialogue.PeerReadsAsync(WireOpcode.Text);

        await dialogue.Socket.SendNonfinalFrameAsync("first"u8.ToArray(), SocketMessageType.Utf8);
        for (int i = 0; i < 3; i++)
        {
            // The pause, of two intervals, is the condition under test: a heartbeat would be due in it. Control frames pass.
            Task<TimeSpan> ping = dialogue.Socket.PingAsync();
            RawFrame frame;
            do
            {
                frame = await dialogue.PeerReadsAsync();
            }
            while (frame.Opcode != WireOpcode.Ping);

            await Task.Delay(20);
            await dialogue.Peer.SendFrameAsync(WireOpcode.Pong, frame.Payload);
            await ping;
        }

        await dialogue.Socket.SendFinalFrameAsync("last"u8.ToArray());
        RawFrame[] data = [.. dialogue.Peer.Frames.Where(frame => frame.Opcode != WireOpcode.Ping)];
        Assert.Equal("first", data[^1].Text);
        Assert.Equal("last", (await dialogue.PeerReadsAsync(WireOpcode.Continuation)).Text);
        Assert.Equal("beat", (await dialogue.PeerReadsAsync(WireOpcode.Text)).Text);
    }

    [SocketFact]
    public async Task Heartbeats_do_not_pile_up_behind_a_peer_that_does_not_read()
    {
        await using Dialogue dialogue = await OpenAsync(TimeSpan.FromMilliseconds(1), preparePeer: peer => peer.LimitReceiveBuffer(4096));
        using CancellationTokenSource enough = new();
        byte[] filler = new byte[1_000_000];
        Task filling = FillAsync();

        // Once the peer takes nothing more and the buffer is full, no heartbeat follows, although two hundred are due between two looks:
        // the time between them is the condition under test.
        MessageWebSocketInformation information = dialogue.Socket.Information;
        (long Messages, long Bytes) before;
        long beats;
        do
        {
            before = (information.MessagesSent - information.HeartbeatsSent, information.BytesSent);
            beats = information.HeartbeatsSent;
            await Task.Delay(200);
        }
        while (before.Messages < 2 || before != (information.MessagesSent - information.HeartbeatsSent, information.BytesSent));

        Assert.Equal(beats, information.HeartbeatsSent);
        Assert.False(filling.IsCompleted);
        await enough.CancelAsync();
        await filling;

        async Task FillAsync()
        {
            try
            {
                while (true)
                {
                    await dialogue.Socket.SendAsync(filler, SocketMessageType.Binary, enough.Token);
                }
            }
            catch (OperationCanceledException)
            {
                // It waited for a peer that does not read.
            }
        }
    }

    [SocketFact]
    public async Task Heartbeats_end_with_the_connection()
    {
        await using Dialogue dialogue = await OpenAsync(TimeSpan.FromMilliseconds(1));
        await dialogue.PeerReadsAsync(WireOpcode.Text);

        Task<WebSocketCloseResult> closing = dialogue.Socket.CloseAsync();
        await dialogue.PeerAnswersCloseAsync();
        await closing;

        await dialogue.Socket.Released;
        long beats = dialogue.Socket.Information.MessagesSent;

        // Twenty heartbeats would be due, which is the condition under test.
        await Task.Delay(20);
        Assert.Equal(beats, dialogue.Socket.Information.MessagesSent);
        Assert.Null(await dialogue.Peer.ReadFrameAsync());
    }

    [SocketFact]
    public async Task Heartbeats_begin_when_the_connection_was_greeted()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            Assert.Equal("login", (await connection.ReadFrameAsync())!.Text);
            await connection.SendTextAsync("ok");
            await connection.HoldAsync();
        });
        using MessageWebSocket socket = new();
        socket.Control.HeartbeatMessage = "beat";
        socket.Control.HeartbeatInterval = TimeSpan.FromMilliseconds(1);
        socket.OnConnected = async (connected, cancellationToken) =>
        {
            // Twenty heartbeats would be due before the login, which is the condition under test.
            await Task.Delay(20, cancellationToken);
            await connected.SendAsync("login", cancellationToken);
            await connected.ReceiveAsync(cancellationToken);
        };

        await socket.ConnectAsync(server.Uri);
        Assert.Equal("beat", (await (await server.NextConnectionAsync()).ReadFrameAsync())!.Text);
        Assert.Empty(server.Failures);
    }

    [SocketTheory]
    [InlineData("beat", "beat\0")]
    [InlineData("\n", "\n")]
    public async Task A_heartbeat_ends_with_the_separator_of_records_unless_it_is_none(string message, string onTheWire)
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket =>
        {
            socket.Control.RecordSeparator = "\0";
            socket.Control.HeartbeatMessage = Encoding.UTF8.GetBytes(message);
            socket.Control.HeartbeatInterval = TimeSpan.FromMilliseconds(10);
        });

        Assert.Equal(onTheWire, (await dialogue.PeerReadsAsync(WireOpcode.Binary)).Text);
    }

    [Fact]
    public async Task HeartbeatInterval_without_a_message_is_refused_before_anything_is_sent()
    {
        using MessageWebSocket socket = new();
        socket.Control.HeartbeatInterval = TimeSpan.FromSeconds(1);

        await Assert.ThrowsAsync<ArgumentException>(() => socket.ConnectAsync(new Uri("ws://127.0.0.1:9/")));

        Assert.Equal(MessageWebSocketState.Created, socket.State);
    }

    private static Task<Dialogue> OpenAsync(TimeSpan interval, Action<RawConnection>? preparePeer = null) => Dialogue.OpenAsync(
        socket =>
        {
            socket.Control.HeartbeatMessage = "beat";
            socket.Control.HeartbeatInterval = interval;
        },
        preparePeer: preparePeer);
}
