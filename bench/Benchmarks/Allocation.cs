using System.Runtime.CompilerServices;

namespace MessageWebSockets.Bench;

/// <summary>What a received message of 100 bytes costs the heap, over all threads, the connection included.</summary>
internal static class Allocation
{
    private const int Size = 100;

    // The smallest object of a 64-bit process: bytes beyond the message divided by it are at least as many as the objects.
    private const double SmallestObject = 24;

    public static IEnumerable<Benchmark> Create(BenchContext context)
    {
        Metric bytes = new("allocated a message", Unit.Bytes);
        Metric beyond = new("beyond the message", Unit.Bytes);
        Metric objects = new("objects beyond, at most", Unit.Objects);
        long own = MeasureMessage();
        long count = context.Options.Quick ? 200_000 : 1_000_000;
        yield return new Benchmark("allocation", $"receive, 100 B; the message itself is {own} B", [bytes, beyond, objects],
        [
            Side(LibraryClient.Name, () => new LibraryClient(), own),
            Side(FrameworkClient.Name, () => new FrameworkClient(), 0),
        ])
        {
            Comparisons =
            [
                // The reference reuses its buffer and makes no message at all.
                new Comparison(bytes, FrameworkClient.Name),
                new Comparison(beyond, null),
                new Comparison(objects, null, new Target(Bound.AtMost, 1)),
            ],
        };

        Side Side(string name, Func<IMessageClient> create, long ownSize)
        {
            return new Side(name, MeasureAsync) { PrepareAsync = MeasureAsync };

            async Task<double[]> MeasureAsync(CancellationToken cancellationToken)
            {
                Uri flood = context.Server.Flood(count, Size);
                long before = GC.GetTotalAllocatedBytes(precise: true);
                await ClientWork.ReceiveFloodAsync(create(), flood, count, cancellationToken);
                double each = (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)count;
                return [each, each - ownSize, (each - ownSize) / SmallestObject];
            }
        }
    }

    /// <summary>The size of a message object and its array of 100 bytes.</summary>
    private static long MeasureMessage()
    {
        long smallest = long.MaxValue;
        // The first time, the runtime allocates for itself as well.
        for (int i = 0; i < 3; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            object message = RuntimeHelpers.GetUninitializedObject(typeof(WsMessage));
            byte[] payload = new byte[Size];
            smallest = Math.Min(smallest, GC.GetAllocatedBytesForCurrentThread() - before);
            GC.KeepAlive(message);
            GC.KeepAlive(payload);
        }

        return smallest;
    }
}
