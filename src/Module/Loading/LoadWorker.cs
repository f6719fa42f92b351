using System.Diagnostics;
using System.Threading.Channels;

namespace MessageWebSockets.PowerShell.Loading;

/// <summary>
/// One connection of a load. What it has to do is due at times that the clock, or the last answer, says; it does one after the
/// other, and what is due while it cannot go on waits, with its time running.
/// </summary>
/// <remarks>Thread-safe.</remarks>
internal abstract class LoadWorker(LoadContext context)
{
    // A connection that is never held up must leave the threads to the others now and then.
    private const int TurnLength = 64;

    // The one who says that something is due also does it: a wake-up of another thread would be counted as the server's time.
    private readonly Channel<long> _due = Channel.CreateUnbounded<long>(
        new UnboundedChannelOptions { SingleReader = true, AllowSynchronousContinuations = true });

    private Task _serving = Task.CompletedTask;

    protected LoadContext Context => context;

    protected LoadPlan Plan => context.Plan;

    /// <summary>Whether its connection is open.</summary>
    public abstract bool IsOpen { get; }

    /// <summary>How many answers it waits for.</summary>
    public abstract int Unanswered { get; }

    /// <summary>Opens the connection; a failure is counted.</summary>
    public abstract Task OpenAsync(CancellationToken cancellationToken);

    /// <summary>Begins; without a rate the first message is due at once.</summary>
    public void Begin()
    {
        _serving = ServeAsync();
        if (Plan.RatePerConnection is null && Plan.Mode != WsLoadMode.Receive)
        {
            Due(Stopwatch.GetTimestamp());
        }
    }

    /// <summary>Says that the next message is due.</summary>
    /// <param name="time">When, in ticks of the stopwatch.</param>
    public void Due(long time) => _due.Writer.TryWrite(time);

    /// <summary>Does nothing more, once <see cref="LoadContext.Stop"/> is cancelled.</summary>
    /// <returns>How many messages were due and were not sent.</returns>
    public async Task<int> StopAsync()
    {
        _due.Writer.TryComplete();
        await _serving.ConfigureAwait(false);
        int left = 0;
        while (_due.Reader.TryRead(out _))
        {
            left++;
        }

        return Plan.RatePerConnection is null ? 0 : left;
    }

    /// <summary>Closes the connection, for so long at most.</summary>
    public abstract Task CloseAsync(TimeSpan limit);

    /// <summary>Does what was due at a time.</summary>
    /// <exception cref="OperationCanceledException">The load is over.</exception>
    protected abstract ValueTask DoAsync(long due);

    /// <summary>Has the next message due after the think time, where the answer to the last one decides.</summary>
    protected void DueAfterAnswer()
    {
        if (Plan.RatePerConnection is not null)
        {
            return;
        }

        if (Plan.ThinkTime == TimeSpan.Zero)
        {
            Due(Stopwatch.GetTimestamp());
            return;
        }

        _ = Task.Delay(Plan.ThinkTime, context.Stop).ContinueWith(
            _ => Due(Stopwatch.GetTimestamp()),
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnRanToCompletion,
            TaskScheduler.Default);
    }

    protected static long Microseconds(long since) => (long)Stopwatch.GetElapsedTime(since).TotalMicroseconds;

    private async Task ServeAsync()
    {
        try
        {
            for (int done = 1; ; done++)
            {
                long due = await _due.Reader.ReadAsync(context.Stop).ConfigureAwait(false);
                await DoAsync(due).ConfigureAwait(false);
                if (done % TurnLength == 0)
                {
                    await Task.Yield();
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ChannelClosedException)
        {
            // The load, or the connection, is over.
        }
    }
}
