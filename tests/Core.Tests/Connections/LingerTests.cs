using MessageWebSockets.Tests.Loopback;
using Xunit;

namespace MessageWebSockets.Tests.Connections;

/// <summary>How long an end waits for a peer that is slow, and for one that takes nothing.</summary>
public sealed class LingerTests : IDisposable
{
    private static readonly TimeSpan s_stall = TimeSpan.FromSeconds(4);

    private readonly FrameStream _transport = new(new MemoryNetwork(), new FrameTraces());
    private readonly ManualClock _clock = new();
    private readonly TaskCompletionSource _task = new();

    public void Dispose() => _transport.Dispose();

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_peer_that_takes_nothing_has_one_stall()
    {
        Task<bool> linger = WaitAsync();
        Assert.Equal(s_stall, await _clock.PassWaitAsync());
        Assert.False(await linger);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_peer_that_takes_something_has_another_stall_and_half_a_minute_in_all()
    {
        Task<bool> linger = WaitAsync();
        for (int i = 0; i < 7; i++)
        {
            await _clock.PassWaitAsync(Take);
            Assert.False(linger.IsCompleted);
        }

        await _clock.PassWaitAsync(Take);
        Assert.False(await linger);

        // 30 s to the millisecond are over.
        linger = Linger.WhileTakenAsync(_task.Task, _transport.Writer, TimeSpan.FromSeconds(30), _clock);
        await _clock.PassWaitAsync(Take);
        Assert.False(await linger);
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
    }

    private Task<bool> WaitAsync() => Linger.WhileTakenAsync(_task.Task, _transport.Writer, s_stall, _clock);

    // Taken at once: the network is memory.
    private void Take()
    {
        long before = _transport.Writer.Network.BytesSent;
        _transport.Writer.SendData(FrameOpcode.Binary, isFinal: true, default);
        Assert.True(SpinWait.SpinUntil(() => _transport.Writer.Network.BytesSent > before, TimeSpan.FromSeconds(20)));
    }
}
