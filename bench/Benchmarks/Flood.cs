namespace MessageWebSockets.Bench;

/// <summary>
/// How many messages a second a client can take, ours with its inbox in between, or send, until the server has counted them.
/// </summary>
internal static class Flood
{
    private delegate Side SideOfSize(BenchContext context, string name, int size, Func<IMessageClient> create);

    public static IEnumerable<Benchmark> CreateReceive(BenchContext context) =>
        Create(context, "receive", Receive, size => size.ReceiveTarget);

    public static IEnumerable<Benchmark> CreateSend(BenchContext context) => Create(context, "send", Send, size => size.SendTarget);

    public static Side Receive(BenchContext context, string name, int size, Func<IMessageClient> create) => CalibratedLoop.Side(
        name,
        (count, cancellationToken) => ClientWork.ReceiveFloodAsync(create(), context.Server.Flood(count, size), count, cancellationToken),
        context.Options.Duration,
        first: Math.Max(10, 10_000_000 / Math.Max(size, 1000)));

    public static Side Send(BenchContext context, string name, int size, Func<IMessageClient> create)
    {
        byte[] message = Payload.Of(size);
        Uri sink = new(context.Server.Raw, "sink");
        return CalibratedLoop.Side(
            name,
            (count, cancellationToken) => ClientWork.SendFloodAsync(create(), sink, message, count, cancellationToken),
            context.Options.Duration,
            first: Math.Max(10, 5_000_000 / Math.Max(size, 1000)));
    }

    private static IEnumerable<Benchmark> Create(
        BenchContext context, string direction, SideOfSize side, Func<MessageSize, double> target) =>
        MessageSize.All.Select(size => new Benchmark(
            $"{direction}-{size.Name}",
            $"{direction} flood, {size.Name}",
            [CalibratedLoop.Rate, CalibratedLoop.ProcessorTime],
            [
                side(context, LibraryClient.Name, size.Bytes, () => new LibraryClient()),
                side(context, FrameworkClient.Name, size.Bytes, () => new FrameworkClient()),
            ])
        {
            Comparisons =
            [
                new Comparison(CalibratedLoop.Rate, FrameworkClient.Name, new Target(Bound.AtLeast, target(size))),
                new Comparison(CalibratedLoop.ProcessorTime, FrameworkClient.Name),
            ],
        });
}
