namespace MessageWebSockets.Framing;

/// <summary>
/// The wait of a pump, in the middle of a long burst, for the burst to fill a write that is worth its system call. It is short, and
/// whoever has something that must not wait ends it.
/// </summary>
internal sealed class BurstWait : IDisposable
{
    /// <summary>The shortest wait of a timer.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1);

    private readonly TimeSpan _longest;
    private readonly Timer _timer;
    private TaskCompletionSource? _waiting;

    /// <param name="longest">How long it lasts when nobody ends it; <see cref="Timeout.InfiniteTimeSpan"/> for as long as that.</param>
    public BurstWait(TimeSpan longest)
    {
        _longest = longest;
        _timer = new Timer(static wait => ((BurstWait)wait!).End(), this, Timeout.Infinite, Timeout.Infinite);
    }

    /// <summary>Whether somebody waits.</summary>
    public bool IsOn => Volatile.Read(ref _waiting) is not null;

    /// <summary>Begins a wait; the task completes when it has lasted its time or at <see cref="End"/>.</summary>
    public Task WaitAsync()
    {
        TaskCompletionSource waiting = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _waiting, waiting);
        _timer.Change(_longest, Timeout.InfiniteTimeSpan);
        return waiting.Task;
    }

    /// <summary>Ends the wait, if there is one.</summary>
    public void End() => Interlocked.Exchange(ref _waiting, null)?.TrySetResult();

    public void Dispose()
    {
        _timer.Dispose();
        End();
    }
}
