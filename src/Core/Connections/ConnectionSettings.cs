namespace MessageWebSockets.Connections;

/// <summary>What one connection works with; it does not change while the connection lives.</summary>
internal sealed record ConnectionSettings
{
    /// <summary>The address, for messages.</summary>
    public required Uri Uri { get; init; }

    /// <summary>The name of the socket's class, for messages.</summary>
    public required string SocketClass { get; init; }

    /// <summary>What ends each record in a message; null where a message is one.</summary>
    public RecordSeparator? Records { get; init; }

    /// <summary>How often something is sent on its own; zero for never.</summary>
    public TimeSpan KeepAliveInterval { get; init; }

    /// <summary>How long a peer may be silent after a ping; zero sends none.</summary>
    public TimeSpan KeepAliveTimeout { get; init; }

    /// <summary>
    /// How long a peer that takes nothing any more of what was sent may take to answer a close frame; zero for any time.
    /// </summary>
    public TimeSpan CloseTimeout { get; init; }

    /// <summary>How many bytes may wait for a peer that does not read before senders do.</summary>
    public int SendLimitInBytes { get; init; } = OutboundFrames.UsualLimit;

    /// <summary>Tells the time to whoever waits for the end.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Told of each frame.</summary>
    public required FrameTraces Frames { get; init; }
}
