using System.Globalization;

namespace MessageWebSockets.Bench;

/// <summary>What a script sees: each side is bench/Cmdlets.ps1 in a PowerShell of its own.</summary>
internal static class Cmdlets
{
    private const int Size = 100;
    private const string Pipeline = "1..N | Measure-Object";
    private const string Parallel = "ForEach-Object -Parallel, ClientWebSocket";
    private const string Script = "script, ClientWebSocket";
    private static readonly Metric TimeEach = new("time each", Unit.Microseconds);
    private static readonly Metric ProcessorTimeEach = new("processor time each", Unit.Microseconds);

    public static async Task<IReadOnlyList<Benchmark>> CreateAsync(BenchContext context)
    {
        string? skipReason = await FindObstacleAsync(context);
        return skipReason is null
            ?
            [
                Receive(context),
                Send(context),
                .. Requests(context),
                .. Json(context),
                Probe(context),
                Import(context),
                FirstMessage.Create(context),
            ]
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
                new Comparison(CalibratedLoop.Rate, Pipeline, new Target(Bound.AtLeast, 0.8)),
                new Comparison(CalibratedLoop.Rate, Script),
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
                new Comparison(CalibratedLoop.Rate, Pipeline, new Target(Bound.AtLeast, 0.75)),
                new Comparison(CalibratedLoop.Rate, Script),
            ],
        };
    }

    private static Benchmark[] Requests(BenchContext context)
    {
        return
        [
            Create("request", "Invoke-WsRequest", "Request"),
            Create("send-receive", "Send-WsMessage, Receive-WsMessage -Raw", "SendReceive"),
        ];

        Benchmark Create(string name, string title, string measurement) =>
            new($"cmdlet-{name}", $"{title}: request and reply, 100 B, a loop in a script", [TimeEach, ProcessorTimeEach],
            [
                Each(context, title, measurement),
                Each(context, Script, "RequestScript"),
            ])
            {
                Comparisons =
                [
                    new Comparison(TimeEach, Script, new Target(Bound.AtMost, 1.3)),
                    new Comparison(ProcessorTimeEach, Script),
                ],
            };
    }

    private static Benchmark[] Json(BenchContext context)
    {
        return
        [
            Create("from-json", "Receive-WsMessage -FromJson", "FromJson", "ConvertFrom-Json", "ConvertFromJson"),
            Create("as-json", "objects | Send-WsMessage -AsJson", "AsJson", "ConvertTo-Json -Compress", "ConvertToJson"),
        ];

        Benchmark Create(string name, string title, string measurement, string reference, string referenceMeasurement) =>
            new($"cmdlet-{name}", $"{title}, 100 B", [TimeEach, ProcessorTimeEach],
            [
                Each(context, title, measurement),
                Each(context, reference, referenceMeasurement),
            ])
            {
                Comparisons =
                [
                    new Comparison(TimeEach, reference, new Target(Bound.AtMost, 1)),
                    new Comparison(ProcessorTimeEach, reference),
                ],
            };
    }

    private static Benchmark Probe(BenchContext context) => new(
        "cmdlet-probe", "Test-WsEndpoint, endpoints on loopback", [CalibratedLoop.Rate],
    [
        Rate(context, "Test-WsEndpoint", "Probe", 500),
        Rate(context, Parallel, "ProbeScript", 100),
    ])
    {
        Comparisons = [new Comparison(CalibratedLoop.Rate, Parallel, new Target(Bound.AtLeast, 10))],
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
                PrepareAsync = token => RunAsync(context, "NewEmptyModule", folder, token),
            },
            Time(WithFiles, Path.Combine(folder, "WithFiles.psd1")),
            Time(Bare, Path.Combine(folder, "EmptyModule.dll")),
        ])
        {
            Comparisons =
            [
                new Comparison(time, WithFiles, new Target(Bound.AtMost, 1.2)),
                new Comparison(time, Empty),
                new Comparison(time, Bare),
            ],
        };

        Side Time(string name, string path) =>
            new(name, async token => [await RunAsync(context, "Import", path, token) * 1000]);
    }

    private static Side Rate(BenchContext context, string name, string measurement, long first) =>
        Measured(context, name, measurement, first, static (count, seconds, _) => [count / seconds]);

    /// <summary>The same the other way round: how long each takes, and what of that the child's processor.</summary>
    private static Side Each(BenchContext context, string name, string measurement) => Measured(
        context, name, measurement, first: 1000, static (count, seconds, processor) => [seconds * 1e6 / count, processor * 1e6 / count]);

    // Twice the usual time, because each measurement connects anew.
    private static Side Measured(
        BenchContext context, string name, string measurement, long first, Func<long, double, double, double[]> toValues)
    {
        MeasuringPowerShell? shell = null;
        double[] last = [];
        Side side = CalibratedLoop.Side(
            name,
            async (count, token) =>
            {
                double[] seconds = await shell!.MeasureAsync(count, token);
                last = toValues(count, seconds[0], seconds[1]);
                return TimeSpan.FromSeconds(seconds[0]);
            },
            context.Options.Duration * 2,
            first,
            context.Options.PowerShellWarmUp);
        return side with
        {
            PrepareAsync = async token =>
            {
                shell = MeasuringPowerShell.Start(Arguments(context, measurement, context.Options.Module));
                await side.PrepareAsync(token);
            },
            MeasureAsync = async token =>
            {
                await side.MeasureAsync(token);
                return last;
            },
            Finish = () => shell?.Dispose(),
        };
    }

    // Once, in a process of its own.
    private static async Task<double> RunAsync(BenchContext context, string measurement, string path, CancellationToken cancellationToken)
    {
        using MeasuringPowerShell shell = MeasuringPowerShell.Start(Arguments(context, measurement, path));
        return (await shell.MeasureAsync(1, cancellationToken))[0];
    }

    private static string[] Arguments(BenchContext context, string measurement, string path) =>
    [
        "-Measurement", measurement,
        "-Path", path,
        "-Server", context.Server.Raw.AbsoluteUri,
        "-Size", Size.ToString(CultureInfo.InvariantCulture),
    ];

    /// <summary>Why the cmdlets cannot be measured here; null if they can.</summary>
    public static async Task<string?> FindObstacleAsync(BenchContext context)
    {
        string built = Path.Combine(Path.GetDirectoryName(context.Options.Module)!, "bin", "MessageWebSockets.PowerShell.dll");
        if (!File.Exists(context.Options.Module) || !File.Exists(built))
        {
            return $"the module is not built ({built})";
        }

        return await ChildProgram.TryRunAsync("pwsh", "--version") is null ? "pwsh is not on PATH" : null;
    }
}
