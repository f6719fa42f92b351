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
        text.Append(culture, $"{machine.Started:yyyy-MM-dd HH:mm} UTC, commit {machine.Commit ?? "unknown"}, {Runs(report)}{report.Rounds}")
            .Append(report.Quick ? " with --quick: these numbers show that it works, not how fast it is.\n\n" : ".\n\n")
            .Append(culture, $"{machine.Processor}, {machine.Cores} cores, {machine.MemoryGiB:0} GiB; {machine.System}; {machine.Runtime}")
            .Append(machine.PowerShell is null ? "" : $"; {machine.PowerShell}")
            .Append(machine.LoadAtStart is { } load ? string.Create(culture, $"; load average at the start {load:0.0}") : "")
            .Append(culture, $"; {machine.Binding}.\n\n")
            .Append("| benchmark | what | ours | against | reference | ratio | target | met |\n")
            .Append("| --- | --- | --- | --- | --- | --- | --- | --- |\n");
        for (int i = 0; i < report.Runs[0].Count; i++)
        {
            AppendLines(text, [.. report.Runs.Select(run => run[i])]);
        }

        return text.ToString();
    }

    // Of one benchmark in every run.
    private static void AppendLines(StringBuilder text, IReadOnlyList<BenchmarkResult> runs)
    {
        foreach (BenchmarkResult run in runs)
        {
            if ((run.Skipped ?? run.Broken) is { } reason)
            {
                string kind = run.Skipped is null ? "broke" : "skipped";
                AppendRow(text, [run.Name, run.Title, $"{kind}: {reason}", "", "", "", "", ""]);
            }
        }

        foreach (IGrouping<(string Metric, string? Against), ComparisonResult> line in
            runs.SelectMany(static run => run.Comparisons).GroupBy(static line => (line.Metric, line.Against)))
        {
            ComparisonResult last = line.Last();
            Metric metric = new(last.Metric, last.Unit);
            string ratios = string.Join("; ", line.Select(static run => run.Ratio).OfType<Spread>().Select(Ratio));
            string reference = last.Reference is null ? "" : Values(metric, line.Select(static run => run.Reference!));
            int met = line.Count(static run => run.IsMet == true);
            string isMet = last.IsMet is null ? "" : met == line.Count() ? "yes" : met == 0 ? "**no**" : $"**{met} of {line.Count()}**";
            string what = $"{runs[0].Title}: {last.Metric}";
            string ours = Values(metric, line.Select(static run => run.Ours));
            AppendRow(text, [runs[0].Name, what, ours, last.Against ?? "", reference, ratios, last.Target ?? "", isMet]);
        }
    }

    private static void AppendRow(StringBuilder text, IEnumerable<string> cells) =>
        text.Append("| ").AppendJoin(" | ", cells.Select(Escape)).Append(" |\n");

    private static string Values(Metric metric, IEnumerable<Spread> runs) =>
        string.Join("; ", runs.Select(run => $"{metric.Format(run.Median)} ({metric.Format(run.Minimum)} – {metric.Format(run.Maximum)})"));

    private static string Runs(RunReport report) =>
        report.Runs.Count == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $"{report.Runs.Count} runs of ");

    private static string Ratio(Spread ratio) =>
        string.Create(CultureInfo.InvariantCulture, $"{ratio.Median:0.00#} ({ratio.Minimum:0.00} – {ratio.Maximum:0.00})");

    private static string Escape(string cell) => cell.ReplaceLineEndings(" ").Replace("|", "\\|", StringComparison.Ordinal);
}
