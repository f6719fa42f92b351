using MessageWebSockets.PowerShell.Completion;

namespace MessageWebSockets.PowerShell.Loading;

/// <summary>Times of a histogram in milliseconds.</summary>
internal static class LoadTimes
{
    private const int Digits = 3;
    private const double MicrosecondsPerMillisecond = 1000;

    /// <summary>The time that so many percent do not exceed; null without values.</summary>
    public static double? At(ILatencyHistogram histogram, double percentile) =>
        histogram.Count == 0 ? null : Math.Round(histogram.ValueAt(percentile) / MicrosecondsPerMillisecond, Digits);

    /// <summary>The mean; null without values.</summary>
    public static double? Mean(ILatencyHistogram histogram) =>
        histogram.Count == 0 ? null : Math.Round(histogram.Mean / MicrosecondsPerMillisecond, Digits);
}
