using System.Globalization;

namespace MessageWebSockets.Bench;

/// <summary>What a script sees: each measurement is bench/Cmdlets.ps1 in a PowerShell of its own.</summary>
internal static class Cmdlets
{
    private const int Size = 100;
    private const string Pipeline = "1..N | Measure-Object";
    private const string Parallel = "ForEach-Object -Parallel, ClientWebSocket";
    private const string Script = "script, ClientWebSocket";

    public static async Task<IReadOnlyList<Benchmark>> CreateAsync(BenchContext context)
    {
        string? skipReason = await FindObstacleAsync(context);
        return skipReason is null
            ? [Receive(context), Send(context), Probe(context), Import(context)]
            : [Benchmark.Skipped("cmdlet", "the cmdlets", skipReason)];
    }

    private static Benchmark Receive(BenchContext context)
    {
        return new Benchmark("cmdlet-receive", "Receive-WsMessage -Count N, 100 B", [CalibratedLoop.Rate],
        [
            Rate(context, "Receive-WsMessage", "Receive", 100_000),
            Rate(context, Pipeline, "Pipeline", 100_000),
            Rate(context, Script, "ReceiveScript", 5000),
        ])
        {
            Comparisons =
            [
                new Comparison(CalibratedLoop.Rate, Pipeline, new Target(Bound.AtLeast, 0.7)),
                new Comparison(CalibratedLoop.Rate, Script, new Target(Bound.AtLeast, 4)),
            ],
        };
    }

    private static Benchmark Send(BenchContext context)
    {
        return new Benchmark("cmdlet-send", "N strings | Send-WsMessage, 100 B", [CalibratedLoop.Rate],
        [
            Rate(context, "Send-WsMessage", "Send", 100_000),
            Rate(context, Pipeline, "Pipeline", 100_000),
            Rate(context, Script, "SendScript", 5000),
        ])
        {
            Comparisons =
            [
                new Comparison(CalibratedLoop.Rate, Pipeline, new Target(Bound.AtLeast, 0.6)),
                new Comparison(CalibratedLoop.Rate, Script, new Target(Bound.AtLeast, 10)),
            ],
        };
    }

    private static Benchmark Probe(BenchContext context) => new("cmdlet-probe", "Test-WsEndpoint, endpoints on loopback", [CalibratedLoop.Rate],
    [
        Rate(context, "Test-WsEndpoint", "Probe", 500),
        Rate(context, Parallel, "ProbeScript", 100),
    ])
    {
        Comparisons = [new Comparison(CalibratedLoop.Rate, Parallel, new Target(Bound.AtLeast, 5))],
    };

    private static Benchmark Import(BenchContext context)
    {
        const string Empty = "empty binary module";
        const string WithFiles = "empty module with types, format and script file";
        const string Bare = "its assembly without manifest";
        Metric time = new("time", Unit.Milliseconds);
        string folder = Path.Combine(Layout.Results, "EmptyModule");
        return new Benchmark("cmdlet-import", "Import-Module in a new process", [time],
        [
            Time("WebSocket", context.Options.Module),
            Time(Empty, Path.Combine(folder, "EmptyModule.psd1")) with
            {
                PrepareAsync = token => RunAsync(context, "NewEmptyModule", 0, folder, token),
            },
            Time(WithFiles, Path.Combine(folder, "WithFiles.psd1")),
            Time(Bare, Path.Combine(folder, "EmptyModule.dll")),
        ])
        {
            Comparisons =
            [
                new Comparison(time, Empty, new Target(Bound.AtMost, 1.5)),
                new Comparison(time, WithFiles),
                new Comparison(time, Bare),
            ],
        };

        Side Time(string name, string path) =>
            new(name, async token => [await RunAsync(context, "Import", 0, path, token) * 1000]);
    }

    /// <summary>Twice the usual time, because each measurement connects anew and in a process that has just warmed up.</summary>
    private static Side Rate(BenchContext context, string name, string measurement, long first) => CalibratedLoop.Side(
        name,
        async (count, token) => TimeSpan.FromSeconds(await RunAsync(context, measurement, count, context.Options.Module, token)),
        context.Options.Duration * 2,
        first);

    private static async Task<double> RunAsync(
        BenchContext context, string measurement, long count, string path, CancellationToken cancellationToken)
    {
        string[] arguments =
        [
            "-NoLogo", "-NoProfile", "-NonInteractive", "-File", Layout.Source("Cmdlets.ps1"),
            "-Measurement", measurement,
            "-Path", path,
            "-Server", context.Server.Raw.AbsoluteUri,
            "-Count", count.ToString(CultureInfo.InvariantCulture),
            "-Size", Size.ToString(CultureInfo.InvariantCulture),
        ];
        return (await ChildProgram.MeasureAsync("pwsh", arguments, ["seconds"], cancellationToken))[0];
    }

    private static async Task<string?> FindObstacleAsync(BenchContext context)
    {
        string built = Path.Combine(Path.GetDirectoryName(context.Options.Module)!, "bin", "MessageWebSockets.PowerShell.dll");
        if (!File.Exists(context.Options.Module) || !File.Exists(built))
        {
            return $"the module is not built ({built})";
        }

        return await ChildProgram.TryRunAsync("pwsh", "--version") is null ? "pwsh is not on PATH" : null;
    }
}
