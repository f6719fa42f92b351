namespace MessageWebSockets.Connections;

/// <summary>
/// How long the end of a connection, or of the process, waits for the peer: for as long as it takes something of what was sent. A peer
/// that takes nothing must not hold anybody up; one that is only slow gets what was accepted for it.
/// </summary>
internal static class Linger
{
    // How often it is looked, in the time that the peer may take nothing.
    private const int LooksPerStall = 4;

    // What nobody waits for, or could end, lasts no longer than this, however little a peer takes at a time.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    /// <summary>Waits for a task, for half a minute at most.</summary>
    /// <param name="task">What is waited for; an exception of it is not reported.</param>
    /// <param name="transport">What the peer takes from.</param>
    /// <param name="stall">How long it may take nothing.</param>
    /// <param name="clock">Tells the time.</param>
    /// <returns>Whether the task ended in time and without an exception.</returns>
    public static Task<bool> WhileTakenAsync(Task task, FrameStream transport, TimeSpan stall, TimeProvider clock) =>
        WaitAsync(task, transport, stall, Longest, clock, CancellationToken.None);

    /// <summary>As the other, for who waits for it and can end the wait.</summary>
    /// <inheritdoc cref="WhileTakenAsync(Task, FrameStream, TimeSpan, TimeProvider)"/>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    public static Task<bool> WhileTakenAsync(
        Task task, FrameStream transport, TimeSpan stall, TimeProvider clock, CancellationToken cancellationToken) =>
        WaitAsync(task, transport, stall, TimeSpan.MaxValue, clock, cancellationToken);

    private static async Task<bool> WaitAsync(
        Task task, FrameStream transport, TimeSpan stall, TimeSpan longest, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (!task.IsCompleted)
        {
            TakenWatch watch = new(transport, isBounded: longest == Longest);
            long began = clock.GetTimestamp();
            long lastTaken = began;
            TimeSpan left = stall;
            while (left > TimeSpan.Zero && clock.GetElapsedTime(began) < longest)
            {
                TimeSpan look = Milliseconds(TimeSpan.FromTicks(Math.Min(left.Ticks, stall.Ticks / LooksPerStall)));
                await task.WaitAsync(look, clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (task.IsCompleted)
                {
                    break;
                }

                cancellationToken.ThrowIfCancellationRequested();
                lastTaken = watch.HasTaken() ? clock.GetTimestamp() : lastTaken;
                left = stall - clock.GetElapsedTime(lastTaken);
            }
        }

        // Whatever it ends in later is observed.
        _ = task.ContinueWith(static ended => ended.Exception, TaskScheduler.Default);
        return task.IsCompletedSuccessfully;
    }

    // Whole ones, as a timer has nothing shorter and would come too soon.
    private static TimeSpan Milliseconds(TimeSpan time) => TimeSpan.FromMilliseconds(Math.Ceiling(time.TotalMilliseconds));
}
