namespace MessageWebSockets.PowerShell.Probing;

/// <summary>Order statistics of a sample.</summary>
internal static class Percentiles
{
    /// <summary>The middle value, or the mean of the two in the middle; null for an empty sample.</summary>
    public static double? Median(IReadOnlyList<double> sorted)
    {
        int half = sorted.Count / 2;
        return sorted.Count switch
        {
            0 => null,
            var count when count % 2 == 1 => sorted[half],
            _ => (sorted[half - 1] + sorted[half]) / 2,
        };
    }

    /// <summary>The nearest-rank percentile, which is always a value that was measured; null for an empty sample.</summary>
    /// <param name="sorted">The sample in ascending order.</param>
    /// <param name="percent">Above 0, at most 100.</param>
    public static double? NearestRank(IReadOnlyList<double> sorted, double percent) =>
        sorted.Count == 0 ? null : sorted[Math.Clamp((int)Math.Ceiling(percent / 100 * sorted.Count) - 1, 0, sorted.Count - 1)];

    /// <summary>
    /// The mean absolute difference between one value and the next, in their order: what RFC 3550 section 6.4.1 calls jitter, without
    /// its smoothing, which forgets all but the last few; null for fewer than two values.
    /// </summary>
    public static double? MeanStep(IReadOnlyList<double> values)
    {
        if (values.Count < 2)
        {
            return null;
        }

        double sum = 0;
        for (int index = 1; index < values.Count; index++)
        {
            sum += Math.Abs(values[index] - values[index - 1]);
        }

        return sum / (values.Count - 1);
    }
}
