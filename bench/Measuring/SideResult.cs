namespace MessageWebSockets.Bench;

/// <summary>What one side measured: for each metric, its values round by round.</summary>
internal sealed record SideResult(string Name, IReadOnlyDictionary<string, double[]> Rounds);
