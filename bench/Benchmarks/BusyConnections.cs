using System.Diagnostics;

namespace MessageWebSockets.Bench;

/// <summary>How many requests and replies many connections of one process manage together, one in flight on each.</summary>
internal static class BusyConnections
{
    private const int Count = 200;
    private const int Size = 100;

    public static IEnumerable<Benchmark> Create(BenchContext context)
    {
        Uri echo = new(context.Server.Raw, "echo");
        byte[] message = Payload.Of(Size);
        Metric[] metrics = [CalibratedLoop.Rate, CalibratedLoop.ProcessorTime];
        yield return new Benchmark("busy", $"{Count} busy connections, 100 B, round trips", metrics,
        [
            Side(LibraryClient.Name, () => new LibraryClient()),
            Side(FrameworkClient.Name, () => new FrameworkClient(FrameworkClient.UsualBuffer)),
        ])
        {
            Comparisons =
            [
                new Comparison(CalibratedLoop.Rate, FrameworkClient.Name, new Target(Bound.AtLeast, 1.1)),
                new Comparison(CalibratedLoop.ProcessorTime, FrameworkClient.Name),
            ],
        };

        Side Side(string name, Func<IMessageClient> create) => CalibratedLoop.Side(
            name,
            (count, cancellationToken) => MeasureAsync(create, count, cancellationToken),
            context.Options.Duration,
            first: 10 * Count,
            warmUp: context.Options.WarmUp);

        async Task<TimeSpan> MeasureAsync(Func<IMessageClient> create, long count, CancellationToken cancellationToken)
        {
            IMessageClient[] clients = [.. Enumerable.Range(0, Count).Select(_ => create())];
            Action<object?> abort = _ => Array.ForEach(clients, client => client.Abort());
            await using CancellationTokenRegistration _ = cancellationToken.UnsafeRegister(abort, null);
            try
            {
                await Task.WhenAll(clients.Select(client => client.ConnectAsync(echo)));
                int each = (int)Math.Max(1, count / Count);
                long started = Stopwatch.GetTimestamp();
                await Task.WhenAll(clients.Select(client =>
                    Task.Run(() => client.MeasureRoundTripsAsync(message, new double[each], TimeSpan.Zero), CancellationToken.None)));
                // The count asked for may not divide by the connections.
                return Stopwatch.GetElapsedTime(started) * (count / (double)(each * Count));
            }
            finally
            {
                await Task.WhenAll(clients.Select(client => client.DisposeAsync().AsTask()));
            }
        }
    }
}
