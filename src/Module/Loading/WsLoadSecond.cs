using MessageWebSockets.PowerShell.Completion;

namespace MessageWebSockets.PowerShell;

/// <summary>One second of a load. Times are in milliseconds; null where nothing was answered.</summary>
public sealed class WsLoadSecond
{
    /// <summary>When it began, in seconds since the first connection was asked for.</summary>
    public double Second { get; init; }

    /// <summary>How long it was, in seconds: the last one, and the one before the load began, are shorter than others.</summary>
    public double DurationSeconds { get; init; }

    /// <summary>Connections that were open at its end.</summary>
    public long Connections { get; init; }

    /// <summary>Messages, or pings, sent.</summary>
    public long Sent { get; init; }

    /// <summary>Messages received.</summary>
    public long Received { get; init; }

    /// <summary>Messages, pings or connects that were answered.</summary>
    public long Answered { get; init; }

    /// <summary>The payload of the messages sent, in bytes.</summary>
    public long BytesSent { get; init; }

    /// <summary>The payload of the messages received, in bytes.</summary>
    public long BytesReceived { get; init; }

    /// <summary>Connections refused or lost, and whatever else went wrong.</summary>
    public long Errors { get; init; }

    /// <summary>The median round trip.</summary>
    public double? Median { get; init; }

    /// <summary>The round trip that 99 of 100 do not exceed.</summary>
    public double? P99 { get; init; }

    /// <summary>The longest round trip.</summary>
    public double? Maximum { get; init; }

    /// <summary>How much of all processors this process used, in percent.</summary>
    public double ProcessorPercent { get; init; }
}
