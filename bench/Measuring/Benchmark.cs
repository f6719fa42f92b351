namespace MessageWebSockets.Bench;

/// <summary>A question, the sides that answer it and how their answers are compared. The first side is ours.</summary>
internal sealed record Benchmark(string Name, string Title, IReadOnlyList<Metric> Metrics, IReadOnlyList<Side> Sides)
{
    public required IReadOnlyList<Comparison> Comparisons { get; init; }

    /// <summary>Why it cannot run on this machine; null if it can.</summary>
    public string? SkipReason { get; init; }

    /// <summary>How many rounds at most; for one that compares nothing and takes long.</summary>
    public int MaximumRounds { get; init; } = int.MaxValue;

    /// <summary>How long one measurement may take before it counts as broken.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(2);

    public static Benchmark Skipped(string name, string title, string reason) =>
        new(name, title, [], []) { Comparisons = [], SkipReason = reason };
}
