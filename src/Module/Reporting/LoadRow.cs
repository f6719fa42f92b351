using System.Collections;
using System.Management.Automation;
using MessageWebSockets.PowerShell.Errors;

namespace MessageWebSockets.PowerShell.Reporting;

/// <summary>One result of Measure-WsLoad as the report needs it.</summary>
internal sealed record LoadRow(string Address, double Connections, double MessagesPerSecond)
{
    public double Refused { get; private init; }

    public double Errors { get; private init; }

    public string Loop { get; private init; } = "";

    /// <summary>What the connections did; several modes where loads of several were added up, empty where it is not known.</summary>
    public string Mode { get; private init; } = "";

    /// <summary>What <see cref="Timeline"/> counts.</summary>
    public LoadMeasure Measure { get; private init; } = LoadMeasure.Received;

    public bool IsGeneratorLimited { get; private init; }

    /// <summary>Latencies by percentile, in milliseconds.</summary>
    public IReadOnlyList<(string Name, double Milliseconds)> Latencies { get; private init; } = [];

    /// <summary>How much there was of <see cref="Measure"/> in each second, and its 99th percentile in milliseconds.</summary>
    public IReadOnlyList<(double Second, double Rate, double? P99)> Timeline { get; private init; } = [];

    /// <summary>Null for an object that is no summary of a load.</summary>
    public static LoadRow? From(PSObject item)
    {
        if (ReportValue.Text(item, nameof(WsLoadSummary.Uri)) is not { } address
            || ReportValue.Number(item, nameof(WsLoadSummary.Connections)) is not { } connections
            || ReportValue.Number(item, nameof(WsLoadSummary.MessagesPerSecond)) is not { } rate)
        {
            return null;
        }

        (string Name, string Property)[] percentiles =
        [
            ("minimum", nameof(WsLoadSummary.Minimum)), ("median", nameof(WsLoadSummary.Median)), ("p90", nameof(WsLoadSummary.P90)),
            ("p99", nameof(WsLoadSummary.P99)), ("p99.9", nameof(WsLoadSummary.P999)), ("maximum", nameof(WsLoadSummary.Maximum)),
        ];
        string mode = ReportValue.Text(item, nameof(WsLoadSummary.Mode)) ?? "";
        PSObject[] seconds = [.. Seconds(item)];
        LoadMeasure measure = LoadMeasure.Of(mode, seconds);
        return new LoadRow(Redaction.Of(address), connections, rate)
        {
            Mode = mode,
            Measure = measure,
            Refused = ReportValue.Number(item, nameof(WsLoadSummary.Refused)) ?? 0,
            Errors = ReportValue.Number(item, nameof(WsLoadSummary.Errors)) ?? 0,
            Loop = ReportValue.Text(item, nameof(WsLoadSummary.Loop)) ?? "",
            IsGeneratorLimited = ReportValue.TryBoolean(item.Properties[nameof(WsLoadSummary.IsGeneratorLimited)]?.Value, out bool limited)
                && limited,
            Latencies = [.. percentiles
                .Select(one => (one.Name, Time: ReportValue.Number(item, one.Property)))
                .Where(static one => one.Time is not null)
                .Select(static one => (one.Name, one.Time!.Value))],
            Timeline = [.. seconds.Select(second => Row(second, measure.Property))],
        };
    }

    private static (double Second, double Rate, double? P99) Row(PSObject second, string property)
    {
        double length = ReportValue.Number(second, nameof(WsLoadSecond.DurationSeconds)) is { } given and > 0 ? given : 1;
        return (
            ReportValue.Number(second, nameof(WsLoadSecond.Second)) ?? 0,
            (ReportValue.Number(second, property) ?? 0) / length,
            ReportValue.Number(second, nameof(WsLoadSecond.P99)));
    }

    private static IEnumerable<PSObject> Seconds(PSObject item)
    {
        // From CSV it is a text.
        object? timeline = ReportValue.Value(item, nameof(WsLoadSummary.Timeline));
        foreach (object? row in timeline is IEnumerable rows and not string ? rows : Array.Empty<object>())
        {
            if (row is not null && PSObject.AsPSObject(row) is var second
                && ReportValue.Number(second, nameof(WsLoadSecond.Second)) is not null)
            {
                yield return second;
            }
        }
    }
}
