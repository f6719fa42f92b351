using System.Diagnostics;

namespace MessageWebSockets.PowerShell.Loading;

/// <summary>Looks at a load once a second, and keeps what it saw.</summary>
internal sealed class LoadTimeline(LoadTally tally, ILatencyRecorder roundTrips, ILatencyHistogram total)
{
    private readonly List<WsLoadSecond> _seconds = [];
    private readonly Process _process = Process.GetCurrentProcess();
    private readonly long _started = Stopwatch.GetTimestamp();
    private long _lastLook = Stopwatch.GetTimestamp();
    private TimeSpan _processorTime;
    private bool _isCounted;
    private WsLoadSecond _before = new();

    /// <summary>What was seen, a row a second.</summary>
    public IReadOnlyList<WsLoadSecond> Seconds => _seconds;

    /// <summary>Puts what comes from now on into the total; what came before is in the rows alone.</summary>
    public void BeginCounting()
    {
        Look();
        _isCounted = true;
    }

    /// <summary>Looks every second until it is told to end.</summary>
    /// <param name="look">Called after each look.</param>
    /// <param name="cancellationToken">Ends it, without an exception.</param>
    public async Task RunAsync(Action<WsLoadSecond> look, CancellationToken cancellationToken)
    {
        _processorTime = _process.TotalProcessorTime;
        using PeriodicTimer timer = new(TimeSpan.FromSeconds(1));
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
            {
                look(Look());
            }
        }
        catch (OperationCanceledException)
        {
            // Over.
        }
    }

    /// <summary>Adds a row for the time since the last one; for one thread at a time.</summary>
    public WsLoadSecond Look()
    {
        lock (_seconds)
        {
            ILatencyHistogram interval = roundTrips.TakeInterval();
            if (_isCounted)
            {
                total.Add(interval);
            }

            _process.Refresh();
            TimeSpan processorTime = _process.TotalProcessorTime;
            long now = Stopwatch.GetTimestamp();
            WsLoadSecond counted = new()
            {
                Sent = tally.Sent,
                Received = tally.Received,
                Answered = tally.Answered,
                BytesSent = tally.BytesSent,
                BytesReceived = tally.BytesReceived,
                Errors = tally.Errors + tally.Refusals,
            };
            WsLoadSecond second = new()
            {
                Second = Math.Round(Stopwatch.GetElapsedTime(_started, _lastLook).TotalSeconds, 3),
                DurationSeconds = Math.Round(Stopwatch.GetElapsedTime(_lastLook, now).TotalSeconds, 3),
                Connections = tally.Open,
                Sent = counted.Sent - _before.Sent,
                Received = counted.Received - _before.Received,
                Answered = counted.Answered - _before.Answered,
                BytesSent = counted.BytesSent - _before.BytesSent,
                BytesReceived = counted.BytesReceived - _before.BytesReceived,
                Errors = counted.Errors - _before.Errors,
                Median = LoadTimes.At(interval, 50),
                P99 = LoadTimes.At(interval, 99),
                Maximum = LoadTimes.At(interval, 100),
                ProcessorPercent = Share(processorTime - _processorTime, Stopwatch.GetElapsedTime(_lastLook, now)),
            };
            _before = counted;
            _processorTime = processorTime;
            _lastLook = now;
            _seconds.Add(second);
            return second;
        }
    }

    private static double Share(TimeSpan processor, TimeSpan wall) =>
        wall > TimeSpan.Zero ? Math.Round(100 * processor / wall / Environment.ProcessorCount, 1) : 0;
}
