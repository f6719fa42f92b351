using MessageWebSockets.Tests.Loopback;
using Xunit;

namespace MessageWebSockets.Tests.Connections;

/// <summary>How long an end waits for a peer that is slow, and for one that takes nothing.</summary>
public sealed class LingerTests : IDisposable
{
    private static readonly TimeSpan s_stall = TimeSpan.FromSeconds(4);

    // It is looked four times in that time.
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);

    private readonly FrameStream _transport;
    private readonly ManualClock _clock = new();
    private readonly TaskCompletionSource _task = new();
    private PeerProgress? _progress;

    public LingerTests() => _transport = new FrameStream(new MemoryNetwork(), new FrameTraces()) { Progress = () => _progress };

    public void Dispose() => _transport.Dispose();

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_peer_that_takes_nothing_has_one_stall()
    {
        Task<bool> linger = WaitAsync();
        await PassLooksAsync(linger, 3);
        Assert.Equal(s_look, await _clock.PassWaitAsync());
        Assert.False(await linger);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task What_a_peer_took_before_gives_it_no_more_time()
    {
        Take();
        Task<bool> linger = WaitAsync();
        await PassLooksAsync(linger, 3);
        await _clock.PassWaitAsync();
        Assert.False(await linger);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_peer_that_takes_something_has_another_stall_from_then_on()
    {
        Task<bool> linger = WaitAsync();
        await PassLooksAsync(linger, 1);
        await _clock.PassWaitAsync(Take);
        await PassLooksAsync(linger, 3);
        await _clock.PassWaitAsync();
        Assert.False(await linger);
    }

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData(true, 11, 5, true)]
    [InlineData(false, 11, 5, false)]
    [InlineData(true, 10, 5, false)]
    [InlineData(false, 10, 6, true)]
    public async Task What_the_system_of_the_peer_acknowledges_and_the_peer_reads_is_taken(
        bool isWaiting, ulong taken, uint window, bool goesOn)
    {
        _progress = new PeerProgress(10, 5, isWaiting);
        Task<bool> linger = WaitAsync();
        await PassLooksAsync(linger, 3);
        await _clock.PassWaitAsync(() => _progress = new PeerProgress(taken, window, false));
        if (goesOn)
        {
            await PassLooksAsync(linger, 3);

            // Where the system tells no more, what it told before is no progress.
            await _clock.PassWaitAsync(() => _progress = null);
        }

        Assert.False(await linger);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_peer_that_moves_its_window_up_and_down_has_one_more_stall()
    {
        _progress = new PeerProgress(1000, 5, IsWaiting: true);
        Task<bool> linger = Linger.WhileTakenAsync(_task.Task, _transport, s_stall, _clock, CancellationToken.None);
        uint window = 5;
        await PassLooksAsync(linger, 4, () => _progress = new PeerProgress(1000, window = 14 - window, IsWaiting: true));
        await _clock.PassWaitAsync();
        Assert.False(await linger);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task It_lasts_half_a_minute_where_nobody_waits_and_any_time_where_somebody_can_end_it()
    {
        using CancellationTokenSource cancel = new();
        Task<bool> linger = WaitAsync();
        await PassLooksAsync(linger, 29, Take);
        await _clock.PassWaitAsync(Take);
        Assert.False(await linger);

        // 30 s to the millisecond are over.
        linger = Linger.WhileTakenAsync(_task.Task, _transport, TimeSpan.FromSeconds(30), _clock);
        await PassLooksAsync(linger, 3, Take);
        await _clock.PassWaitAsync(Take);
        Assert.False(await linger);

        linger = Linger.WhileTakenAsync(_task.Task, _transport, s_stall, _clock, cancel.Token);
        await PassLooksAsync(linger, 31, Take);
        await cancel.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => linger);
    }

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData(10, false)]
    [InlineData(13, true)]
    public async Task The_end_of_the_process_waits_until_the_system_of_the_peer_has_what_was_sent_by_then(uint last, bool goesOn)
    {
        TaskCompletionSource asked = new();
        int asks = 0;
        bool isWaiting = true;
        ulong acknowledged = 10;
        FrameStream transport = new(new MemoryNetwork(), new FrameTraces())
        {
            Progress = () =>
            {
                // The first to ask is the constructor.
                if (++asks == 3)
                {
                    asked.SetResult();
                }

                return new PeerProgress(Volatile.Read(ref acknowledged), 5, Volatile.Read(ref isWaiting)) { Outstanding = 3 };
            },
        };
        Task reached = ExitFlush.ReachPeerAsync(transport);
        await asked.Task;
        Assert.False(reached.IsCompleted);
        Volatile.Write(ref isWaiting, goesOn);
        Volatile.Write(ref acknowledged, last);
        await reached;
        transport.Dispose();

        // Where the system does not tell, it is enough that it has accepted everything.
        await ExitFlush.ReachPeerAsync(_transport);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task It_is_over_with_the_task()
    {
        Task<bool> linger = WaitAsync();
        await _clock.PassWaitAsync(Take);
        Assert.False(linger.IsCompleted);
        _task.SetResult();
        Assert.True(await linger);
        Assert.True(await WaitAsync());
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_task_that_fails_is_not_done_and_not_reported()
    {
        Task<bool> linger = WaitAsync();
        _task.SetException(new IOException("x"));
        Assert.False(await linger);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task It_goes_on_outside_of_the_context_of_its_caller()
    {
        Task posted = Task.CompletedTask;
        int posts = await ForeignContext.CountPostsAsync(() =>
        {
            posted = WaitAsync();
            _task.SetResult();
            return posted;
        });
        Assert.Equal(0, posts);

        MemoryNetwork network = new();
        await using FrameStream held = new(network, new FrameTraces());
        network.Hold();
        held.Writer.SendUnsolicitedPong();
        posts = await ForeignContext.CountPostsAsync(() =>
        {
            Task reached = ExitFlush.ReachPeerAsync(held);
            Assert.False(reached.IsCompleted);
            network.LetGo();
            return reached;
        });
        Assert.Equal(0, posts);
    }

    private Task<bool> WaitAsync() => Linger.WhileTakenAsync(_task.Task, _transport, s_stall, _clock);

    private async Task PassLooksAsync(Task linger, int count, Action? meanwhile = null)
    {
        for (int i = 0; i < count; i++)
        {
            await _clock.PassWaitAsync(meanwhile);
            Assert.False(linger.IsCompleted);
        }
    }

    // Taken at once: the network is memory.
    private void Take()
    {
        long before = _transport.Writer.Network.BytesSent;
        _transport.Writer.SendData(FrameOpcode.Binary, isFinal: true, default);
        Assert.True(SpinWait.SpinUntil(() => _transport.Writer.Network.BytesSent > before, TimeSpan.FromSeconds(20)));
    }
}
