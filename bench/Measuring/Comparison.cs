namespace MessageWebSockets.Bench;

/// <summary>
/// A line of the table: a metric of the benchmark's first side against the same of another. No other side: the value itself is
/// held against the target. No target: for context.
/// </summary>
internal sealed record Comparison(Metric Metric, string? Against, Target? Target = null);
