namespace MessageWebSockets.Bench;

/// <summary>
/// How many messages a second a client can take, ours with its inbox in between, or send, until the server has counted them.
/// </summary>
internal static class Flood
{
    private static readonly Metric[] s_metrics = [CalibratedLoop.Rate, CalibratedLoop.ProcessorTime];

    public static IEnumerable<Benchmark> CreateReceive(BenchContext context)
    {
        foreach (MessageSize size in MessageSize.All)
        {
            yield return Create(
                $"receive-{size.Name}",
                $"receive flood, {size.Name}",
                Receive(context, LibraryClient.Name, size.Bytes, () => new LibraryClient()),
                (Receive(context, FrameworkClient.OwnArrayName, size.Bytes, () => new FrameworkClient(hasOwnArrays: true)), size.OwnArray),
                (Receive(context, FrameworkClient.Name, size.Bytes, () => new FrameworkClient()), size.OneBuffer));
        }

        MessageSize longest = MessageSize.All[^1];
        yield return Create(
            $"receive-disposed-{longest.Name}",
            $"receive flood, {longest.Name}, each message disposed of",
            Receive(context, LibraryClient.Name, longest.Bytes, () => new LibraryClient { Disposes = true }),
            (Receive(context, FrameworkClient.Name, longest.Bytes, () => new FrameworkClient()), 0.95));
    }

    public static IEnumerable<Benchmark> CreateSend(BenchContext context) => MessageSize.All.Select(size => Create(
        $"send-{size.Name}",
        $"send flood, {size.Name}",
        Send(context, LibraryClient.Name, Payload.Of(size.Bytes), () => new LibraryClient()),
        (Send(context, FrameworkClient.Name, Payload.Of(size.Bytes), () => new FrameworkClient()), size.Send)));

    /// <summary>JSON of 1 KiB, compressed on both sides with the same parameters.</summary>
    public static IEnumerable<Benchmark> CreateCompressed(BenchContext context)
    {
        const int Size = 1024;
        const string Compressed = "&deflate=1";
        LibraryClient Ours() => new() { Compression = FrameworkClient.Deflate() };
        FrameworkClient Theirs() => new(compression: FrameworkClient.Deflate());
        yield return Create(
            "receive-json-compressed",
            "receive flood, JSON of 1 KiB, compressed",
            Receive(context, LibraryClient.Name, Size, Ours, Compressed),
            (Receive(context, FrameworkClient.Name, Size, Theirs, Compressed), 1));
        byte[] json = Payload.Json(Size);
        yield return Create(
            "send-json-compressed",
            "send flood, JSON of 1 KiB, compressed",
            Send(context, LibraryClient.Name, json, Ours, Compressed),
            (Send(context, FrameworkClient.Name, json, Theirs, Compressed), 1));
    }

    public static Side Receive(BenchContext context, string name, int size, Func<IMessageClient> create, string more = "") =>
        CalibratedLoop.Side(
            name,
            (count, cancellationToken) =>
                ClientWork.ReceiveFloodAsync(create(), new Uri(context.Server.Flood(count, size) + more), count, cancellationToken),
            context.Options.Duration,
            first: Math.Max(10, 10_000_000 / Math.Max(size, 1000)),
            warmUp: context.Options.WarmUp);

    public static Side Send(BenchContext context, string name, byte[] message, Func<IMessageClient> create, string more = "")
    {
        Uri sink = new(context.Server.Raw, $"sink?{more}");
        return CalibratedLoop.Side(
            name,
            (count, cancellationToken) => ClientWork.SendFloodAsync(create(), sink, message, count, cancellationToken),
            context.Options.Duration,
            first: Math.Max(10, 5_000_000 / Math.Max(message.Length, 1000)),
            warmUp: context.Options.WarmUp);
    }

    private static Benchmark Create(string name, string title, Side ours, params (Side Side, double Target)[] references) =>
        new(name, title, s_metrics, [ours, .. references.Select(static reference => reference.Side)])
        {
            Comparisons =
            [
                .. references.SelectMany(static reference => new Comparison[]
                {
                    new(CalibratedLoop.Rate, reference.Side.Name, new Target(Bound.AtLeast, reference.Target)),
                    new(CalibratedLoop.ProcessorTime, reference.Side.Name),
                }),
            ],
        };
}
