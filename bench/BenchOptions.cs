using System.Globalization;

namespace MessageWebSockets.Bench;

/// <summary>The command line.</summary>
internal sealed record BenchOptions(
    bool Quick, bool Unbound, int Runs, IReadOnlyList<string> Only, string Json, string Markdown, string Module)
{
    private const StringSplitOptions NonEmpty = StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries;

    public const string Usage = """
        usage: dotnet run -c Release --project bench -- [options]
          --quick          3 short rounds in place of 5 to 25, less data: to see that it works, not to quote
          --unbound        leave server and client to the system, in place of a core for each
          --runs N         everything N times over; the table has the ratios of each
          --only A,B       only the benchmarks whose names begin so
          --json PATH      where to write the numbers (artifacts/bench/results.json)
          --markdown PATH  where to write the table (artifacts/bench/results.md); in a file with the lines
                           <!-- bench:begin --> and <!-- bench:end --> only what is between them is replaced
          --module PATH    the module manifest for the cmdlets (WebSocket.psd1 in the root of this repository)
        """;

    public Rounds Rounds => Quick ? new Rounds(3, 3, TimeSpan.MaxValue) : new Rounds(5, 25, TimeSpan.FromSeconds(45));

    /// <summary>How long one measurement of a rate should take.</summary>
    public TimeSpan Duration => TimeSpan.FromSeconds(Quick ? 0.3 : 0.6);

    /// <summary>
    /// How long the code of a side in this process runs before its first round. On one core the runtime takes that long to compile what
    /// is busy in full, beside the work itself.
    /// </summary>
    public TimeSpan WarmUp => TimeSpan.FromSeconds(Quick ? 1 : 4);

    /// <summary>The same for a PowerShell, whose engine is compiled as it runs.</summary>
    public TimeSpan PowerShellWarmUp => TimeSpan.FromSeconds(Quick ? 3 : 20);

    /// <summary>Null if the arguments make no sense.</summary>
    public static BenchOptions? Parse(ReadOnlySpan<string> arguments)
    {
        BenchOptions options = new(
            Quick: false,
            Unbound: false,
            Runs: 1,
            Only: [],
            Json: Path.Combine(Layout.Results, "results.json"),
            Markdown: Path.Combine(Layout.Results, "results.md"),
            Module: Path.Combine(Layout.Root, "WebSocket.psd1"));
        for (int i = 0; i < arguments.Length; i++)
        {
            string? value = i + 1 < arguments.Length ? arguments[i + 1] : null;
            switch (arguments[i])
            {
                case "--quick":
                    options = options with { Quick = true };
                    continue;
                case "--unbound":
                    options = options with { Unbound = true };
                    continue;
                case "--runs" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int runs) && runs > 0:
                    options = options with { Runs = runs };
                    break;
                case "--only" when value is not null:
                    options = options with { Only = value.Split(',', NonEmpty) };
                    break;
                case "--json" when value is not null:
                    options = options with { Json = Path.GetFullPath(value) };
                    break;
                case "--markdown" when value is not null:
                    options = options with { Markdown = Path.GetFullPath(value) };
                    break;
                case "--module" when value is not null:
                    options = options with { Module = Path.GetFullPath(value) };
                    break;
                default:
                    return null;
            }

            i++;
        }

        return options;
    }

    /// <summary>A skipped benchmark may stand for several, whose names begin with its own.</summary>
    public bool Selects(Benchmark benchmark) => Only.Count == 0 || Only.Any(prefix =>
        benchmark.Name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)
        || (benchmark.SkipReason is not null && prefix.StartsWith(benchmark.Name, StringComparison.OrdinalIgnoreCase)));
}
