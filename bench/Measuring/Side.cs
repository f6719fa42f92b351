namespace MessageWebSockets.Bench;

/// <summary>One of the things that a benchmark compares.</summary>
/// <param name="Name">Its name in the table.</param>
/// <param name="MeasureAsync">Measures once; gives one value a metric, in the benchmark's order.</param>
internal sealed record Side(string Name, Func<CancellationToken, Task<double[]>> MeasureAsync)
{
    /// <summary>Runs once before the first round: warms up, finds a fitting amount of work.</summary>
    public Func<CancellationToken, Task> PrepareAsync { get; init; } = _ => Task.CompletedTask;

    /// <summary>Runs once when the benchmark is over, whatever came of it.</summary>
    public Action Finish { get; init; } = static () => { };
}
