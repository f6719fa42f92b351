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
    /// <returns>Whether the task ended in time and without an exception.</returns>
    public static async Task<bool> WhileTakenAsync(Task task, FrameWriter writer, TimeSpan stall)
    {
        long began = Environment.TickCount64;
        long before;
        do
        {
            before = writer.Network.BytesSent;
            await Task.WhenAny(task, Task.Delay(stall)).ConfigureAwait(false);
        }
        while (!task.IsCompleted && writer.Network.BytesSent > before && Environment.TickCount64 - began < Longest.TotalMilliseconds);

        // Whatever it ends in later is observed.
        _ = task.ContinueWith(static ended => ended.Exception, TaskScheduler.Default);
        return task.IsCompletedSuccessfully;
    }
}
