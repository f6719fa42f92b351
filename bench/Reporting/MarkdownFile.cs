using System.Globalization;
using System.Text;

namespace MessageWebSockets.Bench;

/// <summary>The report for people: the machine, and a line for every comparison.</summary>
internal static class MarkdownFile
{
    private const string Begin = "<!-- bench:begin -->";
    private const string End = "<!-- bench:end -->";

    /// <summary>Writes a file of its own, or into an existing one between its two marks.</summary>
    public static async Task WriteAsync(string path, RunReport report)
    {
        string text = Format(report);
        if (File.Exists(path))
        {
            string old = await File.ReadAllTextAsync(path);
            int begin = old.IndexOf(Begin, StringComparison.Ordinal);
            int end = old.IndexOf(End, StringComparison.Ordinal);
            if (begin >= 0 && end > begin)
            {
                text = $"{old[..(begin + Begin.Length)]}\n{text}{old[end..]}";
            }
        }

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await File.WriteAllTextAsync(path, text);
    }

    private static string Format(RunReport report)
    {
        StringBuilder text = new();
        Machine machine = report.Machine;
        CultureInfo culture = CultureInfo.InvariantCulture;
        text.Append(culture, $"{machine.Started:yyyy-MM-dd HH:mm} UTC, commit {machine.Commit ?? "unknown"}, {report.Rounds}")
            .Append(report.Quick ? " with --quick: these numbers show that it works, not how fast it is.\n\n" : ".\n\n")
            .Append(culture, $"{machine.Processor}, {machine.Cores} cores, {machine.MemoryGiB:0} GiB; {machine.System}; {machine.Runtime}")
            .Append(machine.PowerShell is null ? "" : $"; {machine.PowerShell}")
            .Append(machine.LoadAtStart is { } load ? string.Create(culture, $"; load average at the start {load:0.0}") : "")
            .Append(culture, $"; {machine.Binding}.\n\n")
            .Append("| benchmark | what | ours | against | reference | ratio | target | met |\n")
            .Append("| --- | --- | --- | --- | --- | --- | --- | --- |\n");
        foreach (BenchmarkResult benchmark in report.Benchmarks)
        {
            AppendLines(text, benchmark);
        }

        return text.ToString();
    }

    private static void AppendLines(StringBuilder text, BenchmarkResult benchmark)
    {
        if ((benchmark.Skipped ?? benchmark.Broken) is { } reason)
        {
            string kind = benchmark.Skipped is null ? "broke" : "skipped";
            AppendRow(text, [benchmark.Name, benchmark.Title, $"{kind}: {reason}", "", "", "", "", ""]);
        }

        foreach (ComparisonResult line in benchmark.Comparisons)
        {
            Metric metric = new(line.Metric, line.Unit);
            string ratio = line.Ratio is null ? "" : Ratio(line.Ratio);
            string reference = line.Reference is null ? "" : Values(metric, line.Reference);
            string met = line.IsMet switch { true => "yes", false => "**no**", null => "" };
            string what = $"{benchmark.Title}: {line.Metric}";
            string ours = Values(metric, line.Ours);
            AppendRow(text, [benchmark.Name, what, ours, line.Against ?? "", reference, ratio, line.Target ?? "", met]);
        }
    }

    private static void AppendRow(StringBuilder text, IEnumerable<string> cells) =>
        text.Append("| ").AppendJoin(" | ", cells.Select(Escape)).Append(" |\n");

    private static string Values(Metric metric, Spread spread) =>
        $"{metric.Format(spread.Median)} ({metric.Format(spread.Minimum)} – {metric.Format(spread.Maximum)})";

    private static string Ratio(Spread ratio) =>
        string.Create(CultureInfo.InvariantCulture, $"{ratio.Median:0.00#} ({ratio.Minimum:0.00} – {ratio.Maximum:0.00})");

    private static string Escape(string cell) => cell.ReplaceLineEndings(" ").Replace("|", "\\|", StringComparison.Ordinal);
}
