using System.Diagnostics;
using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Reliability;

using FrameOpcode = MessageWebSockets.TestServer.FrameOpcode;

/// <summary>A dead peer is noticed in time, and a script that pauses is not mistaken for one.</summary>
public sealed class KeepAliveTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(800);

    // A pause of the script is what these tests are about; it is no way to wait for something.
    private static readonly TimeSpan LongPause = 4 * (Interval + Patience);

    [Fact]
    public async Task A_peer_that_vanishes_without_a_FIN_is_noticed_within_interval_and_timeout_and_the_waiting_receive_says_so()
    {
        await using RawServer server = RawServer.Start(SinkAsync);
        await using HttpConnectProxy proxy = HttpConnectProxy.Start();
        using MessageWebSocket socket = Create(control => control.Proxy = proxy.Uri);
        await socket.ConnectAsync(server.Uri);
        await socket.PingAsync().WaitAsync(FaultVisit.Patience);

        Task<WsMessage?> waiting = socket.ReceiveAsync().AsTask();
        proxy.Stall();
        long stalled = Stopwatch.GetTimestamp();
        MessageWebSocketException failure =
            await Assert.ThrowsAsync<MessageWebSocketException>(() => waiting.WaitAsync(FaultVisit.Patience));
        TimeSpan noticed = Stopwatch.GetElapsedTime(stalled);

        Assert.Equal(WebErrorStatus.Timeout, failure.Status);
        Assert.Contains("no sign of life", failure.Message, StringComparison.Ordinal);
        Assert.Contains(server.Uri.Host, failure.Message, StringComparison.Ordinal);

        // The other half is what timers and threads of a busy machine may add.
        Assert.InRange(noticed, Patience * 0.9, (Interval + Patience) * 1.5);
        Assert.Equal(MessageWebSocketState.Aborted, socket.State);
        await socket.Released.WaitAsync(FaultVisit.Patience);
    }

    [Fact]
    public async Task Silence_is_measured_from_the_last_byte_and_not_from_the_last_look()
    {
        await using RawServer server = RawServer.Start(SinkAsync);
        await using HttpConnectProxy proxy = HttpConnectProxy.Start();
        TimeSpan interval = TimeSpan.FromSeconds(2);
        using MessageWebSocket socket = Create(control =>
        {
            control.Proxy = proxy.Uri;
            control.DesiredUnsolicitedPongInterval = interval;
            control.KeepAliveTimeout = TimeSpan.FromMilliseconds(100);
        });
        await socket.ConnectAsync(server.Uri);

        // A sign of life shortly after the first look at the connection began; the peer then goes.
        await Task.Delay(interval / 5);
        await socket.PingAsync().WaitAsync(FaultVisit.Patience);
        proxy.Stall();
        long stalled = Stopwatch.GetTimestamp();
        await Assert.ThrowsAsync<MessageWebSocketException>(() => socket.ReceiveAsync().AsTask().WaitAsync(FaultVisit.Patience));

        // With a look every interval alone it would take 1.8 intervals.
        Assert.InRange(Stopwatch.GetElapsedTime(stalled), interval * 0.9, interval * 1.6);
    }

    [Fact]
    public async Task Pending_sends_and_pings_hear_of_a_vanished_peer_as_well()
    {
        await using RawServer server = RawServer.Start(SinkAsync);
        await using HttpConnectProxy proxy = HttpConnectProxy.Start();
        using MessageWebSocket socket = Create(control => control.Proxy = proxy.Uri);
        await socket.ConnectAsync(server.Uri);
        proxy.Stall();

        byte[] message = new byte[256 * 1024];
        Task sending = Task.Run(async () =>
        {
            while (true)
            {
                await socket.SendAsync(message, SocketMessageType.Binary);
            }
        });
        MessageWebSocketException ping =
            await Assert.ThrowsAsync<MessageWebSocketException>(() => socket.PingAsync().WaitAsync(FaultVisit.Patience));
        MessageWebSocketException send = await Assert.ThrowsAsync<MessageWebSocketException>(() => sending.WaitAsync(FaultVisit.Patience));
        Assert.Equal((WebErrorStatus.Timeout, WebErrorStatus.Timeout), (ping.Status, send.Status));
    }

    [Fact]
    public async Task A_script_that_pauses_with_an_empty_inbox_keeps_its_connection()
    {
        await using RawServer server = RawServer.Start(SinkAsync);
        using MessageWebSocket socket = Create();
        await socket.ConnectAsync(server.Uri);

        await Task.Delay(LongPause);

        Assert.Equal(MessageWebSocketState.Open, socket.State);
        await socket.PingAsync().WaitAsync(FaultVisit.Patience);
    }

    [Fact]
    public async Task A_script_that_pauses_with_a_full_inbox_keeps_its_connection_and_every_message()
    {
        const int Messages = 20_000;
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            await connection.FloodAsync(new FloodPlan(Messages, 1024, FrameOpcode.Text));
        });
        using MessageWebSocket socket = Create(control => control.InboxLimitInBytes = 64 * 1024);
        await socket.ConnectAsync(server.Uri);
        Assert.NotNull(await socket.ReceiveAsync());

        await Task.Delay(LongPause);

        Assert.Equal(MessageWebSocketState.Open, socket.State);
        Assert.InRange(socket.Information.MessagesReceived, 1, Messages / 2);
        for (int i = 1; i < Messages; i++)
        {
            WsMessage? message = await socket.ReceiveAsync().AsTask().WaitAsync(FaultVisit.Patience);
            Assert.StartsWith(i.ToString("D10", null), message?.Text, StringComparison.Ordinal);
        }

        Assert.Equal(0, socket.Information.MessagesDropped);
        await socket.PingAsync().WaitAsync(FaultVisit.Patience);
    }

    [Fact]
    public async Task A_handler_that_takes_its_time_keeps_its_connection_and_every_message()
    {
        const int Messages = 1000;
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            await connection.FloodAsync(new FloodPlan(Messages, 1024, FrameOpcode.Text));
        });
        using MessageWebSocket socket = Create();
        using ManualResetEventSlim pauseOver = new();
        TaskCompletionSource<MessageWebSocketException?> ended = new();
        List<string> received = [];
        socket.MessageReceived += (_, args) =>
        {
            if (args.Message is not { } message)
            {
                ended.TrySetResult(args.Error);
                return;
            }

            pauseOver.Wait();
            received.Add(message.Text[..10]);
            if (received.Count == Messages)
            {
                ended.TrySetResult(null);
            }
        };
        await socket.ConnectAsync(server.Uri);

        await Task.Delay(LongPause);
        pauseOver.Set();

        Assert.Null(await ended.Task.WaitAsync(FaultVisit.Patience));
        Assert.Equal(Enumerable.Range(0, Messages).Select(i => i.ToString("D10", null)), received);
    }

    [Fact]
    public async Task A_ping_goes_out_after_each_silent_interval_however_long_the_timeout_is()
    {
        TaskCompletionSource<int> pinged = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            for (int pings = 1; await connection.ReadUntilAsync(FrameOpcode.Ping) is { } ping; pings++)
            {
                // Some are answered: neither makes the next one wait.
                if (pings % 2 == 0)
                {
                    await connection.SendFrameAsync(FrameOpcode.Pong, ping.Payload);
                }

                if (pings == 5)
                {
                    pinged.SetResult(connection.Frames.Count(frame => frame.Opcode == FrameOpcode.Pong));
                }
            }
        });
        using MessageWebSocket socket = Create(control =>
        {
            control.DesiredUnsolicitedPongInterval = TimeSpan.FromMilliseconds(200);
            control.KeepAliveTimeout = 2 * FaultVisit.Patience;
        });
        await socket.ConnectAsync(server.Uri);

        // With one ping a timeout the second would come after a minute. Silent intervals need no pong of ours beside the ping.
        Assert.InRange(await pinged.Task.WaitAsync(FaultVisit.Patience), 0, 1);
        Assert.Equal(MessageWebSocketState.Open, socket.State);
    }

    [Fact]
    public async Task A_peer_that_reads_slowly_and_says_nothing_gets_a_message_that_takes_longer_than_the_timeout()
    {
        const int Length = 3 * 1024 * 1024;
        const int Part = 32 * 1024;
        TaskCompletionSource<long> got = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using RawServer server = RawServer.Start(
            async connection =>
            {
                connection.LimitReceiveBuffer(Part);
                await connection.AcceptHandshakeAsync();
                byte[] part = new byte[Part];
                long total = 0;
                while (total < Length && await connection.ReadBytesAsync(part) is > 0 and int read)
                {
                    total += read;

                    // Its pace is the condition under test: the whole takes longer than interval and timeout.
                    await Task.Delay(TimeSpan.FromMilliseconds(50));
                }

                got.SetResult(total);
                await connection.HoldAsync();
            },
            new RawServerOptions { CaptureLimit = 0 });
        using MessageWebSocket socket = Create(control =>
        {
            // Long enough for a peer that a busy machine keeps from its work, and gone by well before the whole has arrived.
            control.KeepAliveTimeout = TimeSpan.FromSeconds(3);
            control.OutboundBufferSizeInBytes = 64 * 1024;
        });
        await socket.ConnectAsync(server.Uri);

        await socket.SendAsync(new byte[Length], SocketMessageType.Binary);
        await socket.FlushAsync().WaitAsync(FaultVisit.Patience);

        Assert.InRange(await got.Task.WaitAsync(FaultVisit.Patience), Length, long.MaxValue);
    }

    [Fact]
    public async Task A_peer_that_takes_nothing_of_a_long_message_is_given_up()
    {
        await using RawServer server = RawServer.Start(
            async connection =>
            {
                await connection.AcceptHandshakeAsync();
                await connection.HoldAsync();
            },
            new RawServerOptions { CaptureLimit = 0 });
        using MessageWebSocket socket = Create();
        await socket.ConnectAsync(server.Uri);

        await socket.SendAsync(new byte[64 * 1024 * 1024], SocketMessageType.Binary);
        MessageWebSocketException failure =
            await Assert.ThrowsAsync<MessageWebSocketException>(() => socket.FlushAsync().WaitAsync(FaultVisit.Patience));

        Assert.Equal(WebErrorStatus.Timeout, failure.Status);
    }

    [Fact]
    public async Task A_peer_whose_system_alone_answers_is_given_up_however_often_it_is_pinged()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            await connection.HoldAsync();
        });
        using MessageWebSocket socket = Create(control => control.DesiredUnsolicitedPongInterval = TimeSpan.FromMilliseconds(100));
        await socket.ConnectAsync(server.Uri);

        MessageWebSocketException failure =
            await Assert.ThrowsAsync<MessageWebSocketException>(() => socket.ReceiveAsync().AsTask().WaitAsync(FaultVisit.Patience));

        Assert.Equal(WebErrorStatus.Timeout, failure.Status);
    }

    [Fact]
    public async Task A_filter_that_takes_its_time_keeps_its_connection()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            await connection.ReadUntilAsync(FrameOpcode.Text);
            await connection.SendTextAsync("reply");
            await connection.SinkAsync();
        });
        using MessageWebSocket socket = Create();
        using ManualResetEventSlim pauseOver = new();
        await socket.ConnectAsync(server.Uri);
        Task<WsMessage?> reply = socket.ReceiveNextAsync(message =>
        {
            pauseOver.Wait();
            return message.Text == "reply";
        });
        await socket.SendAsync("request");

        await Task.Delay(LongPause);
        pauseOver.Set();

        Assert.Equal("reply", (await reply.WaitAsync(FaultVisit.Patience))?.Text);
        await socket.PingAsync().WaitAsync(FaultVisit.Patience);
    }

    private static MessageWebSocket Create(Action<MessageWebSocketControl>? configure = null)
    {
        MessageWebSocket socket = new();
        socket.Control.DesiredUnsolicitedPongInterval = Interval;
        socket.Control.KeepAliveTimeout = Patience;
        configure?.Invoke(socket.Control);
        return socket;
    }

    private static async Task SinkAsync(RawConnection connection)
    {
        await connection.AcceptHandshakeAsync();
        await connection.SinkAsync();
    }
}
