using System.Diagnostics;

namespace MessageWebSockets.Bench;

/// <summary>Runs a benchmark: prepares every side, then measures them in turn, round by round.</summary>
internal static class Runner
{
    public static async Task<BenchmarkResult> RunAsync(Benchmark benchmark, Rounds rounds)
    {
        if (benchmark.SkipReason is not null)
        {
            return new BenchmarkResult(benchmark.Name, benchmark.Title, [], [], Skipped: benchmark.SkipReason);
        }

        try
        {
            List<SideResult> sides = await MeasureAsync(benchmark, rounds);
            ComparisonResult[] comparisons = [.. benchmark.Comparisons.Select(line => Compare(line, sides))];
            return new BenchmarkResult(benchmark.Name, benchmark.Title, sides, comparisons);
        }
        catch (Exception e)
        {
            // Whatever a side throws ends its benchmark and not the run; the exit code tells.
            return new BenchmarkResult(benchmark.Name, benchmark.Title, [], [], Broken: $"{e.GetType().Name}: {e.Message}");
        }
        finally
        {
            foreach (Side side in benchmark.Sides)
            {
                side.Finish();
            }
        }
    }

    private static async Task<List<SideResult>> MeasureAsync(Benchmark benchmark, Rounds rounds)
    {
        foreach (Side side in benchmark.Sides)
        {
            await BoundedAsync(benchmark, side.PrepareAsync);
        }

        List<double[]>[] measured = [.. benchmark.Sides.Select(_ => new List<double[]>())];
        Stopwatch clock = Stopwatch.StartNew();
        for (int round = 0; round < benchmark.MaximumRounds && rounds.NeedMore(round, clock, RatiosHeldToTargets()); round++)
        {
            for (int side = 0; side < benchmark.Sides.Count; side++)
            {
                // No side pays for the garbage of the one before.
                GC.Collect();
                GC.WaitForPendingFinalizers();
                double[] values = [];
                await BoundedAsync(benchmark, async token => values = await benchmark.Sides[side].MeasureAsync(token));
                measured[side].Add(values);
            }
        }

        return
        [
            .. benchmark.Sides.Select((side, sideIndex) => new SideResult(
                side.Name,
                benchmark.Metrics
                    .Select((metric, index) => (metric.Name, Values: measured[sideIndex].Select(values => values[index]).ToArray()))
                    .ToDictionary(pair => pair.Name, pair => pair.Values))),
        ];

        IEnumerable<Spread> RatiosHeldToTargets() =>
            from line in benchmark.Comparisons
            where line is { Against: not null, Target: not null }
            let metric = benchmark.Metrics.Index().Single(item => item.Item.Name == line.Metric.Name).Index
            let reference = benchmark.Sides.Index().Single(item => item.Item.Name == line.Against).Index
            select Spread.Of(measured[0].Zip(measured[reference], (mine, other) => mine[metric] / other[metric]));
    }

    private static async Task BoundedAsync(Benchmark benchmark, Func<CancellationToken, Task> action)
    {
        using CancellationTokenSource timeout = new(benchmark.Timeout);
        try
        {
            await action(timeout.Token);
        }
        catch (Exception e) when (timeout.IsCancellationRequested)
        {
            throw new TimeoutException($"A measurement took longer than {benchmark.Timeout.TotalSeconds} s.", e);
        }
    }

    private static ComparisonResult Compare(Comparison line, List<SideResult> sides)
    {
        double[] ourRounds = sides[0].Rounds[line.Metric.Name];
        Spread ours = Spread.Of(ourRounds);
        Spread? reference = null;
        Spread? ratio = null;
        if (line.Against is not null)
        {
            double[] referenceRounds = sides.Single(side => side.Name == line.Against).Rounds[line.Metric.Name];
            reference = Spread.Of(referenceRounds);
            ratio = Spread.Of(ourRounds.Zip(referenceRounds, static (mine, other) => mine / other));
        }

        return new ComparisonResult(
            line.Metric.Name,
            line.Metric.Unit,
            sides[0].Name,
            ours,
            line.Against,
            reference,
            ratio,
            line.Target?.ToString(),
            line.Target?.IsMetBy((ratio ?? ours).Median));
    }
}
