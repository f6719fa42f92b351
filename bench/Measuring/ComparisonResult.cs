namespace MessageWebSockets.Bench;

/// <summary>
/// A line of the table with its numbers. The ratio is that of the medians; its minimum and maximum are those of the rounds, whose two
/// measurements ran next to each other.
/// </summary>
internal sealed record ComparisonResult(
    string Metric, Unit Unit, string Side, Spread Ours, string? Against, Spread? Reference, Spread? Ratio, string? Target, bool? IsMet);
