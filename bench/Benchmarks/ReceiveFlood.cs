namespace MessageWebSockets.Bench;

/// <summary>How many messages a second a client can take, ours with its inbox in between.</summary>
internal static class ReceiveFlood
{
    public static IEnumerable<Benchmark> Create(BenchContext context) => MessageSize.All.Select(size =>
        new Benchmark($"receive-{size.Name}", $"receive flood, {size.Name}", [CalibratedLoop.Rate, CalibratedLoop.ProcessorTime],
        [
            Side(context, LibraryClient.Name, size.Bytes, () => new LibraryClient()),
            Side(context, FrameworkClient.Name, size.Bytes, () => new FrameworkClient()),
        ])
        {
            Comparisons =
            [
                new Comparison(CalibratedLoop.Rate, FrameworkClient.Name, new Target(Bound.AtLeast, size.ReceiveTarget)),
                new Comparison(CalibratedLoop.ProcessorTime, FrameworkClient.Name),
            ],
        });

    public static Side Side(BenchContext context, string name, int size, Func<IMessageClient> create) => CalibratedLoop.Side(
        name,
        (count, cancellationToken) => ClientWork.ReceiveFloodAsync(create(), context.Server.Flood(count, size), count, cancellationToken),
        context.Options.Duration,
        first: Math.Max(10, 10_000_000 / Math.Max(size, 1000)));
}
