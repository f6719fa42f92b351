namespace MessageWebSockets.Framing;

/// <summary>A ping on its way, until its pong arrives or the connection ends.</summary>
internal sealed class PendingPing(ulong id)
{
    private readonly TaskCompletionSource<TimeSpan> _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _written;

    /// <summary>Its payload, as a number.</summary>
    public ulong Id => id;

    /// <summary>Where it ends among all bytes that were accepted for sending; <see cref="long.MaxValue"/> before it was accepted.</summary>
    public long End { get; set; } = long.MaxValue;

    /// <summary>When the write that ended it began, in ticks of <see cref="System.Diagnostics.Stopwatch"/>; 0 before.</summary>
    public long Sent { get; set; }

    /// <summary>When it was with the network, in milliseconds of <see cref="Environment.TickCount64"/>; 0 before.</summary>
    public long Written
    {
        get => Volatile.Read(ref _written);
        set => Volatile.Write(ref _written, value);
    }

    public Task<TimeSpan> Task => _answered.Task;

    public void TrySetResult(TimeSpan roundTrip) => _answered.TrySetResult(roundTrip);

    // Cancelled and not faulted: a keep-alive ping has nobody who would observe a fault.
    public void TrySetBroken() => _answered.TrySetCanceled();
}
