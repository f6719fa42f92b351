using System.Globalization;

namespace MessageWebSockets.Bench;

/// <summary>What a connection costs that waits for a message which does not come, many of them in a process of its own.</summary>
internal static class IdleConnections
{
    public const string ChildName = "--idle";

    private const int Count = 2000;
    private const int WarmUpCount = 50;
    private const int AtOnce = 32;
    private static readonly TimeSpan s_settle = TimeSpan.FromSeconds(1);

    public static IEnumerable<Benchmark> Create(BenchContext context)
    {
        Metric workingSet = new("working set a connection", Unit.Bytes);
        Metric heap = new("managed heap a connection", Unit.Bytes);
        Side[] sides = [Side(LibraryClient.Name), Side(FrameworkClient.Name)];
        yield return new Benchmark("idle", $"{Count} idle connections", [workingSet, heap], sides)
        {
            Comparisons =
            [
                new Comparison(workingSet, FrameworkClient.Name, new Target(Bound.AtMost, 1.15)),
                new Comparison(heap, FrameworkClient.Name),
            ],
        };

        Side Side(string name)
        {
            string[] arguments = [ChildName, name, new Uri(context.Server.Raw, "sink").AbsoluteUri];
            return new Side(name, cancellationToken => ChildProgram.MeasureSelfAsync(arguments, ["workingSet", "heap"], cancellationToken));
        }
    }

    /// <summary>The child: connects a few to have everything loaded, then the rest, and prints the difference.</summary>
    public static async Task RunChildAsync(string name, Uri sink)
    {
        // Each reference waits in ReceiveAsync with a buffer of its own, as a client that wants to hear something has to.
        Func<IMessageClient> create = name == LibraryClient.Name
            ? () => new LibraryClient()
            : () => new FrameworkClient(FrameworkClient.UsualBuffer);
        List<IMessageClient> clients = [];
        await ConnectAsync(WarmUpCount);
        (long workingSetBefore, long heapBefore) = await MeasureAsync();
        await ConnectAsync(Count);
        (long workingSet, long heap) = await MeasureAsync();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"workingSet":{{(workingSet - workingSetBefore) / (double)Count}},"heap":{{(heap - heapBefore) / (double)Count}}}"""));
        clients.ForEach(client => client.Abort());

        async Task ConnectAsync(int count)
        {
            for (int connected = 0; connected < count; connected += AtOnce)
            {
                IMessageClient[] batch = [.. Enumerable.Range(0, Math.Min(AtOnce, count - connected)).Select(_ => create())];
                await Task.WhenAll(batch.Select(client => client.ConnectAsync(sink)));
                clients.AddRange(batch);
                foreach (IMessageClient client in batch)
                {
                    _ = client.ReceiveAsync(1);
                }
            }
        }
    }

    private static async Task<(long WorkingSet, long Heap)> MeasureAsync()
    {
        await Task.Delay(s_settle);
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return (Environment.WorkingSet, GC.GetTotalMemory(forceFullCollection: false));
    }
}
