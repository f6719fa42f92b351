using System.Globalization;
using System.Text.Json;

namespace MessageWebSockets.Bench;

/// <summary>
/// The same work in another library's client, and in those of other languages: npm ws from artifacts/node and Python websockets, where
/// installed.
/// </summary>
internal static class Alternatives
{
    private const int Size = 100;

    private static readonly string[] s_pythons = ["/usr/bin/python3", "python3", "python"];

    public static async Task<IReadOnlyList<Benchmark>> CreateAsync(BenchContext context)
    {
        List<ForeignClient> clients = [];
        if (await FindNodeAsync() is { } node)
        {
            clients.Add(node);
        }

        if (await FindPythonAsync() is { } python)
        {
            clients.Add(python);
        }

        return [.. Create(context, clients, Size)];
    }

    private static IEnumerable<Benchmark> Create(BenchContext context, IReadOnlyList<ForeignClient> clients, int size)
    {
        string name = $"{size}B";
        Target target = new(Bound.AtLeast, 3);
        yield return Rows($"other-receive-{name}", $"receive flood, {name}", [CalibratedLoop.Rate], target,
        [
            Flood.Receive(context, LibraryClient.Name, size, () => new LibraryClient()),
            Flood.Receive(context, ReactiveClient.Name, size, () => new ReactiveClient()),
            .. clients.Select(client => ForeignFlood(client, "receive")),
        ]);
        yield return Rows($"other-send-{name}", $"send flood, {name}", [CalibratedLoop.Rate], target,
        [
            Flood.Send(context, LibraryClient.Name, Payload.Of(size), () => new LibraryClient()),
            Flood.Send(context, ReactiveClient.Name, Payload.Of(size), () => new ReactiveClient()),
            .. clients.Select(client => ForeignFlood(client, "send")),
        ]);
        int count = context.Options.Quick ? 2000 : 10_000;
        Metric[] times = [new("median", Unit.Microseconds), new("p99", Unit.Microseconds)];
        yield return Rows($"other-latency-{name}", $"ping-pong, {name}, 1 in flight", times, null,
        [
            Latency.Side(context, LibraryClient.Name, size, count, TimeSpan.Zero, () => new LibraryClient()),
            .. clients.Select(client => new Side(client.Name, token => MeasureAsync(client, "latency", count, ["median", "p99"], token))),
        ]);

        Side ForeignFlood(ForeignClient client, string mode) => CalibratedLoop.Side(
            client.Name,
            async (count, token) => TimeSpan.FromSeconds((await MeasureAsync(client, mode, count, ["seconds"], token))[0]),
            context.Options.Duration,
            first: 5000);

        Task<double[]> MeasureAsync(ForeignClient client, string mode, long count, string[] names, CancellationToken cancellationToken) =>
            client.MeasureAsync(mode, context.Server.Raw, count, size, names, cancellationToken);
    }

    private static Benchmark Rows(string name, string title, Metric[] metrics, Target? target, Side[] sides) =>
        new(name, title, metrics, sides)
        {
            Comparisons = [.. sides.Skip(1).SelectMany(side => metrics.Select(metric => new Comparison(metric, side.Name, target)))],
        };

    private static async Task<ForeignClient?> FindNodeAsync()
    {
        string modules = Path.Combine(Layout.Artifacts, "node");
        string package = Path.Combine(modules, "node_modules", "ws", "package.json");
        if (!File.Exists(package) || await ChildProgram.TryRunAsync("node", "--version") is not { } version)
        {
            return null;
        }

        using JsonDocument json = JsonDocument.Parse(await File.ReadAllTextAsync(package));
        return new ForeignClient(
            string.Create(CultureInfo.InvariantCulture, $"ws {json.RootElement.GetProperty("version").GetString()}, Node {version}"),
            "node",
            [Layout.Source("clients", "ws.mjs"), modules]);
    }

    private static async Task<ForeignClient?> FindPythonAsync()
    {
        foreach (string python in s_pythons)
        {
            string code = "import sys, websockets; print(f'websockets {websockets.__version__}, Python {sys.version.split()[0]}')";
            if (await ChildProgram.TryRunAsync(python, "-c", code) is { } name)
            {
                return new ForeignClient(name, python, [Layout.Source("clients", "websockets_client.py")]);
            }
        }

        return null;
    }
}
