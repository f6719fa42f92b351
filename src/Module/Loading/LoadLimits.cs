using System.Globalization;

namespace MessageWebSockets.PowerShell.Loading;

/// <summary>Where the machine that makes a load is the limit, and not the server.</summary>
internal static class LoadLimits
{
    // A process that has so much of all processors gets no more.
    private const double BusyPercent = 90;

    // In milliseconds, 99 of 100 times: more than a network adds where latencies matter.
    private const double LongWait = 10;

    // Of a mean round trip. Connections that wait for their answers carry so many more messages where this process does not have to wait.
    private const double LargePart = 0.25;

    // In milliseconds: what it takes to wake a thread where all processors are idle is no wait.
    private const double NoticeableWait = 0.1;

    // What is shorter is over while the process still compiles what it runs.
    private const double ShortestSeconds = 1;

    /// <summary>What of the machine was the limit, as its numbers say; null for nothing.</summary>
    public static string? Of(WsLoadSummary summary)
    {
        if (summary.DurationSeconds < ShortestSeconds)
        {
            return null;
        }

        if (summary.ProcessorPercent > BusyPercent)
        {
            return $"its processors were busy to {Percent(summary.ProcessorPercent)}";
        }

        if (summary.LatenessP99 > LongWait)
        {
            return $"messages were up to {LoadText.Time(summary.LatenessP99)} late (p99)";
        }

        if (summary.GeneratorWaitP99 > LongWait)
        {
            return $"this process waited up to {LoadText.Time(summary.GeneratorWaitP99)} (p99) for a thread or a processor";
        }

        // At a rate the messages are sent all the same.
        double? wait = summary.RatePerConnection is null ? summary.GeneratorWaitMean : null;
        return wait > NoticeableWait && wait >= summary.Mean * LargePart
            ? $"this process waited for a thread or a processor in {Percent(100 * wait / summary.Mean)} of a mean round trip"
            : null;
    }

    private static string Percent(double? percent) => string.Create(CultureInfo.InvariantCulture, $"{Math.Min(100, percent ?? 0):0} %");
}
