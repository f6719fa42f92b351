namespace MessageWebSockets.Bench;

/// <summary>
/// A script of five lines in a new process, import and close included, above an empty one: bench/FirstMessage.ps1. What was compiled
/// is a count that no other work on the machine changes.
/// </summary>
internal static class FirstMessage
{
    private const string Script = "script, ClientWebSocket";

    public static Benchmark Create(BenchContext context)
    {
        Metric processor = new("processor time", Unit.Milliseconds);
        Metric compiled = new("methods compiled", Unit.Methods);
        Metric ours = new("methods of ours compiled", Unit.Methods);
        return new Benchmark("cmdlet-first", "a script of five lines in a new process, above an empty one", [processor, compiled, ours],
        [
            new Side("WebSocket", token => MeasureAsync("Module", token)),
            new Side(Script, token => MeasureAsync("Bare", token)),
        ])
        {
            Comparisons =
            [
                new Comparison(processor, Script, new Target(Bound.AtMost, 1.5)),
                new Comparison(compiled, Script),
                new Comparison(ours, null, new Target(Bound.AtMost, 100)),
            ],
        };

        async Task<double[]> MeasureAsync(string script, CancellationToken token)
        {
            // In turn with what is taken off, so that both meet the same machine.
            double[] empty = await RunAsync("Empty", isCounted: false, token);
            double[] full = await RunAsync(script, isCounted: false, token);
            double[] counted = await RunAsync(script, isCounted: true, token);
            return [(full[0] - empty[0]) * 1000, full[1] - empty[1], counted[2]];
        }

        Task<double[]> RunAsync(string script, bool isCounted, CancellationToken token)
        {
            string[] arguments =
            [
                "-NoLogo", "-NoProfile", "-NonInteractive", "-File", Layout.Source("FirstMessage.ps1"),
                "-Script", script,
                "-Path", context.Options.Module,
                "-Server", context.Server.Raw.AbsoluteUri,
                .. isCounted ? ["-Counter", typeof(CompiledMethods).Assembly.Location] : Array.Empty<string>(),
            ];
            return ChildProgram.MeasureAsync("pwsh", arguments, ["processor", "compiled", "ours"], token);
        }
    }
}
