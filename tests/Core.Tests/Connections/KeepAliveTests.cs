using System.Diagnostics;
using System.Runtime.CompilerServices;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Connections;

/// <summary>What is due when, and when a peer counts as vanished. The times are given, far apart from those of the network.</summary>
public sealed class KeepAliveTests : IDisposable
{
    private const long Interval = 100_000;
    private const long Timeout = 40_000;

    private readonly MemoryNetwork _network = new();
    private readonly FrameStream _transport;
    private readonly byte[] _buffer = new byte[100];
    private readonly long _begin;
    private Task<int> _reading;
    private PeerProgress? _progress;

    public KeepAliveTests()
    {
        _transport = new FrameStream(_network, new FrameTraces());
        _reading = ReadAsync();

        // Ahead of whatever the network notes.
        _begin = Environment.TickCount64 + 1_000_000;
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private IEnumerable<WireOpcode> Sent => _network.Frames.Select(frame => frame.Opcode);

    public void Dispose()
    {
        _transport.Dispose();

        // What it ends in is nobody's.
        _ = _reading.ContinueWith(static ended => ended.Exception, TaskScheduler.Default);
    }

    [Fact]
    public void Without_a_timeout_it_sends_a_pong_each_interval()
    {
        using KeepAlive keepAlive = Create(timeout: 0);
        Assert.Equal(1, Step(keepAlive, _begin + Interval - 1));
        Assert.Empty(Sent);
        Assert.Equal(Interval, Step(keepAlive, _begin + Interval));
        Assert.Equal(Interval - 5, Step(keepAlive, _begin + Interval + 5));
        Assert.Equal([WireOpcode.Pong], Sent);
        Assert.Equal(Interval, Step(keepAlive, _begin + (10 * Interval)));
        Assert.Equal([WireOpcode.Pong, WireOpcode.Pong], Sent);
    }

    [Fact]
    public void A_silent_peer_is_pinged_after_an_interval_and_given_up_after_the_timeout()
    {
        using KeepAlive keepAlive = Create();
        long pinged = _begin + Interval;
        Assert.Equal(1, Step(keepAlive, pinged - 1));
        Assert.Empty(Sent);
        Assert.Equal(Timeout, Step(keepAlive, pinged));
        Assert.Equal([WireOpcode.Ping], Sent);
        Assert.Equal(1, Step(keepAlive, pinged + Timeout - 1));
        Assert.Null(Step(keepAlive, pinged + Timeout));
        Assert.Equal([WireOpcode.Ping], Sent);
    }

    // A process that was stopped has not looked, and has not read what came meanwhile.
    [Fact]
    public void The_time_by_which_a_look_comes_too_late_is_not_the_peers()
    {
        const long Pause = Timeout;
        using KeepAlive keepAlive = Create();
        long pinged = _begin + Interval;
        keepAlive.NoteLate(Pause);
        Assert.Equal(Timeout, Step(keepAlive, pinged));
        keepAlive.NoteLate(Pause);
        keepAlive.NoteLate(-1);
        Assert.Equal(Timeout - 1, Step(keepAlive, pinged + Pause + 1));
        Assert.Null(Step(keepAlive, pinged + Pause + Timeout));
        Assert.Equal([WireOpcode.Ping], Sent);
    }

    [Fact]
    public void A_timeout_longer_than_the_interval_runs_from_the_first_ping()
    {
        using KeepAlive keepAlive = Create(timeout: (long)(2.5 * Interval));
        long pinged = _begin + Interval;
        Assert.Equal(Interval, Step(keepAlive, pinged));
        Assert.Equal(Interval, Step(keepAlive, pinged + Interval));
        Assert.Equal(Interval / 2, Step(keepAlive, pinged + (2 * Interval)));
        Assert.Equal([WireOpcode.Ping, WireOpcode.Ping, WireOpcode.Ping], Sent);
        Assert.Null(Step(keepAlive, pinged + (5 * Interval / 2)));
    }

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData(10)]
    [InlineData(11)]
    public async Task Any_byte_ends_the_clock_of_a_ping(int bytes)
    {
        using KeepAlive keepAlive = Create();
        long pinged = _begin + Interval;
        Step(keepAlive, pinged);
        await BringAsync(bytes);

        Assert.Equal(Interval - Timeout, Step(keepAlive, pinged + Timeout));
        Assert.Equal(1, Step(keepAlive, pinged + Interval - 1));
        Assert.Single(Sent);
        Assert.Equal(Timeout, Step(keepAlive, pinged + Interval));
        Assert.Equal([WireOpcode.Ping, WireOpcode.Ping], Sent);
        Assert.Null(Step(keepAlive, pinged + Interval + Timeout));
    }

