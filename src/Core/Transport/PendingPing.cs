namespace MessageWebSockets;

/// <summary>A ping on its way, until its pong arrives or the connection ends.</summary>
internal sealed class PendingPing
{
    private readonly TaskCompletionSource<TimeSpan> _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>When it was sent, in ticks of <see cref="System.Diagnostics.Stopwatch"/>.</summary>
    public long Sent { get; set; }

    public Task<TimeSpan> Task => _answered.Task;

    public void TrySetResult(TimeSpan roundTrip) => _answered.TrySetResult(roundTrip);

    // Cancelled and not faulted: a keep-alive ping has nobody who would observe a fault.
    public void TrySetBroken() => _answered.TrySetCanceled();
}
