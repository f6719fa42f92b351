namespace MessageWebSockets.Server;

/// <summary>
/// Knows how long a client has been silent: nothing came from it, it took nothing, and no message of it is being worked on; and for how
/// long it has taken nothing.
/// </summary>
/// <remarks>Thread-safe.</remarks>
/// <param name="askProgress">Tells what the client's system has taken; null where there is nothing to ask.</param>
internal sealed class ActivityClock(Func<PeerProgress?>? askProgress = null)
{
    private readonly Lock _looking = new();
    private PeerProgress? _progress;
    private long _lastReceived = Environment.TickCount64;
    private long _lastTaken = Environment.TickCount64;
    private int _works;

    /// <summary>For how long the client has taken nothing, since it began to be waited for.</summary>
    public TimeSpan Stall => Since(Volatile.Read(ref _lastTaken));

    /// <summary>Bytes came from the client.</summary>
    public void Received() => Volatile.Write(ref _lastReceived, Environment.TickCount64);

    /// <summary>The client took bytes, or begins to be waited for.</summary>
    public void Taken() => Volatile.Write(ref _lastTaken, Environment.TickCount64);

    /// <summary>
    /// Looks whether the client has taken something since the last look. This system accepts for it more than a slow client takes in any
    /// of the times here, and says nothing of it by itself.
    /// </summary>
    public void Look()
    {
        lock (_looking)
        {
            PeerProgress? now = askProgress?.Invoke();
            if (now is { } progress && _progress is { } before)
            {
                if (progress.IsBeyond(before))
                {
                    Taken();
                }

                now = progress.Behind(before);
            }

            _progress = now;
        }
    }

    /// <summary>A message of the client is being worked on; it has reason to wait.</summary>
    public void BeginWork() => Interlocked.Increment(ref _works);

    /// <summary>Ends what <see cref="BeginWork"/> began.</summary>
    public void EndWork()
    {
        Taken();
        Interlocked.Decrement(ref _works);
    }

    /// <summary>How long the client has been silent.</summary>
    /// <param name="isWaitedFor">Whether something waits to be taken by the client: then it is the client that the work waits for.</param>
    public TimeSpan Silence(bool isWaitedFor) => Volatile.Read(ref _works) > 0 && !isWaitedFor
        ? TimeSpan.Zero
        : Since(Math.Max(Volatile.Read(ref _lastReceived), Volatile.Read(ref _lastTaken)));

    private static TimeSpan Since(long ticks) => TimeSpan.FromMilliseconds(Environment.TickCount64 - ticks);
}
