using System.Diagnostics;

namespace MessageWebSockets.Bench;

/// <summary>
/// Work that is done a number of times, the number chosen so that one measurement takes about as long as asked on any machine.
/// Gives <see cref="Rate"/> and <see cref="ProcessorTime"/>.
/// </summary>
/// <param name="runAsync">Does the work that many times and tells how long it took.</param>
/// <param name="duration">How long a measurement should take.</param>
/// <param name="first">The first number to try.</param>
/// <param name="warmUp">How long the work is done before the first measurement; for work in this process.</param>
internal sealed class CalibratedLoop(
    Func<long, CancellationToken, Task<TimeSpan>> runAsync, TimeSpan duration, long first, TimeSpan warmUp)
{
    public static readonly Metric Rate = new("a second", Unit.PerSecond);

    /// <summary>
    /// What this process spent on each. On a machine with other work it is steadier than the rate; of a child process it says nothing.
    /// </summary>
    public static readonly Metric ProcessorTime = new("processor time each", Unit.Microseconds);

    private const int MaximumTries = 12;
    private const long MaximumCount = 100_000_000;
    private long _count = first;

    public static Side Side(
        string name,
        Func<long, CancellationToken, Task<TimeSpan>> runAsync,
        TimeSpan duration,
        long first = 1000,
        TimeSpan warmUp = default)
    {
        CalibratedLoop loop = new(runAsync, duration, first, warmUp);
        return new Side(name, loop.MeasureAsync) { PrepareAsync = loop.PrepareAsync };
    }

    private async Task PrepareAsync(CancellationToken cancellationToken)
    {
        Stopwatch clock = Stopwatch.StartNew();
        for (int tries = 0; tries < MaximumTries || clock.Elapsed < warmUp; tries++)
        {
            TimeSpan elapsed = await runAsync(_count, cancellationToken);
            bool wasLongEnough = elapsed > duration / 2;
            // Cold code is slow: no more than eight times as much at once, and once more at full length.
            double factor = Math.Clamp(duration / elapsed, 0.01, 8);
            _count = Math.Clamp((long)(_count * factor), 1, MaximumCount);
            if ((wasLongEnough || _count == MaximumCount) && clock.Elapsed >= warmUp)
            {
                break;
            }
        }
    }

    private async Task<double[]> MeasureAsync(CancellationToken cancellationToken)
    {
        TimeSpan before = Environment.CpuUsage.TotalTime;
        TimeSpan elapsed = await runAsync(_count, cancellationToken);
        return [_count / elapsed.TotalSeconds, (Environment.CpuUsage.TotalTime - before).TotalMicroseconds / _count];
    }
}
