using System.Globalization;

namespace MessageWebSockets.Bench;

/// <summary>
/// What comes through two hops to a TCP service: both ends of Start-WsTunnel; its one end with websockify as the other; and two bare
/// relays. Every hop is a process of its own.
/// </summary>
internal static class Tunnels
{
    private const string Ours = "Start-WsTunnel";
    private const string Websockify = "websockify";
    private const string Relay = "bare relay";
    private const int Large = 64 * 1024;
    private const int Small = 100;

    private static readonly Metric HopTime = new("processor time of both hops, each", Unit.Microseconds);

    public static async Task<IReadOnlyList<Benchmark>> CreateAsync(BenchContext context)
    {
        if (await Cmdlets.FindObstacleAsync(context) is { } obstacle)
        {
            return [Benchmark.Skipped("tunnel", "tunnels", obstacle)];
        }

        bool hasWebsockify = await ChildProgram.TryRunAsync("websockify", "--help") is not null;
        Lazy<CountingService> service = new();
        string module = context.Options.Module;
        List<Chain> chains =
        [
            new(
                Ours,
                new(async () => await OverWebSocketAsync(module, await HopProcess.StartTunnelAsync(module, service.Value.Port, null)))),
            new(Relay, new(async () =>
            {
                HopProcess inner = await HopProcess.StartRelayAsync(service.Value.Port, isOnServerCore: true);
                return [await HopProcess.StartRelayAsync(inner.Port, isOnServerCore: false), inner];
            })),
        ];
        if (hasWebsockify)
        {
            chains.Add(new(
                Websockify, new(async () => await OverWebSocketAsync(module, await HopProcess.StartWebsockifyAsync(service.Value.Port)))));
        }

        return
        [
            .. new[] { 1, 100 }.SelectMany(connections => new[]
            {
                Create(
                    $"tunnel-stream-{connections}",
                    $"a stream over {Counted(connections)}, writes of 64 KiB",
                    connections,
                    Large,
                    isBurst: true),
                Create(
                    $"tunnel-small-{connections}",
                    $"round trips over {Counted(connections)}, writes of {Small} B",
                    connections,
                    Small,
                    isBurst: false),
            }),
        ];

        Benchmark Create(string name, string title, int connections, int size, bool isBurst) => new(
            name, title, [CalibratedLoop.Rate, HopTime], [.. chains.Select(chain => Side(chain, connections, size, isBurst))])
        {
            Comparisons =
            [
                .. chains.Skip(1).SelectMany(chain => new Comparison[]
                {
                    new(CalibratedLoop.Rate, chain.Name, new Target(Bound.AtLeast, chain.Name == Relay ? 0.8 : 5)),
                    new(HopTime, chain.Name),
                }),
            ],
        };

        Side Side(Chain chain, int connections, int size, bool isBurst)
        {
            CountedConnections? open = null;
            long done = 0;
            Side side = CalibratedLoop.Side(
                chain.Name,
                (writes, token) =>
                {
                    done = writes;
                    return open!.MeasureAsync(writes, size, isBurst, token);
                },
                context.Options.Duration,
                first: 10 * connections);
            return new Side(chain.Name, MeasureAsync)
            {
                PrepareAsync = async token =>
                {
                    open = await CountedConnections.OpenAsync((await chain.Hops.Value)[0].Port, connections, token);
                    await side.PrepareAsync(token);
                },
            };

            async Task<double[]> MeasureAsync(CancellationToken cancellationToken)
            {
                HopProcess[] hops = await chain.Hops.Value;
                TimeSpan before = Sum(hops);
                double[] values = await side.MeasureAsync(cancellationToken);
                return [values[0], (Sum(hops) - before).TotalMicroseconds / done];
            }
        }
    }

    private static TimeSpan Sum(HopProcess[] hops) => hops.Aggregate(TimeSpan.Zero, static (sum, hop) => sum + hop.ProcessorTime);

    private static async Task<HopProcess[]> OverWebSocketAsync(string module, HopProcess inner)
    {
        Uri uri = new(string.Create(CultureInfo.InvariantCulture, $"ws://127.0.0.1:{inner.Port}/"));
        return [await HopProcess.StartTunnelAsync(module, null, uri), inner];
    }

    private static string Counted(int connections) => connections == 1 ? "1 connection" : $"{connections} connections";

    /// <summary>The hops, the one to connect to first.</summary>
    private sealed record Chain(string Name, Lazy<Task<HopProcess[]>> Hops);
}
