namespace MessageWebSockets.Bench;

/// <summary>How many messages a second a client can send, until the server has counted them.</summary>
internal static class SendFlood
{
    public static IEnumerable<Benchmark> Create(BenchContext context) => MessageSize.All.Select(size =>
        new Benchmark($"send-{size.Name}", $"send flood, {size.Name}", [CalibratedLoop.Rate, CalibratedLoop.ProcessorTime],
        [
            Side(context, LibraryClient.Name, size.Bytes, () => new LibraryClient()),
            Side(context, FrameworkClient.Name, size.Bytes, () => new FrameworkClient()),
        ])
        {
            Comparisons =
            [
                new Comparison(CalibratedLoop.Rate, FrameworkClient.Name, new Target(Bound.AtLeast, size.SendTarget)),
                new Comparison(CalibratedLoop.ProcessorTime, FrameworkClient.Name),
            ],
        });

    public static Side Side(BenchContext context, string name, int size, Func<IMessageClient> create)
    {
        byte[] message = Payload.Of(size);
        Uri sink = new(context.Server.Raw, "sink");
        return CalibratedLoop.Side(
            name,
            (count, cancellationToken) => ClientWork.SendFloodAsync(create(), sink, message, count, cancellationToken),
            context.Options.Duration,
            first: Math.Max(10, 5_000_000 / Math.Max(size, 1000)));
    }
}
