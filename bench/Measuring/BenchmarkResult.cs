namespace MessageWebSockets.Bench;

/// <summary>What became of a benchmark: numbers, or why there are none.</summary>
internal sealed record BenchmarkResult(
    string Name,
    string Title,
    IReadOnlyList<SideResult> Sides,
    IReadOnlyList<ComparisonResult> Comparisons,
    string? Skipped = null,
    string? Broken = null);
