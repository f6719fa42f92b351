using System.Globalization;
using MessageWebSockets.PowerShell.Loading;
using MessageWebSockets.PowerShell.Views;

namespace MessageWebSockets.PowerShell;

/// <summary>How a load looks in the default views, the progress bar and the warnings.</summary>
public static class LoadText
{
    /// <summary>A time in milliseconds as text with its unit; empty for none.</summary>
    /// <param name="milliseconds">The time; null for none.</param>
    public static string Time(double? milliseconds) => milliseconds switch
    {
        null => "",
        < 9.95 => string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0.0} ms"),
        < 999.5 => string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0} ms"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 1000:0.0} s"),
    };

    /// <summary>A number with separators between its thousands.</summary>
    /// <param name="number">The number; null for none.</param>
    public static string Number(double? number) => number?.ToString("N0", CultureInfo.InvariantCulture) ?? "";

    /// <summary>The round trips in a line; empty without any.</summary>
    /// <param name="minimum">The shortest, in milliseconds like all of them.</param>
    /// <param name="median">The median.</param>
    /// <param name="p90">The one that 90 of 100 do not exceed.</param>
    /// <param name="p99">The one that 99 of 100 do not exceed.</param>
    /// <param name="p999">The one that 999 of 1,000 do not exceed.</param>
    /// <param name="maximum">The longest.</param>
    public static string Latency(double? minimum, double? median, double? p90, double? p99, double? p999, double? maximum) => median is null
        ? ""
        : $"min {Time(minimum)}, median {Time(median)}, p90 {Time(p90)}, p99 {Time(p99)}, p99.9 {Time(p999)}, max {Time(maximum)}";

    /// <summary>An amount of bytes with its unit.</summary>
    /// <param name="bytes">The amount.</param>
    public static string Bytes(long bytes) => ByteCount.Of(bytes);

    /// <summary>Counts by name in a line, with visible escapes; empty without any.</summary>
    /// <param name="counts">A dictionary, or the object that JSON makes of one.</param>
    public static string Counts(object? counts) =>
        TerminalText.Escape(string.Join(", ", LoadSummaries.Pairs(counts).Select(static pair => $"{pair.Key}: {Number(pair.Value)}")));

    internal static string Progress(LoadTally tally, WsLoadSecond second)
    {
        double rate = second.DurationSeconds > 0
            ? Math.Max(second.Answered, Math.Max(second.Sent, second.Received)) / second.DurationSeconds
            : 0;
        string slow = second.P99 is null ? "" : $", p99 {Time(second.P99)}";
        string wrong = tally.Refusals + tally.Errors == 0 ? "" : $"; {Number(tally.Refusals)} refused, {Number(tally.Errors)} errors";

        // What changes first: a narrow screen cuts off the rest.
        return $"{Number(rate)}/s{slow}{wrong}; {Number(tally.Open)} connections";
    }

    /// <summary>
    /// What is wrong with the round trips of messages whose answers are taken in their order: where more comes than was sent, something
    /// that answers nothing was taken for an answer. Null for nothing.
    /// </summary>
    internal static string? Unasked(WsLoadSummary summary, bool areNumbered)
    {
        bool areAnswers = areNumbered || summary.Mode != nameof(WsLoadMode.Echo) || summary.MessagesReceived <= summary.MessagesSent;
        return areAnswers ? null
            : $"{Number(summary.MessagesReceived)} messages came and {Number(summary.MessagesSent)} were sent. Answers to these messages "
                + "are taken in their order, so what the server sends of its own, as a broadcast or a greeting, was taken for answers, and "
                + "the round trips are wrong. Messages of -Size 16 or more are told by their numbers.";
    }

    /// <summary>What of this machine may have been the limit; null for nothing.</summary>
    internal static string? Limits(WsLoadSummary summary)
    {
        if (!summary.IsGeneratorLimited)
        {
            return null;
        }

        string why = LoadLimits.Of(summary) ?? "the script of -Message did not make messages as fast as they were sent";
        return $"This machine was at its own limit ({why}), so the server may bear more. "
            + "Ask for less, or spread the load over several machines and add them up with Merge-WsLoad.";
    }
}
