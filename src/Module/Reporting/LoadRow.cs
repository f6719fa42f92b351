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

    public bool IsGeneratorLimited { get; private init; }

    /// <summary>Latencies by percentile, in milliseconds.</summary>
    public IReadOnlyList<(string Name, double Milliseconds)> Latencies { get; private init; } = [];

    /// <summary>What was received in each second, and its 99th percentile in milliseconds.</summary>
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
        return new LoadRow(Redaction.Of(address), connections, rate)
        {
            Refused = ReportValue.Number(item, nameof(WsLoadSummary.Refused)) ?? 0,
            Errors = ReportValue.Number(item, nameof(WsLoadSummary.Errors)) ?? 0,
            Loop = ReportValue.Text(item, nameof(WsLoadSummary.Loop)) ?? "",
            IsGeneratorLimited = ReportValue.TryBoolean(item.Properties[nameof(WsLoadSummary.IsGeneratorLimited)]?.Value, out bool limited)
                && limited,
            Latencies = [.. percentiles
                .Select(one => (one.Name, Time: ReportValue.Number(item, one.Property)))
                .Where(static one => one.Time is not null)
                .Select(static one => (one.Name, one.Time!.Value))],
            Timeline = [.. Seconds(item)],
        };
    }

    private static IEnumerable<(double, double, double?)> Seconds(PSObject item)
    {
        // From CSV it is a text.
        object? timeline = ReportValue.Value(item, nameof(WsLoadSummary.Timeline));
        foreach (object? row in timeline is IEnumerable rows and not string ? rows : Array.Empty<object>())
        {
            if (row is not null && PSObject.AsPSObject(row) is var second
                && ReportValue.Number(second, nameof(WsLoadSecond.Second)) is { } start)
            {
                double length = ReportValue.Number(second, nameof(WsLoadSecond.DurationSeconds)) is { } given and > 0 ? given : 1;
                yield return (
                    start,
                    (ReportValue.Number(second, nameof(WsLoadSecond.Received)) ?? 0) / length,
                    ReportValue.Number(second, nameof(WsLoadSecond.P99)));
            }
        }
    }
}
