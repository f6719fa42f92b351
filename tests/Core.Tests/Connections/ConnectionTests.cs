using System.Net.Http;
using System.Net.Sockets;
using System.Reflection;
using System.Text;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Connections;

/// <summary>What a connection sends, and tells of itself and of what it received, up to each of its ends.</summary>
public sealed class ConnectionTests : IAsyncDisposable
{
    private readonly MemoryNetwork _network = new();
    private readonly RecordingReceiver _receiver = new();
    private readonly RecordingEvents _events = new();
    private Connection? _connection;

    private IEnumerable<WireOpcode> Sent => _network.Frames.Select(frame => frame.Opcode);

    public async ValueTask DisposeAsync()
    {
        _connection?.Close(null, "");
        await _network.DisposeAsync();
        if (_connection is not null)
        {
            await _connection.Released;
        }
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Readers_are_woken_once_the_loop_waits_and_elsewhere_where_it_goes_on()
    {
        Connection connection = Open();
        await _network.BringAsync([.. FrameBytes.Text("one"), .. FrameBytes.Text("two")]);
        Assert.Equal(["take one", "take two"], await _receiver.UntilAsync("publish"));
        Assert.Equal((2L, 6L), (connection.Counters.Messages, connection.Counters.PayloadBytes));
    }

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData(1001)]
    [InlineData(null)]
    public async Task The_close_of_the_peer_is_answered_with_its_code_and_told(int? code)
    {
        Connection connection = Open();
        await _network.BringAsync(FrameBytes.Close((ushort?)code, code is null ? "" : "bye"));
        Assert.Empty(await _receiver.UntilAsync("complete "));
        Assert.False(connection.Released.IsCompleted);
        _network.End();
        await connection.Released;

        Assert.True(await connection.PeerGone);
        Assert.False(connection.IsClosedHere);
        Assert.True(connection.CloseBegan.IsCancellationRequested);
        Assert.Equal(FrameBytes.ClosePayload((ushort?)code), Assert.Single(_network.Frames).Payload);
        await _events.Raised;
        Assert.Equal(
            code is null ? ["closed 1005  by peer", "raise 1005"] : ["closed 1001 bye by peer", "raise 1001"], _events.Told);
        Assert.True(_network.IsDisposed);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_peer_that_breaks_TCP_after_its_close_is_not_gone_in_order()
    {
        Connection connection = Open();
        await _network.BringAsync(FrameBytes.Close(1000));
        await _receiver.UntilAsync("complete ");
        _network.End(new IOException("x"));
        Assert.False(await connection.PeerGone);
        await connection.Released;
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_close_from_here_is_told_at_once_and_what_comes_later_is_dropped()
    {
        Connection connection = Open();
        connection.Close(1001, "bye");
        Assert.Empty(await _receiver.UntilAsync("complete here"));
        await _events.Raised;
        Assert.Equal(["closed 1001 bye here", "raise 1001"], _events.Told);
        Assert.True(connection.IsClosedHere);

        await _network.BringAsync([.. FrameBytes.Text("late"), .. FrameBytes.Close(1001, "yes")]);
        Assert.Equal(["dropped"], (await _receiver.UntilAsync("complete ")).Where(static call => call == "dropped"));
        _network.End();
        await connection.Released;
        Assert.Equal(FrameBytes.ClosePayload(1001, "bye"), Assert.Single(_network.Frames).Payload);
        Assert.DoesNotContain("raise 1001", _events.Told.Skip(2));
        connection.Close(1002, "again");
        Assert.DoesNotContain("raise 1001", _events.Told.Skip(2));
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task CloseAsync_waits_for_any_time_where_no_timeout_is_set_and_delivers_what_comes_before_the_answer()
    {
        Connection connection = Open(closeTimeout: TimeSpan.Zero);
        Task<WebSocketCloseResult> closing = connection.CloseAsync(1000, "done", null, CancellationToken.None);
        Assert.Equal(["closing"], _events.Told);
        await _network.BringAsync([.. FrameBytes.Text("last"), .. FrameBytes.Close(1001, "yes")]);
        Assert.Contains("take last closing", await _receiver.UntilAsync("complete "));
        Assert.False(closing.IsCompleted);
        _network.End();

        Assert.Equal(new WebSocketCloseResult(1001, "yes"), await closing);
        Assert.Equal(FrameBytes.ClosePayload(1000, "done"), Assert.Single(_network.Frames).Payload);
        await _events.Raised;
        Assert.Equal(["closing", "closed 1001 yes by peer", "raise 1001"], _events.Told);
    }

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_close_that_nobody_answers_is_told_as_that_and_Closed_is_raised(bool isCanceled)
    {
        Connection connection = Open(closeTimeout: isCanceled ? TimeSpan.Zero : TimeSpan.FromMilliseconds(1));
        using CancellationTokenSource cancel = new();
        Task<WebSocketCloseResult> closing = connection.CloseAsync(1000, "", null, cancel.Token);
        string status = isCanceled ? "ConnectionAborted" : "Timeout";
        if (isCanceled)
        {
            await cancel.CancelAsync();
            Assert.Equal(cancel.Token, (await Assert.ThrowsAsync<OperationCanceledException>(() => closing)).CancellationToken);
        }
        else
        {
            Assert.Equal(HResults.Timeout, (await Assert.ThrowsAsync<MessageWebSocketException>(() => closing)).HResult);
        }

        await _receiver.UntilAsync($"complete {status}");
        await connection.Released;
        await _events.Raised;
        Assert.Equal(["closing", $"aborted {status}", "raise 1000"], _events.Told);
        Assert.True(_network.IsDisposed);
    }

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_peer_that_takes_what_was_sent_before_the_close_frame_has_its_time_to_answer_from_then_on(bool answers)
    {
        ManualClock clock = new();
        Connection connection = Open(closeTimeout: TimeSpan.FromSeconds(4), clock: clock);
        _network.Hold();
        await connection.Sender.SendAsync("before"u8, SocketMessageType.Utf8, CancellationToken.None);
        Task<WebSocketCloseResult> closing = connection.CloseAsync(1000, "", null, CancellationToken.None);
        for (int i = 0; i < 7; i++)
        {
            // It is looked each second; in the fourth the peer takes the message, and the close frame still waits.
            await clock.PassWaitAsync(i == 3 ? TakeOne : null);
            Assert.False(closing.IsCompleted);
        }

        if (answers)
        {
            await _network.BringAsync(FrameBytes.Close(1001, "yes"));
            _network.LetGo();
            _network.End();
            Assert.Equal(new WebSocketCloseResult(1001, "yes"), await closing);
        }
        else
        {
            await clock.PassWaitAsync();
            Assert.Equal(HResults.Timeout, (await Assert.ThrowsAsync<MessageWebSocketException>(() => closing)).HResult);
        }

        void TakeOne()
        {
            _network.LetOneGo();
            Assert.True(SpinWait.SpinUntil(() => connection.Transport.Writer.Network.BytesSent > 0, TimeSpan.FromSeconds(20)));
        }
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task What_a_peer_never_ends_is_let_go_in_a_moment_and_whoever_waits_for_its_close_is_told()
    {
        ManualClock clock = new();
        Connection connection = Open(closeTimeout: TimeSpan.FromSeconds(1), clock: clock);
        Task<WebSocketCloseResult> closing = connection.CloseAsync(1000, "", TimeSpan.Zero, CancellationToken.None);
        connection.Close(1000, "");
        for (int i = 0; i < 4; i++)
        {
            Assert.False(connection.Released.IsCompleted);
            Assert.Equal(TimeSpan.FromMilliseconds(250), await clock.PassWaitAsync());
        }

        await connection.Released;
        Assert.True(_network.IsDisposed);
        MessageWebSocketException late = await Assert.ThrowsAsync<MessageWebSocketException>(() => closing);
        Assert.Equal(HResults.Timeout, late.HResult);
        Assert.Contains("did not answer the close frame within 1 s", late.Message, StringComparison.Ordinal);
    }

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData(null, HResults.ConnectionAborted)]
    [InlineData(SocketError.ConnectionReset, HResults.ConnectionReset)]
    public async Task Whoever_waits_for_the_close_of_a_peer_is_told_how_that_went_also_behind_a_local_close(
        SocketError? fault, int hresult)
    {
        Connection connection = Open(closeTimeout: TimeSpan.Zero);
        Task<WebSocketCloseResult> closing = connection.CloseAsync(1000, "", null, CancellationToken.None);
        connection.Close(1000, "");
        _network.End(fault is { } error ? new IOException("x", new SocketException((int)error)) : null);

        Assert.Equal(hresult, (await Assert.ThrowsAsync<MessageWebSocketException>(() => closing)).HResult);
        await connection.Released;
        Assert.Equal(hresult, (await Assert.ThrowsAsync<MessageWebSocketException>(
            () => connection.CloseAsync(1000, "", null, CancellationToken.None))).HResult);

        // To everybody else the end is the local close.
        Assert.Equal(["closing", "closed 1000  here", "raise 1000"], _events.Told);
    }

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData(false, "The socket was closed before the message was sent.")]
    [InlineData(true, "ws://example.com/ closed the connection with code 1001 (bye) before the message was sent.")]
    public async Task A_message_that_waits_as_the_connection_closes_is_told_that_it_was_not_sent(bool byPeer, string why)
    {
        Connection connection = Open(sendLimit: 1);
        _network.Hold();
        await SendAsync("under way");
        await SendAsync("pending");
        Task[] waiting = [SendAsync("waits for room"), SendAsync("waits for its turn")];
        Assert.DoesNotContain(waiting, static task => task.IsCompleted);

        if (byPeer)
        {
            await _network.BringAsync(FrameBytes.Close(1001, "bye"));
            await _events.Raised;
        }
        else
        {
            connection.Close(1000, "");
        }

        _network.LetGo();
        foreach (Task task in waiting)
        {
            ObjectDisposedException refused = await Assert.ThrowsAsync<ObjectDisposedException>(() => task);
            Assert.Equal(HResults.Closed, refused.HResult);
            Assert.StartsWith(why, refused.Message, StringComparison.Ordinal);
        }

        await connection.FlushAsync(CancellationToken.None);
        Assert.Equal([WireOpcode.Text, WireOpcode.Text, WireOpcode.Close], Sent);

        Task SendAsync(string text) => connection.Sender.SendAsync(
            Encoding.UTF8.GetBytes(text).AsMemory(), SocketMessageType.Utf8, CancellationToken.None).AsTask();
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task The_end_of_the_process_waits_for_a_connection_from_its_start_to_its_end()
    {
        FieldInfo open = typeof(ExitFlush).GetField("s_open", BindingFlags.NonPublic | BindingFlags.Static)!;
        IDictionary<FrameStream, MessageSender> waitedFor = (IDictionary<FrameStream, MessageSender>)open.GetValue(null)!;
        Connection connection = Open();
        Assert.True(waitedFor.TryGetValue(connection.Transport, out MessageSender? sender));
        Assert.Same(connection.Sender, sender);
        _network.End();
        await connection.Released;
        Assert.False(waitedFor.ContainsKey(connection.Transport));
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_token_ends_the_wait_for_the_end_of_TCP_behind_an_answered_close()
    {
        Connection connection = Open(clock: new ManualClock());
        using CancellationTokenSource cancel = new();
        Task<WebSocketCloseResult> closing = connection.CloseAsync(1000, "", null, cancel.Token);
        await _network.BringAsync(FrameBytes.Close(1001, "yes"));
        await _events.Raised;
        Assert.False(connection.Released.IsCompleted);

        await cancel.CancelAsync();

        Assert.Equal(cancel.Token, (await Assert.ThrowsAsync<OperationCanceledException>(() => closing)).CancellationToken);
        await connection.Released;
        Assert.True(_network.IsDisposed);
        Assert.Equal(["closing", "closed 1001 yes by peer", "raise 1001"], _events.Told);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task What_we_refuse_is_told_when_readers_had_their_moment_and_the_close_frame_says_why()
    {
        Connection connection = Open();
        await _network.BringAsync(FrameBytes.Build(WireOpcode.Text, "x"u8, masked: true));
        Assert.Contains("let answer 250", await _receiver.UntilAsync("tell ErrorHttpInvalidServerResponse"));
        Assert.Equal(FrameBytes.ClosePayload(1002), Assert.Single(_network.Frames).Payload);
        Assert.Equal(["aborted ErrorHttpInvalidServerResponse"], _events.Told);
        Assert.False(connection.Released.IsCompleted);
        _network.End();
        await connection.Released;
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_message_that_is_too_big_is_refused_in_words_and_nobody_is_waited_for_once_the_close_began()
    {
        Connection connection = Open();
        Task closing = connection.CloseAsync(1000, "", null, CancellationToken.None);
        await _network.BringAsync(FrameBytes.Text("more than is taken here"));
        Assert.DoesNotContain("let answer 250", await _receiver.UntilAsync("tell UnexpectedServerError"));
        await Assert.ThrowsAsync<MessageWebSocketException>(() => closing);

        MemoryNetwork network = new();
        Connection other = Open(network: network);
        await network.BringAsync(FrameBytes.Text("more than is taken here"));
        await _receiver.UntilAsync("tell UnexpectedServerError");
        Assert.Equal(FrameBytes.ClosePayload(1009, "message too big"), Assert.Single(network.Frames).Payload);
        network.End();
        await other.Released;
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task What_breaks_reading_is_told_and_refuses_what_is_sent()
    {
        Connection connection = Open();
        Task<TimeSpan> ping = connection.PingAsync(CancellationToken.None);
        _network.End(new IOException("x"));
        await _receiver.UntilAsync("tell ConnectionAborted");
        await connection.Released;
        Assert.Equal(["aborted ConnectionAborted"], _events.Told);
        await Assert.ThrowsAsync<MessageWebSocketException>(() => ping);
        connection.SendPong();
        await Assert.ThrowsAsync<MessageWebSocketException>(
            () => connection.Sender.SendAsync("x"u8, SocketMessageType.Utf8, CancellationToken.None).AsTask());
        Assert.Equal([WireOpcode.Ping], Sent);
        Assert.True(await connection.PeerGone);
        Assert.True(connection.Ended.IsCancellationRequested);
    }

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Whoever_is_told_that_the_connection_is_lost_can_send_nothing_any_more(bool isBroken)
    {
        Connection connection = Open();
        Exception? refusal = null;
        _events.WhenAborted = () => refusal = Record.Exception(connection.Transport.Writer.SendUnsolicitedPong);
        _network.End(isBroken ? new IOException("x") : null);
        await connection.Released;
        Assert.IsType<IOException>(refusal, exactMatch: false);
        Assert.Empty(Sent);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_peer_that_is_gone_without_a_close_frame_is_not_waited_for_with_ours()
    {
        Connection connection = Open(closeTimeout: TimeSpan.Zero, clock: new ManualClock());
        _network.Hold();
        Task<WebSocketCloseResult> closing = connection.CloseAsync(1000, "", null, CancellationToken.None);
        _network.End();
        await connection.Released;
        Assert.Equal(HResults.ConnectionAborted, (await Assert.ThrowsAsync<MessageWebSocketException>(() => closing)).HResult);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_peer_that_has_closed_and_ended_TCP_gets_its_answer_before_all_is_let_go()
    {
        Connection connection = Open(clock: new ManualClock());
        _network.Hold();
        await _network.BringAsync(FrameBytes.Close(1001));
        _network.End();
        await _events.Raised;
        Assert.False(connection.Released.IsCompleted);
        _network.LetGo();
        await connection.Released;
        Assert.Equal(FrameBytes.ClosePayload(1001), Assert.Single(_network.Frames).Payload);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Nothing_goes_on_in_the_context_of_a_caller()
    {
        Connection connection = Open(closeTimeout: TimeSpan.Zero);
        Task<TimeSpan> ping = Task.FromResult(TimeSpan.Zero);
        int posts = await ForeignContext.CountPostsAsync(() =>
        {
            ping = connection.PingAsync(CancellationToken.None);
            Assert.False(ping.IsCompleted);
            BringElsewhere(FrameBytes.Build(WireOpcode.Pong, _network.Frames[0].Payload));
            return ping;
        });
        posts += await ForeignContext.CountPostsAsync(() =>
        {
            Task<WebSocketCloseResult> closing = connection.CloseAsync(1000, "", null, CancellationToken.None);
            Assert.False(closing.IsCompleted);
            BringElsewhere(FrameBytes.Close(1000), isEnd: true);
            return closing;
        });
        Assert.Equal(0, posts);

        MemoryNetwork network = new();
        Connection broken = Open(network: network);
        broken.Transport.Writer.Break(new IOException("x"));
        posts = await ForeignContext.CountPostsAsync(() =>
        {
            ping = broken.PingAsync(CancellationToken.None);
            Assert.False(ping.IsCompleted);
            ThreadPool.UnsafeQueueUserWorkItem(static network => network.End(), network, preferLocal: false);
            return ping.ContinueWith(static _ => { }, TaskScheduler.Default);
        });
        await Assert.ThrowsAsync<MessageWebSocketException>(() => ping);
        Assert.Equal(0, posts);

        void BringElsewhere(byte[] bytes, bool isEnd = false) => ThreadPool.UnsafeQueueUserWorkItem(
            _ =>
            {
                _ = _network.BringAsync(bytes);
                if (isEnd)
                {
                    _network.End();
                }
            },
            null);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_close_in_the_middle_of_one_that_is_given_up_then_is_raised_once()
    {
        Connection connection = Open(closeTimeout: TimeSpan.Zero);
        using CancellationTokenSource cancel = new();
        Task<WebSocketCloseResult> closing = connection.CloseAsync(1000, "", null, cancel.Token);
        connection.Close(1000, "");
        await _events.Raised;
        await cancel.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => closing);
        await connection.Released;
        Assert.Single(_events.Told, static told => told == "raise 1000");
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task What_came_behind_a_ping_is_received_though_nothing_can_be_sent_any_more()
    {
        Connection connection = Open();
        _network.WriteFault = new IOException("x");
        await connection.Sender.SendAsync("lost"u8, SocketMessageType.Utf8, CancellationToken.None);
        byte[] ping = FrameBytes.Build(WireOpcode.Ping, []);
        await _network.BringAsync([.. FrameBytes.Text("one"), .. ping, .. FrameBytes.Text("two"), .. FrameBytes.Close(1011, "bye")]);
        List<string> calls = await _receiver.UntilAsync("complete ");
        Assert.Equal(["take one", "take two"], calls.Where(static call => call.StartsWith("take", StringComparison.Ordinal)));
        _network.End();
        await connection.Released;
        await _events.Raised;
        Assert.Equal(["closed 1011 bye by peer", "raise 1011"], _events.Told);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_held_answer_goes_out_when_this_side_closes()
    {
        _receiver.HoldsAnswer = true;
        Connection connection = Open();
        await _network.BringAsync(FrameBytes.Close(1000));
        await _receiver.UntilAsync("complete ");
        Assert.Empty(Sent);
        _network.End();
        Assert.True(await connection.PeerGone);
        Assert.Empty(Sent);

        connection.Close(1001, "");

        // To readers the end stays that of the peer, whoever closes now.
        Assert.Empty(await _receiver.UntilAsync("complete "));
        Assert.Empty(await _receiver.UntilAsync("complete "));
        await connection.Released;
        Assert.Equal(FrameBytes.ClosePayload(1001), Assert.Single(_network.Frames).Payload);
        Assert.True(connection.IsClosedHere);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task While_the_answer_is_held_a_send_that_fails_waits_for_nobody_to_say_why()
    {
        _receiver.HoldsAnswer = true;
        Connection connection = Open();
        await _network.BringAsync(FrameBytes.Close(1000));
        await _receiver.UntilAsync("complete ");
        connection.Transport.Writer.Break(new IOException("x"));
        Task send = connection.Sender.SendAsync("x"u8, SocketMessageType.Utf8, CancellationToken.None).AsTask();
        Assert.True(send.IsCompleted);
        await Assert.ThrowsAsync<MessageWebSocketException>(() => send);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_peer_that_vanished_is_told_as_that()
    {
        Connection connection = Open(keepAlive: TimeSpan.FromMilliseconds(1));
        await _receiver.UntilAsync("tell Timeout");
        await connection.Released;
        Assert.Equal(["aborted Timeout"], _events.Told);
    }

    private Connection Open(
        TimeSpan? closeTimeout = null,
        TimeSpan keepAlive = default,
        MemoryNetwork? network = null,
        TimeProvider? clock = null,
        int sendLimit = OutboundFrames.UsualLimit)
    {
        ConnectionSettings settings = new()
        {
            Uri = new Uri("ws://example.com/"),
            SocketClass = "X",
            Frames = new FrameTraces(),
            CloseTimeout = closeTimeout ?? TimeSpan.FromSeconds(30),
            KeepAliveInterval = keepAlive,
            KeepAliveTimeout = keepAlive,
            Clock = clock ?? TimeProvider.System,
            SendLimitInBytes = sendLimit,
        };
        Connection connection = new(
            settings,
            new OpenedConnection(network ?? _network, new SocketsHttpHandler(), null, null),
            _receiver,
            static (framing, frames) => new MessageAssembler(framing, frames, 10, wholeMessages: true),
            _events);
        connection.Start();
        _connection ??= connection;
        return connection;
    }
}
