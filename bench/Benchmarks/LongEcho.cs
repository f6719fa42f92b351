namespace MessageWebSockets.Bench;

/// <summary>What an echo of long messages costs the garbage collector: each is sent on as it came, and then disposed of.</summary>
internal static class LongEcho
{
    private const int Size = 128 * 1024;
    private const int Count = 1000;

    public static IEnumerable<Benchmark> Create(BenchContext context)
    {
        Metric oldest = new("generation 2 in 1,000", Unit.Objects);
        Metric youngest = new("generation 0 in 1,000", Unit.Objects);
        Uri echo = new(context.Server.Raw, "echo");
        byte[] message = Payload.Of(Size);
        yield return new Benchmark("echo-128KiB", "echo of 128 KiB messages, collections", [oldest, youngest],
        [
            Side(LibraryClient.Name, () => new LibraryClient()),
            Side(FrameworkClient.Name, () => new FrameworkClient()),
        ])
        {
            Comparisons = [new Comparison(oldest, null, new Target(Bound.AtMost, 5)), new Comparison(youngest, null)],
        };

        Side Side(string name, Func<IMessageClient> create)
        {
            return new Side(name, MeasureAsync) { PrepareAsync = MeasureAsync };

            Task<double[]> MeasureAsync(CancellationToken cancellationToken)
            {
                IMessageClient client = create();
                return ClientWork.RunAsync(client, async () =>
                {
                    await client.ConnectAsync(echo);
                    int oldestBefore = GC.CollectionCount(2);
                    int youngestBefore = GC.CollectionCount(0);
                    await client.EchoAsync(message, Count);
                    return new double[] { GC.CollectionCount(2) - oldestBefore, GC.CollectionCount(0) - youngestBefore };
                }, cancellationToken);
            }
        }
    }
}
