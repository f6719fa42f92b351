using MessageWebSockets.PowerShell.Completion;
using MessageWebSockets.PowerShell.Probing;

namespace MessageWebSockets.PowerShell;

/// <summary>How long messages take to a server and back. Times are in milliseconds; null where nothing came back.</summary>
public sealed class WsRoundTripSummary
{
    // Microseconds are as fine as the clock deserves.
    private const int Digits = 3;

    internal WsRoundTripSummary(string socket, string uri, IReadOnlyList<double?> roundTrips)
    {
        Socket = socket;
        Uri = uri;
        RoundTripsMs = [.. roundTrips.Select(static time => time is { } known ? Math.Round(known, Digits) : (double?)null)];
        double[] answered = [.. RoundTripsMs.Where(static time => time is not null).Select(static time => time!.Value)];
        double[] sorted = [.. answered.Order()];
        Count = RoundTripsMs.Length;
        Lost = Count - answered.Length;
        Minimum = sorted.Length > 0 ? sorted[0] : null;
        Mean = sorted.Length > 0 ? Math.Round(sorted.Average(), Digits) : null;
        Median = Percentiles.Median(sorted) is { } median ? Math.Round(median, Digits) : null;
        P95 = Percentiles.NearestRank(sorted, 95);
        P99 = Percentiles.NearestRank(sorted, 99);
        Maximum = sorted.Length > 0 ? sorted[^1] : null;
        Jitter = Percentiles.MeanStep(answered) is { } step ? Math.Round(step, Digits) : null;
    }

    /// <summary>The name of the socket.</summary>
    public string Socket { get; }

    /// <summary>Its address, without secrets.</summary>
    public string Uri { get; }

    /// <summary>How many pings, or messages, were sent.</summary>
    public int Count { get; }

    /// <summary>How many were not answered in time.</summary>
    public int Lost { get; }

    /// <summary>The shortest round trip.</summary>
    public double? Minimum { get; }

    /// <summary>The mean.</summary>
    public double? Mean { get; }

    /// <summary>The median.</summary>
    public double? Median { get; }

    /// <summary>The round trip that 95 of 100 do not exceed (nearest rank: a value that was measured).</summary>
    public double? P95 { get; }

    /// <summary>The round trip that 99 of 100 do not exceed (nearest rank).</summary>
    public double? P99 { get; }

    /// <summary>The longest round trip.</summary>
    public double? Maximum { get; }

    /// <summary>The mean absolute difference between one round trip and the next; null with fewer than two.</summary>
    public double? Jitter { get; }

    /// <summary>Each round trip, in the order of sending; null for one that was lost.</summary>
    public double?[] RoundTripsMs { get; }

    /// <summary>The summary in a line.</summary>
    public override string ToString() =>
        $"{Socket}: {Count} sent, {Lost} lost; round trip in ms: minimum {ProbeText.RoundTrip(this, nameof(Minimum))}, "
        + $"median {ProbeText.RoundTrip(this, nameof(Median))}, "
        + $"P95 {ProbeText.RoundTrip(this, nameof(P95))}, P99 {ProbeText.RoundTrip(this, nameof(P99))}, "
        + $"maximum {ProbeText.RoundTrip(this, nameof(Maximum))}, "
        + $"jitter {ProbeText.RoundTrip(this, nameof(Jitter))}";
}
