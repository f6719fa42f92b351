using System.Diagnostics;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Control;

public sealed class KeepAliveTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(300);

    [SocketFact]
    public async Task DesiredUnsolicitedPongInterval_sends_pongs_that_nobody_asked_for()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket =>
        {
            socket.Control.DesiredUnsolicitedPongInterval = Interval;
            socket.Control.KeepAliveTimeout = TimeSpan.Zero;
        });

        for (int i = 0; i < 5; i++)
        {
            RawFrame pong = await dialogue.PeerReadsAsync(WireOpcode.Pong);
            Assert.True(pong.Masked);
            Assert.Empty(pong.Payload);
        }

        Assert.Equal(MessageWebSocketState.Open, dialogue.Socket.State);
    }

    [SocketFact]
    public async Task KeepAliveTimeout_pings_a_silent_peer_and_ends_the_connection_with_Timeout_when_it_stays_silent()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket =>
        {
            socket.Control.DesiredUnsolicitedPongInterval = Interval;
            socket.Control.KeepAliveTimeout = Short;
        });
        Task<RawFrame?> pinged = dialogue.Peer.ReadUntilAsync(WireOpcode.Ping);
        long started = Stopwatch.GetTimestamp();

        MessageWebSocketException dead = await Assert.ThrowsAsync<MessageWebSocketException>(() => dialogue.Socket.ReceiveAsync().AsTask());

        Assert.Equal(HResults.Timeout, dead.HResult);
        Assert.Equal(WebErrorStatus.Timeout, dead.Status);
        Assert.NotNull(await pinged);
        Assert.True(Stopwatch.GetElapsedTime(started) > Short / 2);
        Assert.Equal(MessageWebSocketState.Aborted, dialogue.Socket.State);
        await dialogue.Peer.DrainBytesAsync();
    }

    [SocketFact]
    public async Task KeepAliveTimeout_lets_a_peer_live_that_answers_pings_and_nothing_else()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket =>
        {
            socket.Control.DesiredUnsolicitedPongInterval = Interval;
            socket.Control.KeepAliveTimeout = TimeSpan.FromSeconds(5);
        });
        for (int answered = 0; answered < 5; answered++)
        {
            RawFrame? ping = await dialogue.Peer.ReadUntilAsync(WireOpcode.Ping);
            Assert.NotNull(ping);
            await dialogue.Peer.SendFrameAsync(WireOpcode.Pong, ping.Payload);
        }

        await dialogue.Peer.SendTextAsync("alive");
        Assert.Equal("alive", (await dialogue.ReceiveAsync()).Text);
        Assert.NotNull(dialogue.Socket.Information.LastRoundTripTime);
    }

    [SocketFact]
    public async Task KeepAliveTimeout_takes_any_byte_as_life_even_half_a_frame()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket =>
        {
            socket.Control.DesiredUnsolicitedPongInterval = Interval;
            socket.Control.KeepAliveTimeout = TimeSpan.FromSeconds(1);
        });
        byte[] frame = FrameBytes.Text("a message that comes byte by byte");
        Task reading = dialogue.Peer.DrainBytesAsync();
        foreach (byte part in frame)
        {
            // The pace of the peer is the condition under test: 3.5 s in all, none of it silent for a second.
            await dialogue.Peer.SendBytesAsync(new[] { part });
            await Task.Delay(100);
        }

        Assert.Equal("a message that comes byte by byte", (await dialogue.ReceiveAsync()).Text);
        await dialogue.Socket.DisposeAsync();
        await reading;
    }

    [SocketFact]
    public async Task KeepAliveTimeout_never_counts_a_reader_that_pauses_with_a_full_inbox()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket =>
        {
            socket.Control.DesiredUnsolicitedPongInterval = Interval;
            socket.Control.KeepAliveTimeout = Short;
            socket.Control.InboxLimitInBytes = 1000;
        });
        Task answering = AnswerPingsAsync(dialogue.Peer);
        for (int i = 0; i < 100; i++)
        {
            await dialogue.Peer.SendFrameAsync(WireOpcode.Binary, new byte[100]);
        }

        // Much longer than interval and timeout together, which is the condition under test.
        await Task.Delay((Interval + Short) * 5);
        Assert.Equal(MessageWebSocketState.Open, dialogue.Socket.State);
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal(100, (await dialogue.ReceiveAsync()).Length);
        }

        Assert.True(await dialogue.Socket.PingAsync() > TimeSpan.Zero);
        await dialogue.Socket.DisposeAsync();
        await answering;
    }

    [SocketFact]
    public async Task KeepAliveTimeout_never_counts_a_reader_that_pauses_with_an_empty_inbox()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket =>
        {
            socket.Control.DesiredUnsolicitedPongInterval = Interval;
            socket.Control.KeepAliveTimeout = TimeSpan.FromSeconds(1);
        });
        Task answering = AnswerPingsAsync(dialogue.Peer);

        // As above: the pause itself is the condition.
        await Task.Delay(2500);
        Assert.Equal(MessageWebSocketState.Open, dialogue.Socket.State);
        await dialogue.Peer.SendTextAsync("alive");
        Assert.Equal("alive", (await dialogue.ReceiveAsync()).Text);
        await dialogue.Socket.DisposeAsync();
        await answering;
    }

    [SocketFact]
    public async Task KeepAliveTimeout_never_counts_a_handler_that_takes_long()
    {
        EventRecorder events = new();
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket =>
        {
            socket.Control.DesiredUnsolicitedPongInterval = Interval;
            socket.Control.KeepAliveTimeout = Short;

            // Longer than interval and timeout together, which is the condition under test.
            socket.MessageReceived += (_, _) => Thread.Sleep((Interval + Short) * 4);
            events.RecordMessages(socket);
        });
        Task answering = AnswerPingsAsync(dialogue.Peer);
        await dialogue.Peer.SendTextAsync("one");
        await dialogue.Peer.SendTextAsync("two");

        Assert.Equal("one", (await events.NextMessageAsync()).Message?.Text);
        Assert.Equal("two", (await events.NextMessageAsync()).Message?.Text);
        await dialogue.Socket.DisposeAsync();
        await answering;
    }

    [SocketFact]
    public async Task KeepAliveTimeout_never_counts_a_filter_that_takes_long()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket =>
        {
            socket.Control.DesiredUnsolicitedPongInterval = Interval;
            socket.Control.KeepAliveTimeout = Short;
        });
        Task answering = AnswerPingsAsync(dialogue.Peer);
        Task<WsMessage?> reply = dialogue.Socket.ReceiveNextAsync(message =>
        {
            // Longer than interval and timeout together, which is the condition under test.
            Thread.Sleep((Interval + Short) * 4);
            return message.Text == "two";
        });
        await dialogue.Peer.SendTextAsync("one");
        await dialogue.Peer.SendTextAsync("two");

        Assert.Equal("two", (await reply)?.Text);
        Assert.Equal("one", (await dialogue.ReceiveAsync()).Text);
        Assert.Equal(MessageWebSocketState.Open, dialogue.Socket.State);
        await dialogue.Socket.DisposeAsync();
        await answering;
    }

    private static async Task AnswerPingsAsync(RawConnection peer)
    {
        try
        {
            while (await peer.ReadUntilAsync(WireOpcode.Ping) is { } ping)
            {
                await peer.SendFrameAsync(WireOpcode.Pong, ping.Payload);
            }
        }
        catch (IOException)
        {
            // The client ended the connection.
        }
    }
}
