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

    public static async Task<IReadOnlyList<Benchmark>> CreateAsync(BenchContext context)
    {
        if (await Cmdlets.FindObstacleAsync(context) is { } obstacle)
        {
            return [Benchmark.Skipped("tunnel", "tunnels", obstacle)];
        }

        bool hasWebsockify = await ChildProgram.TryRunAsync("websockify", "--help") is not null;
        Lazy<CountingService> service = new();
        string module = context.Options.Module;
        List<(string Name, Lazy<Task<int>> Port)> chains =
        [
            (Ours, new(async () => await OverWebSocketAsync(module, await HopProcess.StartTunnelAsync(module, service.Value.Port, null)))),
            (Relay, new(async () => await HopProcess.StartRelayAsync(await HopProcess.StartRelayAsync(service.Value.Port, isOnServerCore: true), isOnServerCore: false))),
        ];
        if (hasWebsockify)
        {
            chains.Add((Websockify, new(async () => await OverWebSocketAsync(module, await HopProcess.StartWebsockifyAsync(service.Value.Port)))));
        }

        return
        [
            .. new[] { 1, 100 }.SelectMany(connections => new[]
            {
                Create($"tunnel-stream-{connections}", $"a stream over {Counted(connections)}, writes of 64 KiB", connections, Large, isBurst: true),
                Create($"tunnel-small-{connections}", $"round trips over {Counted(connections)}, writes of {Small} B", connections, Small, isBurst: false),
            }),
        ];

        Benchmark Create(string name, string title, int connections, int size, bool isBurst) => new(
            name, title, [CalibratedLoop.Rate], [.. chains.Select(chain => Side(chain, connections, size, isBurst))])
        {
            Comparisons =
            [
                .. chains.Skip(1).Select(chain => new Comparison(CalibratedLoop.Rate, chain.Name, new Target(Bound.AtLeast, chain.Name == Relay ? 0.8 : 5))),
            ],
        };

        Side Side((string Name, Lazy<Task<int>> Port) chain, int connections, int size, bool isBurst)
        {
            CountedConnections? open = null;
            Side side = CalibratedLoop.Side(
                chain.Name, (writes, token) => open!.MeasureAsync(writes, size, isBurst, token), context.Options.Duration, first: 10 * connections);
            return side with
            {
                PrepareAsync = async token =>
                {
                    open = await CountedConnections.OpenAsync(await chain.Port.Value, connections, token);
                    await side.PrepareAsync(token);
                },
            };
        }
    }

    private static Task<int> OverWebSocketAsync(string module, int port) =>
        HopProcess.StartTunnelAsync(module, null, new Uri(string.Create(CultureInfo.InvariantCulture, $"ws://127.0.0.1:{port}/")));

    private static string Counted(int connections) => connections == 1 ? "1 connection" : $"{connections} connections";
}
