using System.Diagnostics;
using MessageWebSockets.PowerShell.Errors;

namespace MessageWebSockets.PowerShell.Loading;

/// <summary>One load from its first connection to its last answer.</summary>
/// <param name="plan">What it consists of.</param>
/// <param name="newSocket">Makes a socket with the settings of all; may be called on any thread.</param>
/// <param name="messages">Where the messages come from.</param>
/// <param name="factory">Makes the histograms.</param>
/// <param name="progress">Called every second, on any thread.</param>
internal sealed class LoadRun(
    LoadPlan plan,
    Func<MessageWebSocket> newSocket,
    ILoadMessages messages,
    IHistogramFactory factory,
    Action<LoadTally, WsLoadSecond> progress)
{
    // More handshakes at a time than this only wait for each other.
    private const int OpenedAtOnce = 256;

    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(2);

    private readonly LoadTally _tally = new();
    private readonly ILatencyRecorder _roundTrips = factory.CreateRecorder();
    private readonly ILatencyRecorder _connects = factory.CreateRecorder();
    private readonly ILatencyRecorder _lateness = factory.CreateRecorder();
    private readonly ILatencyRecorder _waits = factory.CreateRecorder();
    private readonly ILatencyHistogram _total = factory.Create();

    /// <param name="interrupted">Ends the load early, with a summary of what was until then.</param>
    /// <param name="stop">Ends it without one.</param>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public async Task<WsLoadSummary> RunAsync(CancellationToken interrupted, CancellationToken stop)
    {
        using CancellationTokenSource sending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using CancellationTokenSource looking = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(stop, interrupted);
        LoadContext context = new(plan, newSocket, messages, _tally, _roundTrips, _connects, sending.Token);
        LoadTimeline timeline = new(_tally, _roundTrips, _total);
        DateTime started = DateTime.Now;
        Task looks = timeline.RunAsync(second => progress(_tally, second), looking.Token);
        LoadWorker[] workers = [.. Enumerable.Range(0, plan.Connections).Select(_ => NewWorker(context))];
        LoadClock? clock = plan.RatePerConnection is { } rate ? new LoadClock(rate, _lateness) : null;
        using Window window = new(_tally, plan.Mode, _waits);
        try
        {
            try
            {
                await OpenAllAsync(workers, clock, either.Token).ConfigureAwait(false);
                timeline.BeginCounting();
                window.Begin();
                if (plan.Ramp == TimeSpan.Zero)
                {
                    BeginAll(workers, clock);
                }

                await Task.Delay(plan.Duration, either.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                // Interrupted: the summary is of what was done until now.
            }

            window.End();
            clock?.Dispose();
            clock = null;
            await sending.CancelAsync().ConfigureAwait(false);
            int[] left = await Task.WhenAll(workers.Select(static worker => worker.StopAsync())).ConfigureAwait(false);
            _tally.CountErrorIfAny(LoadFailure.NotSent, left.Sum());
            await WaitForAnswersAsync(workers, interrupted, stop).ConfigureAwait(false);
            _tally.CountErrorIfAny(LoadFailure.NoAnswer, workers.Sum(static worker => worker.Unanswered));
            await looking.CancelAsync().ConfigureAwait(false);
            await looks.ConfigureAwait(false);
            timeline.Look();
        }
        finally
        {
            clock?.Dispose();
            await sending.CancelAsync().ConfigureAwait(false);
            await looking.CancelAsync().ConfigureAwait(false);
            await looks.ConfigureAwait(false);
            await Task.WhenAll(workers.Select(
                worker => worker.CloseAsync(stop.IsCancellationRequested ? TimeSpan.Zero : CloseLimit))).ConfigureAwait(false);
        }

        return Summary(started, timeline, window, interrupted.IsCancellationRequested);
    }

    private static LoadWorker NewWorker(LoadContext context) => context.Plan.Mode switch
    {
        WsLoadMode.Connect => new ConnectWorker(context),
        WsLoadMode.Echo or WsLoadMode.Send => new MessageWorker(context),
        _ => new PingWorker(context),
    };

    private async Task OpenAllAsync(LoadWorker[] workers, LoadClock? clock, CancellationToken cancellationToken)
    {
        if (plan.Ramp == TimeSpan.Zero)
        {
            ParallelOptions options = new() { MaxDegreeOfParallelism = OpenedAtOnce, CancellationToken = cancellationToken };
            await Parallel.ForEachAsync(
                workers,
                options,
                static async (worker, token) => await worker.OpenAsync(token).ConfigureAwait(false)).ConfigureAwait(false);
            return;
        }

        // At a steady pace, whether earlier ones are open yet or not.
        long started = Stopwatch.GetTimestamp();
        List<Task> opening = [];
        for (int index = 0; index < workers.Length; index++)
        {
            TimeSpan rest = (plan.Ramp * index / workers.Length) - Stopwatch.GetElapsedTime(started);
            if (rest > TimeSpan.Zero)
            {
                await Task.Delay(rest, cancellationToken).ConfigureAwait(false);
            }

            opening.Add(OpenAndBeginAsync(workers[index], clock, index, cancellationToken));
        }

        await Task.WhenAll(opening).ConfigureAwait(false);
    }

    private static async Task OpenAndBeginAsync(LoadWorker worker, LoadClock? clock, int index, CancellationToken cancellationToken)
    {
        await worker.OpenAsync(cancellationToken).ConfigureAwait(false);
        Begin(worker, clock, Phase(index));
    }

    private static void BeginAll(LoadWorker[] workers, LoadClock? clock)
    {
        for (int index = 0; index < workers.Length; index++)
        {
            Begin(workers[index], clock, index / (double)workers.Length);
        }
    }

    private static void Begin(LoadWorker worker, LoadClock? clock, double phase)
    {
        if (worker.IsOpen)
        {
            worker.Begin();
            clock?.Add(worker, phase);
        }
    }

    // Spreads any number of connections over the interval without knowing how many will come (the golden ratio's multiples).
    private static double Phase(int index) => index * 0.6180339887498949 % 1;

    private async Task WaitForAnswersAsync(LoadWorker[] workers, CancellationToken interrupted, CancellationToken stop)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(plan.Patience);

        // Also of a press that came before the wait; nobody else looks at the key by now.
        TimeSpan moment = TimeSpan.FromSeconds(1);
        moment = plan.Patience >= TimeSpan.Zero && plan.Patience < moment ? plan.Patience : moment;
        using CancellationTokenRegistration press = interrupted.UnsafeRegister(_ => patience.CancelAfter(moment), null);
        try
        {
            while (workers.Any(static worker => worker.IsOpen && worker.Unanswered > 0))
            {
                await Task.Delay(Glance, patience.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            // What has not come by now counts as not answered.
        }
    }

    private WsLoadSummary Summary(DateTime started, LoadTimeline timeline, Window window, bool isInterrupted)
    {
        ILatencyHistogram connects = _connects.TakeInterval();
        ILatencyHistogram lateness = _lateness.TakeInterval();
        ILatencyHistogram waits = _waits.TakeInterval();
        WsLoadSummary summary = new()
        {
            Uri = Redaction.Of(plan.Uri),
            Hosts = [Environment.MachineName],
            Mode = plan.Mode.ToString(),
            Started = started,
            DurationSeconds = Math.Round(window.Elapsed.TotalSeconds, 3),
            RatePerConnection = plan.RatePerConnection,
            Loop = plan.RatePerConnection is null ? "closed" : "open",
            IsCorrected = plan.RatePerConnection is not null,
            Requested = plan.Connections,
            Connections = _tally.Opened,
            Refused = _tally.Refusals,
            RefusedBy = LoadSummaries.Counts(_tally.RefusalsByKind),
            MessagesSent = _tally.Sent,
            MessagesReceived = _tally.Received,
            BytesSent = _tally.BytesSent,
            BytesReceived = _tally.BytesReceived,
            MessagesPerSecond = Math.Round(window.PerSecond, 1),
            Errors = _tally.Errors,
            ErrorsByKind = LoadSummaries.Counts(_tally.ErrorsByKind),
            Timeline = [.. timeline.Seconds],
            ProcessorPercent = window.ProcessorPercent,
            LatenessP99 = LoadTimes.At(lateness, 99),
            GeneratorWaitMean = LoadTimes.Mean(waits),
            GeneratorWaitP99 = LoadTimes.At(waits, 99),
            IsInterrupted = isInterrupted,
        };
        LoadSummaries.SetTimes(summary, _total, connects);
        summary.IsGeneratorLimited = messages.WereTooSlow || LoadLimits.Of(summary) is not null;
        return summary;
    }

    /// <summary>The time that the load lasts, without the opening of connections before it and the last answers behind it.</summary>
    private sealed class Window(LoadTally tally, WsLoadMode mode, ILatencyRecorder waits) : IDisposable
    {
        private readonly Process _process = Process.GetCurrentProcess();
        private TimeSpan _processorTime;
        private GeneratorWait? _generatorWait;
        private long _started;
        private long _before;
        private long _counted;

        public TimeSpan Elapsed { get; private set; }

        public double ProcessorPercent { get; private set; }

        public double PerSecond => Elapsed > TimeSpan.Zero ? _counted / Elapsed.TotalSeconds : 0;

        private long Count => mode switch
        {
            WsLoadMode.Send => tally.Sent,
            WsLoadMode.Receive => tally.Received,
            _ => tally.Answered,
        };

        public void Begin()
        {
            _processorTime = _process.TotalProcessorTime;
            _started = Stopwatch.GetTimestamp();
            _before = Count;
            _generatorWait = new GeneratorWait(waits, GeneratorWait.QueueAtPool);
        }

        public void End()
        {
            if (_started == 0)
            {
                return;
            }

            Dispose();
            Elapsed = Stopwatch.GetElapsedTime(_started);
            _counted = Count - _before;
            _process.Refresh();
            ProcessorPercent = Math.Round(100 * (_process.TotalProcessorTime - _processorTime) / Elapsed / Environment.ProcessorCount, 1);
        }

        public void Dispose()
        {
            _generatorWait?.Dispose();
            _generatorWait = null;
        }
    }
}
