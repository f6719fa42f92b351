using System.Globalization;

namespace MessageWebSockets.Bench;

/// <summary>What the console shows of a row as soon as it is done.</summary>
internal static class ProgressLine
{
    public static IEnumerable<string> Of(BenchmarkResult benchmark)
    {
        if (benchmark.Skipped is not null)
        {
            return [$"{benchmark.Name,-20} skipped: {benchmark.Skipped}"];
        }

        return benchmark.Broken is not null
            ? [$"{benchmark.Name,-20} BROKE: {benchmark.Broken}"]
            : benchmark.Comparisons.Select(line => Of(benchmark.Name, line));
    }

    private static string Of(string name, ComparisonResult line)
    {
        Metric metric = new(line.Metric, line.Unit);
        List<string> parts = [$"{line.Metric} {metric.Format(line.Ours.Median)}"];
        if (line.Reference is { } reference && line.Ratio is { } ratio)
        {
            CultureInfo culture = CultureInfo.InvariantCulture;
            parts.Add($"{line.Against} {metric.Format(reference.Median)}");
            parts.Add(string.Create(culture, $"ratio {ratio.Median:0.00#} ({ratio.Minimum:0.00} – {ratio.Maximum:0.00})"));
        }

        if (line.IsMet is { } met)
        {
            parts.Add($"target {line.Target} {(met ? "met" : "NOT MET")}");
        }

        return $"{name,-20} {string.Join("; ", parts)}";
    }
}
