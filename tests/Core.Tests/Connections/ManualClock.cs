using System.Threading.Channels;

namespace MessageWebSockets.Tests.Connections;

/// <summary>A clock that the test moves on, from one wait to the next.</summary>
internal sealed class ManualClock : TimeProvider
{
    private readonly Channel<Wait> _waits = Channel.CreateUnbounded<Wait>();
    private long _now = 1000;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Volatile.Read(ref _now);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Wait wait = new(callback, state, dueTime);
        _waits.Writer.TryWrite(wait);
        return wait;
    }

    /// <summary>Waits until somebody waits for a time, and lets it pass.</summary>
    /// <param name="meanwhile">Done before it has passed.</param>
    /// <returns>The time.</returns>
    public async Task<TimeSpan> PassWaitAsync(Action? meanwhile = null)
    {
        Wait wait = await _waits.Reader.ReadAsync();
        meanwhile?.Invoke();
        Interlocked.Add(ref _now, wait.Time.Ticks);
        wait.Fire();
        return wait.Time;
    }

    private sealed class Wait(TimerCallback callback, object? state, TimeSpan time) : ITimer
    {
        public TimeSpan Time => time;

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => default;
    }
}