    [Fact]
    public void What_came_before_the_first_ping_puts_it_off_and_a_pong_goes_out_instead()
    {
        long heard = _transport.Received.LastReceived;
        using KeepAlive keepAlive = Create(begin: heard - (2 * Interval));
        Assert.Equal(Interval, Step(keepAlive, heard - Interval));
        Assert.Equal([WireOpcode.Pong], Sent);
        Assert.Equal(Timeout, Step(keepAlive, heard + Interval));
        Assert.Equal([WireOpcode.Pong, WireOpcode.Ping], Sent);
    }

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData(10, WireOpcode.Ping)]
    [InlineData(11, WireOpcode.Pong)]
    public async Task The_answer_to_a_ping_does_not_put_the_next_one_off_and_more_does(int bytes, WireOpcode next)
    {
        long heard = _transport.Received.LastReceived;
        using KeepAlive keepAlive = Create(begin: heard - Interval, interval: 1);
        Step(keepAlive, heard + 1);
        await _transport.Writer.DrainAsync(Token);
        Assert.Equal([WireOpcode.Ping], Sent);
        Assert.True(SpinWait.SpinUntil(() => Environment.TickCount64 > heard + 2, TimeSpan.FromSeconds(20)));
        await BringAsync(bytes);

        Step(keepAlive, _transport.Received.LastReceived);

        await _transport.Writer.DrainAsync(Token);
        Assert.Equal([WireOpcode.Ping, next], Sent);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task While_nothing_is_read_no_ping_goes_out_and_no_silence_counts()
    {
        using KeepAlive keepAlive = Create();
        long pinged = _begin + Interval;
        Step(keepAlive, pinged);
        await _network.BringAsync(new byte[100]);
        Assert.Equal(100, await _reading);

        // What it was given ended the clock; the second ping starts it again, and then nothing is read.
        _reading = ReadAsync();
        Step(keepAlive, pinged + Interval);
        Assert.Equal([WireOpcode.Ping, WireOpcode.Ping], Sent);
        await _network.BringAsync(new byte[1]);
        await _reading;
        Assert.Equal(Interval, Step(keepAlive, pinged + (2 * Interval)));
        Assert.Equal([WireOpcode.Ping, WireOpcode.Ping, WireOpcode.Pong], Sent);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_ping_that_cannot_leave_has_none_behind_it_and_its_clock_runs_while_the_network_waits()
    {
        _network.Hold();
        using KeepAlive keepAlive = Create();
        long pinged = _begin + Interval;
        Assert.Equal(Timeout, Step(keepAlive, pinged));
        Assert.NotEqual(0, _transport.Writer.Network.WaitingSince);
        Assert.Empty(Sent);
        Assert.Null(Step(keepAlive, pinged + Timeout));

        _network.LetGo();
        await _transport.Writer.DrainAsync(Token);
        Assert.Equal([WireOpcode.Ping], Sent);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task The_clock_starts_anew_with_what_the_network_had_to_wait_for()
    {
        // Before all that the network notes.
        long heard = _transport.Received.LastReceived;
        using KeepAlive keepAlive = Create(begin: heard - Interval, interval: 1, timeout: Timeout);
        Step(keepAlive, heard + 1);
        await _transport.Writer.DrainAsync(Token);
        Assert.Equal([WireOpcode.Ping], Sent);

        _network.Hold();
        _transport.Writer.SendData(FrameOpcode.Binary, isFinal: true, default);
        Assert.True(SpinWait.SpinUntil(() => Environment.TickCount64 > heard + 20, TimeSpan.FromSeconds(20)));
        _network.LetGo();
        await _transport.Writer.DrainAsync(Token);
        long accepted = _transport.Writer.Network.LastAccepted;

        Assert.NotNull(Step(keepAlive, accepted + Timeout - 1));
        Assert.Null(Step(keepAlive, accepted + Timeout));
    }

    [Theory]
    [InlineData(false, 10, 0, 11, 0, false)]
    [InlineData(true, 10, 0, 11, 0, true)]
    [InlineData(true, 10, 0, 10, 0, false)]
    [InlineData(false, 10, 5, 10, 6, true)]
    [InlineData(false, 10, 5, 10, 5, false)]
    public void What_the_peer_takes_is_a_sign_of_life(
        bool isWaiting, ulong taken, uint window, ulong takenThen, uint windowThen, bool lives)
    {
        using KeepAlive keepAlive = Create(isAsked: true);
        long pinged = _begin + Interval;
        _progress = new PeerProgress(taken, window, isWaiting);
        Assert.Equal(Timeout / 4, Step(keepAlive, pinged));
        Assert.Equal(Timeout / 4, Step(keepAlive, pinged + (Timeout / 4)));
        _progress = new PeerProgress(takenThen, windowThen, false);
        Assert.Equal(Timeout / 4, Step(keepAlive, pinged + (Timeout / 2)));
        Assert.Equal(lives ? Timeout / 4 : null, Step(keepAlive, pinged + Timeout));
        if (lives)
        {
            Assert.Equal(1, Step(keepAlive, pinged + (3 * Timeout / 2) - 1));
            Assert.Null(Step(keepAlive, pinged + (3 * Timeout / 2)));
        }
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task The_peer_that_vanished_is_told_once_by_the_timer()
    {
        TaskCompletionSource vanished = new();
        TimeSpan shortest = TimeSpan.FromMicroseconds(1);
        using KeepAlive keepAlive = new(_transport.Received, _transport.Writer, null, shortest, shortest, vanished.SetResult);
        keepAlive.Start();
        await vanished.Task.WaitAsync(Token);
        Assert.NotEmpty(Sent);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public void A_timer_that_goes_on_tells_nothing()
    {
        int told = 0;
        using KeepAlive keepAlive = new(
            _transport.Received, _transport.Writer, null, TimeSpan.FromMicroseconds(1), TimeSpan.Zero, () => told++);
        keepAlive.Start();
        Assert.True(SpinWait.SpinUntil(() => Sent.Count() > 1, TimeSpan.FromSeconds(20)));
        Assert.Equal(0, told);
    }

    // What leaves a timer ends the process.
    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Nothing_leaves_the_timer_and_it_goes_on()
    {
        TaskCompletionSource vanished = new();
        TimeSpan shortest = TimeSpan.FromMicroseconds(1);
        int looks = 0;
        using KeepAlive keepAlive = new(
            _transport.Received,
            _transport.Writer,
            () => ++looks == 1 ? throw new InsufficientMemoryException() : (PeerProgress?)null,
            shortest,
            shortest,
            vanished.SetResult);
        keepAlive.Start();
        await vanished.Task.WaitAsync(Token);
        Assert.InRange(looks, 2, int.MaxValue);
    }

    [Fact]
    public void A_connection_that_broke_ends_it()
    {
        using KeepAlive keepAlive = Create();
        _transport.Writer.Break(new IOException("x"));
        Assert.Throws<IOException>(() => Step(keepAlive, _begin + Interval));

        // By its timer it ends without a word.
        using KeepAlive due = Create(begin: 1);
        Tick(due);
    }

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "Tick")]
    private static extern void Tick(KeepAlive keepAlive);

    private KeepAlive Create(long timeout = Timeout, long? begin = null, long interval = Interval, bool isAsked = false)
    {
        KeepAlive keepAlive = new(
            _transport.Received,
            _transport.Writer,
            isAsked ? () => _progress : null,
            TimeSpan.FromMilliseconds(interval),
            TimeSpan.FromMilliseconds(timeout),
            () => Assert.Fail("Only the timer tells."));
        keepAlive.Begin(begin ?? _begin);
        return keepAlive;
    }

    // Apart from the last write, so that this one is no part of a burst, which the pool would write later.
    private static long? Step(KeepAlive keepAlive, long now)
    {
        long began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < TimeSpan.FromMicroseconds(100))
        {
            Thread.SpinWait(10);
        }

        return keepAlive.Step(now);
    }

    private async Task BringAsync(int count)
    {
        await _network.BringAsync(new byte[count]);
        Assert.Equal(count, await _reading);
        _reading = ReadAsync();
    }

    private Task<int> ReadAsync() => _transport.Received.ReadAsync(_buffer, CancellationToken.None).AsTask();
}
