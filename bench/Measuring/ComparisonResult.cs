namespace MessageWebSockets.Bench;

/// <summary>
/// A line of the table with its numbers. The ratios are those of the rounds, whose two measurements ran next to each other: what slows
/// the machine down for a while slows both.
/// </summary>
internal sealed record ComparisonResult(
    string Metric, Unit Unit, string Side, Spread Ours, string? Against, Spread? Reference, Spread? Ratio, string? Target, bool? IsMet);
