namespace MessageWebSockets.Bench;

/// <summary>A run with everything it measured.</summary>
internal sealed record RunReport(Machine Machine, bool Quick, string Rounds, IReadOnlyList<BenchmarkResult> Benchmarks);
