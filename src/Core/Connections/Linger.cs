namespace MessageWebSockets.Connections;

/// <summary>
/// How long the end of a connection, or of the process, waits for what was sent: for as long as the peer takes something of it. A peer
/// that takes nothing must not hold anybody up; one that is only slow gets what was accepted for it, within reason.
/// </summary>
internal static class Linger
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    /// <summary>Waits for a task.</summary>
    /// <param name="task">What is waited for; an exception of it is not reported.</param>
    /// <param name="writer">What the peer takes from.</param>
    /// <param name="stall">How long it may take nothing.</param>
    /// <param name="clock">Tells the time; null for that of the system.</param>
    /// <returns>Whether the task ended in time and without an exception.</returns>
    public static async Task<bool> WhileTakenAsync(Task task, FrameWriter writer, TimeSpan stall, TimeProvider? clock = null)
    {
        TimeProvider time = clock ?? TimeProvider.System;
        long began = time.GetTimestamp();
        long before;
        do
        {
            before = writer.Network.BytesSent;
            await Task.WhenAny(task, Task.Delay(stall, time)).ConfigureAwait(false);
        }
        while (!task.IsCompleted && writer.Network.BytesSent > before && time.GetElapsedTime(began) < Longest);

        // Whatever it ends in later is observed.
        _ = task.ContinueWith(static ended => ended.Exception, TaskScheduler.Default);
        return task.IsCompletedSuccessfully;
    }
}
