namespace MessageWebSockets.PowerShell.Messages;

/// <summary>
/// How long a command may wait for one piece of its work, however many waits that takes: for the network, and for connections that are
/// made anew. Times in between, as that until a pipeline brings the next object, do not count. For the pipeline thread.
/// </summary>
/// <param name="limit">The time; infinite for no limit.</param>
/// <param name="time">Measures it.</param>
/// <param name="stop">Cancelled when nothing is waited for any more.</param>
internal sealed class WaitBudget(TimeSpan limit, TimeProvider time, CancellationToken stop) : IDisposable
{
    private TimeSpan _used;
    private bool _hasBegun;
    private CancellationTokenSource? _over;

    /// <summary>The time for each piece of work, as the user said it.</summary>
    public TimeSpan Limit => limit;

    /// <summary>What is left of it; infinite for no limit.</summary>
    public TimeSpan Left => limit == Timeout.InfiniteTimeSpan ? limit : limit > _used ? limit - _used : TimeSpan.Zero;

    /// <summary>
    /// For what is waited for in <see cref="Spend(Action)"/>: cancelled when the time is over. What is not waited for costs no timer.
    /// </summary>
    public CancellationToken Token
    {
        get
        {
            if (_over is null || _over.IsCancellationRequested)
            {
                _over?.Dispose();
                _over = CancellationTokenSource.CreateLinkedTokenSource(stop);
            }

            return _over.Token;
        }
    }

    /// <summary>A piece of work begins, and has all of the time; the first one together with what was waited for before it.</summary>
    public void Begin()
    {
        if (_hasBegun)
        {
            Restart();
        }

        _hasBegun = true;
    }

    /// <summary>The work goes forward, and has all of the time again.</summary>
    public void Restart() => _used = TimeSpan.Zero;

    /// <summary>Waits, and takes the time that it took from what is left.</summary>
    public T Spend<T>(Func<TimeSpan, T> wait)
    {
        long began = time.GetTimestamp();
        try
        {
            return wait(Left);
        }
        finally
        {
            _used += time.GetElapsedTime(began);
        }
    }

    /// <summary>Waits for what <see cref="Token"/> ends, and takes the time that it took from what is left.</summary>
    public void Spend(Action wait) => Spend(left =>
    {
        CancellationTokenSource? over = left == Timeout.InfiniteTimeSpan ? null : _over;
        over?.CancelAfter(left);
        try
        {
            wait();
            return true;
        }
        finally
        {
            over?.CancelAfter(Timeout.InfiniteTimeSpan);
        }
    });

    public void Dispose() => _over?.Dispose();
}
