using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Sockets;

public sealed class PingAsyncTests
{
    [SocketFact]
    public async Task SendPong_sends_an_empty_pong_that_nobody_asked_for()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();

        dialogue.Socket.SendPong();

        Assert.Empty((await dialogue.PeerReadsAsync(WireOpcode.Pong)).Payload);
        dialogue.Socket.Close();
        Assert.Throws<ObjectDisposedException>(dialogue.Socket.SendPong);
        using MessageWebSocket unconnected = new();
        Assert.Throws<InvalidOperationException>(unconnected.SendPong);
    }

    [SocketFact]
    public async Task PingAsync_completes_with_the_round_trip_time_when_its_own_pong_arrives()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        Assert.Null(dialogue.Socket.Information.LastRoundTripTime);
        Task<TimeSpan> pinging = dialogue.Socket.PingAsync();
        RawFrame ping = await dialogue.PeerReadsAsync(WireOpcode.Ping);
        Assert.NotEmpty(ping.Payload);

        await dialogue.Peer.SendFrameAsync(WireOpcode.Pong, "of another ping"u8.ToArray());
        await dialogue.Peer.SendFrameAsync(WireOpcode.Pong);
        await dialogue.Peer.AwaitClientCaughtUpAsync();
        Assert.False(pinging.IsCompleted);
        await dialogue.Peer.SendFrameAsync(WireOpcode.Pong, ping.Payload);
        TimeSpan roundTrip = await pinging;

        Assert.InRange(roundTrip, TimeSpan.FromTicks(1), TimeSpan.FromSeconds(30));
        Assert.Equal(roundTrip, dialogue.Socket.Information.LastRoundTripTime);
    }

    [SocketFact]
    public async Task A_pong_answers_the_pings_before_it_as_well_and_none_behind_it()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        Task<TimeSpan> first = dialogue.Socket.PingAsync();
        Task<TimeSpan> second = dialogue.Socket.PingAsync();
        RawFrame firstPing = await dialogue.PeerReadsAsync(WireOpcode.Ping);
        RawFrame secondPing = await dialogue.PeerReadsAsync(WireOpcode.Ping);
        Task<TimeSpan> third = dialogue.Socket.PingAsync();
        RawFrame thirdPing = await dialogue.PeerReadsAsync(WireOpcode.Ping);
        Assert.Equal(3, new[] { firstPing, secondPing, thirdPing }.Select(ping => Convert.ToHexString(ping.Payload)).Distinct().Count());

        // RFC 6455 section 5.5.3: a peer may answer the most recent ping only.
        await dialogue.Peer.SendFrameAsync(WireOpcode.Pong, secondPing.Payload);
        Assert.True(await first >= await second);
        await dialogue.Peer.AwaitClientCaughtUpAsync();
        Assert.False(third.IsCompleted);

        // Late, and of no use any more.
        await dialogue.Peer.SendFrameAsync(WireOpcode.Pong, firstPing.Payload);
        await dialogue.Peer.AwaitClientCaughtUpAsync();
        Assert.False(third.IsCompleted);
        await dialogue.Peer.SendFrameAsync(WireOpcode.Pong, thirdPing.Payload);
        await third;
    }

    [SocketFact]
    public async Task PingAsync_can_be_cancelled_without_harm()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        using CancellationTokenSource cancel = new();
        Task<TimeSpan> pinging = dialogue.Socket.PingAsync(cancel.Token);
        RawFrame ping = await dialogue.PeerReadsAsync(WireOpcode.Ping);

        await cancel.CancelAsync();

        OperationCanceledException cancelled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pinging);
        Assert.Equal(HResults.OperationCanceled, cancelled.HResult);
        await dialogue.Peer.SendFrameAsync(WireOpcode.Pong, ping.Payload);
        await dialogue.Peer.SendTextAsync("alive");
        Assert.Equal("alive", (await dialogue.ReceiveAsync()).Text);
    }

    [SocketFact]
    public async Task PingAsync_that_is_not_answered_ends_with_the_connection()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        Task<TimeSpan> pinging = dialogue.Socket.PingAsync();
        await dialogue.PeerReadsAsync(WireOpcode.Ping);

        dialogue.Peer.ShutdownSend();

        Assert.Equal(WebErrorStatus.ConnectionAborted, (await Assert.ThrowsAsync<MessageWebSocketException>(() => pinging)).Status);
    }

    [SocketTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task PingAsync_that_waits_while_the_peer_closes_has_its_code_and_reason(bool inHook)
    {
        TaskCompletionSource isTold = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            await connection.ReadUntilAsync(WireOpcode.Ping);
            await connection.SendCloseAsync(4001, "bye");

            // TCP stays open until the ping was told.
            await isTold.Task.WaitAsync(connection.Stopping);
        });
        using MessageWebSocket socket = new();
        MessageWebSocketException? pinged = null;
        MessageWebSocketException? failed = null;
        async Task PingAsync()
        {
            pinged = await Assert.ThrowsAsync<MessageWebSocketException>(() => socket.PingAsync());
            isTold.SetResult();
            throw pinged;
        }

        if (inHook)
        {
            socket.OnConnected = (_, _) => PingAsync();
            failed = await Assert.ThrowsAsync<MessageWebSocketException>(() => socket.ConnectAsync(server.Uri));
        }
        else
        {
            await socket.ConnectAsync(server.Uri);
            failed = await Assert.ThrowsAsync<MessageWebSocketException>(PingAsync);
            Assert.Equal<ushort?>(4001, socket.Information.CloseCode);
            Assert.Equal(MessageWebSocketState.Closed, socket.State);
        }

        Assert.EndsWith("/ closed the connection with code 4001 (bye) before the pong came.", pinged!.Message, StringComparison.Ordinal);
        Assert.EndsWith(pinged.Message, failed.Message, StringComparison.Ordinal);
        Assert.Equal(WebErrorStatus.ConnectionAborted, failed.Status);
    }

    [SocketFact]
    public async Task PingAsync_that_waits_while_the_close_was_begun_here_says_closed()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        Task<TimeSpan> pinging = dialogue.Socket.PingAsync();
        await dialogue.PeerReadsAsync(WireOpcode.Ping);

        Task<WebSocketCloseResult> closing = dialogue.Socket.CloseAsync(1000, "");
        await dialogue.PeerAnswersCloseAsync();

        await closing;
        await Assert.ThrowsAsync<ObjectDisposedException>(() => pinging);
    }

    [SocketFact]
    public async Task A_ping_of_the_peer_is_answered_with_its_payload()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        byte[] payload = [.. Enumerable.Range(0, 125).Select(i => (byte)i)];

        await dialogue.Peer.SendFrameAsync(WireOpcode.Ping, payload);

        RawFrame pong = await dialogue.PeerReadsAsync(WireOpcode.Pong);
        Assert.True(pong.Masked);
        Assert.Equal(payload, pong.Payload);
    }
}
