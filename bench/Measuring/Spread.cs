namespace MessageWebSockets.Bench;

/// <summary>The rounds of one metric.</summary>
/// <param name="Median">Their median.</param>
/// <param name="Minimum">The smallest.</param>
/// <param name="Maximum">The largest.</param>
/// <param name="Uncertainty">
/// How far the median may be off, as a part of it: half of the interval of McGill, Tukey and Larsen, 1.57 times the distance of the
/// quartiles over the root of the number of rounds. Infinite for a single round.
/// </param>
internal sealed record Spread(double Median, double Minimum, double Maximum, double Uncertainty)
{
    public static Spread Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        double median = Percentile(sorted, 0.5);
        double quartiles = Percentile(sorted, 0.75) - Percentile(sorted, 0.25);
        double uncertainty = sorted.Length < 2 ? double.PositiveInfinity : 1.57 * quartiles / Math.Sqrt(sorted.Length) / median;
        return new Spread(median, sorted[0], sorted[^1], uncertainty);
    }

    /// <summary>The value below which a part of the sorted values lies; between two values, their mean by distance.</summary>
    public static double Percentile(ReadOnlySpan<double> sorted, double part)
    {
        double position = part * (sorted.Length - 1);
        int below = (int)position;
        int above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + ((sorted[above] - sorted[below]) * (position - below));
    }
}
