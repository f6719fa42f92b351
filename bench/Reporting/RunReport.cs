namespace MessageWebSockets.Bench;

/// <summary>A run with everything it measured.</summary>
/// <param name="Machine">Where it ran.</param>
/// <param name="Quick">Whether it only shows that everything works.</param>
/// <param name="Rounds">How many rounds a benchmark has.</param>
/// <param name="Runs">The benchmarks of each run, in the same order in all of them.</param>
internal sealed record RunReport(Machine Machine, bool Quick, string Rounds, IReadOnlyList<IReadOnlyList<BenchmarkResult>> Runs);
