namespace MessageWebSockets.Bench;

/// <summary>The rounds of one metric.</summary>
internal sealed record Spread(double Median, double Minimum, double Maximum)
{
    public static Spread Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return new Spread(Percentile(sorted, 0.5), sorted[0], sorted[^1]);
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
