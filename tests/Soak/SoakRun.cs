using System.Diagnostics;
using System.Runtime.InteropServices;

namespace MessageWebSockets.Soak;

/// <summary>Keeps many connections busy, kills the server now and then, and looks at this process meanwhile.</summary>
internal sealed class SoakRun(TimeSpan duration, int connections)
{
    private const int Restarts = 4;
    private const int Samples = 120;
    private static readonly TimeSpan Cooling = TimeSpan.FromMinutes(3);

    private readonly SoakReport _report = new() { Connections = connections };
    private volatile ServerProcess? _server;

    public async Task<SoakReport> RunAsync()
    {
        TaskScheduler.UnobservedTaskException += (_, args) => _report.AddProblem($"unobserved: {args.Exception}");
        _server = await ServerProcess.StartAsync();
        using Process self = Process.GetCurrentProcess();
        _report.AtStart = Look(self);
        Stopwatch elapsed = Stopwatch.StartNew();
        using CancellationTokenSource over = new(duration);
        IEnumerable<SoakVisitor> places = Enumerable.Range(0, connections).Select(i => new SoakVisitor(i, () => _server, _report));
        Task[] visitors = [.. places.Select(visitor => Task.Run(() => visitor.RunAsync(over.Token)))];
        TimeSpan pace = TimeSpan.FromTicks(Math.Max(duration.Ticks / Samples, TimeSpan.TicksPerSecond));
        TimeSpan nextRestart = duration / (Restarts + 1);
        using PeriodicTimer timer = new(pace);
        while (elapsed.Elapsed < duration && await timer.WaitForNextTickAsync(CancellationToken.None))
        {
            _report.Add(Look(self));
            if (elapsed.Elapsed > nextRestart && _report.ServerRestarts < Restarts)
            {
                nextRestart += duration / (Restarts + 1);
                await RestartServerAsync();
            }
        }

        await Task.WhenAll(visitors).WaitAsync(TimeSpan.FromMinutes(2));
        _report.Duration = elapsed.Elapsed;

        // The last connections wait for the server to end TCP, two seconds at most, and the shared pool lets go of what nobody wants any
        // more.
        Stopwatch cooling = Stopwatch.StartNew();
        do
        {
            await Task.Delay(TimeSpan.FromSeconds(3));
            _report.AtEnd = Look(self);
        }
        while (!_report.IsCold && cooling.Elapsed < Cooling);
        _report.Cooling = cooling.Elapsed;
        _server.Dispose();
        return _report;
    }

    private async Task RestartServerAsync()
    {
        ServerProcess old = _server!;
        old.Dispose();
        _server = await ServerProcess.StartAsync();
        _report.ServerRestarts++;
    }

    private SoakReport.Sample Look(Process self)
    {
        self.Refresh();
        long workingSet = self.WorkingSet64;
        long underWay = Volatile.Read(ref _report.BytesUnderWay);

        // What the collector and malloc keep for what may come is given back first, so that what is left is in use: a leak, managed or
        // not, cannot hide in it, and it cannot look like one.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        long alive = GC.GetTotalMemory(forceFullCollection: true);
        ProcessMemory.GiveBack();
        self.Refresh();
        return new SoakReport.Sample(workingSet, self.WorkingSet64, alive, Handles(self), SoakVisitor.CountLiveSockets(), underWay);
    }

    private static long Handles(Process self) =>
        RuntimeInformation.IsOSPlatform(OSPlatform.Linux) ? Directory.GetFiles("/proc/self/fd").Length : self.HandleCount;
}
