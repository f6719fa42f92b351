using System.Diagnostics;

namespace MessageWebSockets.Bench;

/// <summary>How long a benchmark goes on: until its ratios are known well enough, within bounds.</summary>
/// <param name="Least">The rounds that every benchmark has.</param>
/// <param name="Most">The rounds that none has more than.</param>
/// <param name="Longest">No round begins later, but for the least.</param>
internal sealed record Rounds(int Least, int Most, TimeSpan Longest)
{
    // Of the half width of a ratio's interval.
    private const double Enough = 0.1;

    public override string ToString() => Least == Most ? $"{Least} rounds" : $"{Least} to {Most} rounds";

    /// <summary>Whether another round is worth its time.</summary>
    /// <param name="done">How many there were.</param>
    /// <param name="clock">Since the first began.</param>
    /// <param name="ratios">Those of the rounds, for every ratio that has a target.</param>
    public bool NeedMore(int done, Stopwatch clock, IEnumerable<Spread> ratios) =>
        done < Least || (done < Most && clock.Elapsed < Longest && ratios.Any(static ratio => ratio.Uncertainty > Enough));
}
