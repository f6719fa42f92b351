using System.Text;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Connections;

/// <summary>When a heartbeat is due, and what keeps it from going out.</summary>
public sealed class HeartbeatTests : IDisposable
{
    private const long Interval = 1000;

    private readonly MemoryNetwork _network = new();
    private readonly FixedEnd _end = new();
    private readonly FrameStream _transport;
    private readonly MessageSender _sender;
    private readonly Heartbeat _heartbeat;
    private readonly TaskCompletionSource _sentTwice = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _sent;

    public HeartbeatTests()
    {
        _transport = new FrameStream(_network, new FrameTraces());
        _sender = new MessageSender(_transport, new OpenedConnection(_network, null!, null, null), null, _end);
        _heartbeat = Create(TimeSpan.FromMilliseconds(Interval));
        _sender.WatchSends();
    }

    public void Dispose()
    {
        _heartbeat.Dispose();
        _sender.Dispose();
        _transport.Dispose();
        _end.Dispose();
    }

    [Fact]
    public void It_is_due_an_interval_after_the_last_send()
    {
        long last = _sender.LastSent;
        Assert.Equal(Interval, _heartbeat.Step(last));
        Assert.Equal(1, _heartbeat.Step(last + Interval - 1));
        Assert.Equal(0, _sent);

        Assert.Equal(Interval, _heartbeat.Step(last + Interval));
        Assert.Equal(1, _sent);
        Assert.Equal([(WireOpcode.Text, "beat")], _network.Frames.Select(frame => (frame.Opcode, Encoding.UTF8.GetString(frame.Payload))));
        Assert.Equal(1, _sender.Messages);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task In_the_turn_of_another_message_it_is_tried_again_sooner()
    {
        await _sender.SendFrameAsync(new byte[1], null, SocketMessageType.Binary, isFinal: false, CancellationToken.None);
        Assert.Equal(Interval / 4, _heartbeat.Step(_sender.LastSent + Interval));
        Assert.Equal(0, _sent);
        await _sender.SendFrameAsync(new byte[1], null, SocketMessageType.Binary, isFinal: true, CancellationToken.None);
        await _transport.Writer.DrainAsync(CancellationToken.None);
        Assert.Equal(Interval, _heartbeat.Step(_sender.LastSent + Interval));
        Assert.Equal(1, _sent);
    }

    [Fact]
    public void Behind_what_the_peer_does_not_take_there_is_none()
    {
        _network.Hold();
        _transport.Writer.SendData(FrameOpcode.Binary, isFinal: true, default);
        Assert.Equal(Interval / 4, _heartbeat.Step(_sender.LastSent + Interval));
        Assert.Equal(0, _sent);
        Assert.Equal(0, _sender.Messages);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task The_shortest_interval_is_a_millisecond_and_the_timer_goes_on()
    {
        using Heartbeat heartbeat = Create(TimeSpan.Zero);
        Assert.Equal(1, heartbeat.Step(_sender.LastSent));
        heartbeat.Start();
        await _sentTwice.Task.WaitAsync(TestContext.Current.CancellationToken);
    }

    // What leaves a timer ends the process.
    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Nothing_leaves_the_timer_and_it_goes_on()
    {
        bool hasThrown = false;
        using Heartbeat heartbeat = new(_sender, "beat"u8.ToArray(), SocketMessageType.Utf8, TimeSpan.Zero, () =>
        {
            if (!hasThrown)
            {
                hasThrown = true;
                throw new InsufficientMemoryException();
            }

            OnSent();
        });
        heartbeat.Start();
        await _sentTwice.Task.WaitAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public void A_connection_that_broke_has_none()
    {
        _transport.Writer.Break(new IOException("x"));
        Assert.Throws<IOException>(() => _heartbeat.Step(_sender.LastSent + Interval));
        Assert.Equal(0, _sent);
    }

    private Heartbeat Create(TimeSpan interval) =>
        new(_sender, "beat"u8.ToArray(), SocketMessageType.Utf8, interval, OnSent);

    private void OnSent()
    {
        if (Interlocked.Increment(ref _sent) == 2)
        {
            _sentTwice.SetResult();
        }
    }
}
