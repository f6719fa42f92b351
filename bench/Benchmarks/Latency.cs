namespace MessageWebSockets.Bench;

/// <summary>How long a message and its echo take, one in flight: back to back, and after a silence.</summary>
internal static class Latency
{
    private const int Size = 100;
    private static readonly Metric s_median = new("median", Unit.Microseconds);
    private static readonly Metric s_p99 = new("p99", Unit.Microseconds);
    public static IEnumerable<Benchmark> Create(BenchContext context)
    {
        int count = context.Options.Quick ? 4000 : 20_000;
        yield return new Benchmark("latency", "ping-pong, 100 B, 1 in flight", [s_median, s_p99], Sides(context, count, TimeSpan.Zero))
        {
            Comparisons =
            [
                new Comparison(s_median, FrameworkClient.Name, new Target(Bound.AtMost, 1.0)),
                new Comparison(s_p99, FrameworkClient.Name, new Target(Bound.AtMost, 1.1)),
            ],
        };

        // After a silence: this is where a sender that waits for company would show.
        int loneCount = context.Options.Quick ? 50 : 300;
        TimeSpan silence = TimeSpan.FromMilliseconds(10);
        Side[] loneSides = Sides(context, loneCount, silence);
        yield return new Benchmark("lone-message", "ping-pong, 100 B, 10 ms after the last", [s_median, s_p99], loneSides)
        {
            Comparisons = [new Comparison(s_median, FrameworkClient.Name), new Comparison(s_p99, FrameworkClient.Name)],
        };
    }

    public static Side Side(BenchContext context, string name, int size, int count, TimeSpan pause, Func<IMessageClient> create)
    {
        byte[] message = Payload.Of(size);
        Uri echo = new(context.Server.Raw, "echo");
        return new Side(name, MeasureAsync) { PrepareAsync = MeasureAsync };

        async Task<double[]> MeasureAsync(CancellationToken cancellationToken)
        {
            double[] times = await ClientWork.RoundTripsAsync(create(), echo, message, count, pause, cancellationToken);
            return [Spread.Percentile(times, 0.5), Spread.Percentile(times, 0.99)];
        }
    }

    private static Side[] Sides(BenchContext context, int count, TimeSpan pause) =>
    [
        Side(context, LibraryClient.Name, Size, count, pause, () => new LibraryClient()),
        Side(context, FrameworkClient.Name, Size, count, pause, () => new FrameworkClient()),
    ];
}
