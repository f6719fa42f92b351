using System.Collections;
using System.Globalization;
using MessageWebSockets.PowerShell.Completion;

namespace MessageWebSockets.PowerShell;

/// <summary>How much a server bore. Times are in milliseconds; null where nothing was answered.</summary>
/// <remarks>
/// Every value survives Export-Clixml, ConvertTo-Json and remoting, the histograms as text, so that Merge-WsLoad can add up summaries
/// of several hosts.
/// </remarks>
public sealed class WsLoadSummary
{
    /// <summary>The address, without secrets.</summary>
    public string Uri { get; internal set; } = "";

    /// <summary>The machines the load came from.</summary>
    public string[] Hosts { get; internal set; } = [];

    /// <summary>What the connections did.</summary>
    public string Mode { get; internal set; } = "";

    /// <summary>When it began, in local time.</summary>
    public DateTime Started { get; internal set; }

    /// <summary>How long the load lasted once all connections were open or refused, in seconds.</summary>
    public double DurationSeconds { get; internal set; }

    /// <summary>How many messages a second each connection was to send; null where each waited for its answer.</summary>
    public double? RatePerConnection { get; internal set; }

    /// <summary>open: messages were due at the rate, whatever the server did. closed: each connection waited for its answer.</summary>
    public string Loop { get; internal set; } = "";

    /// <summary>Whether a round trip counts from when its message was due, so that a stall of the server is seen by all the messages
    /// that were due in it (corrected for coordinated omission). True with a rate.</summary>
    public bool IsCorrected { get; internal set; }

    /// <summary>How many connections were asked for.</summary>
    public long Requested { get; internal set; }

    /// <summary>How many were opened.</summary>
    public long Connections { get; internal set; }

    /// <summary>How many could not be opened.</summary>
    public long Refused { get; internal set; }

    /// <summary>How many for which reason: the name of the status, with the HTTP status where there was one.</summary>
    public IDictionary RefusedBy { get; internal set; } = new SortedList();

    /// <summary>Messages, or pings, sent.</summary>
    public long MessagesSent { get; internal set; }

    /// <summary>Messages received.</summary>
    public long MessagesReceived { get; internal set; }

    /// <summary>The payload of the messages sent, in bytes.</summary>
    public long BytesSent { get; internal set; }

    /// <summary>The payload of the messages received, in bytes.</summary>
    public long BytesReceived { get; internal set; }

    /// <summary>Answers a second while the load lasted: of messages, pings or connects. Of a load without answers what was sent, or
    /// received, a second.</summary>
    public double MessagesPerSecond { get; internal set; }

    /// <summary>How many round trips were measured.</summary>
    public long RoundTrips { get; internal set; }

    /// <summary>The shortest.</summary>
    public double? Minimum { get; internal set; }

    /// <summary>The mean.</summary>
    public double? Mean { get; internal set; }

    /// <summary>The median.</summary>
    public double? Median { get; internal set; }

    /// <summary>The round trip that 90 of 100 do not exceed.</summary>
    public double? P90 { get; internal set; }

    /// <summary>The round trip that 99 of 100 do not exceed.</summary>
    public double? P99 { get; internal set; }

    /// <summary>The round trip that 999 of 1,000 do not exceed.</summary>
    public double? P999 { get; internal set; }

    /// <summary>The longest.</summary>
    public double? Maximum { get; internal set; }

    /// <summary>The median time of a connect: name, TCP, TLS and upgrade.</summary>
    public double? ConnectMedian { get; internal set; }

    /// <summary>The time of a connect that 99 of 100 do not exceed.</summary>
    public double? ConnectP99 { get; internal set; }

    /// <summary>The longest connect.</summary>
    public double? ConnectMaximum { get; internal set; }

    /// <summary>What went wrong on open connections: lost ones, messages that were not sent, answers that did not come.</summary>
    public long Errors { get; internal set; }

    /// <summary>How much of each kind.</summary>
    public IDictionary ErrorsByKind { get; internal set; } = new SortedList();

    /// <summary>A row a second, from the first connection to the last answer.</summary>
    public WsLoadSecond[] Timeline { get; internal set; } = [];

    /// <summary>How much of all processors of its machine this process used while the load lasted, in percent.</summary>
    public double ProcessorPercent { get; internal set; }

    /// <summary>How late messages were said to be due at their rate, in milliseconds, 99 of 100 less; null without a rate.</summary>
    public double? LatenessP99 { get; internal set; }

    /// <summary>How long what this process had to do waited for a thread and a processor while the load lasted, in milliseconds, in the
    /// mean. Each round trip contains such a wait; null where the load was over before one was measured.</summary>
    public double? GeneratorWaitMean { get; internal set; }

    /// <summary>The wait that 99 of 100 do not exceed.</summary>
    public double? GeneratorWaitP99 { get; internal set; }

    /// <summary>Whether the machine that made the load was at its own limit: what was measured then may be its own.</summary>
    public bool IsGeneratorLimited { get; internal set; }

    /// <summary>Whether Ctrl+C ended it.</summary>
    public bool IsInterrupted { get; internal set; }

    /// <summary>The round trips, in the compressed format of HdrHistogram as base64, in microseconds.</summary>
    public string Histogram { get; internal set; } = "";

    /// <summary>The times of the connects, as <see cref="Histogram"/>.</summary>
    public string ConnectHistogram { get; internal set; } = "";

    /// <summary>The summary in a line.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Uri}: {Connections} connections, {Refused} refused; {MessagesPerSecond:0.#} messages/s; round trip in ms: "
        + $"median {Median:0.###}, P99 {P99:0.###}, P99.9 {P999:0.###}, maximum {Maximum:0.###}; {Errors} errors");
}
