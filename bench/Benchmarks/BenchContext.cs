namespace MessageWebSockets.Bench;

/// <summary>What the benchmarks are made from.</summary>
internal sealed record BenchContext(BenchOptions Options, ServerProcess Server);
