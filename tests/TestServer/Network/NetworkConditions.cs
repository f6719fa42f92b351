namespace MessageWebSockets.TestServer;

/// <summary>What a network does to the bytes that cross it; by default nothing.</summary>
public sealed record NetworkConditions
{
    /// <summary>How long bytes are under way, each way.</summary>
    public TimeSpan Latency { get; init; }

    /// <summary>How much longer that may be, by chance; what comes first arrives first all the same.</summary>
    public TimeSpan Jitter { get; init; }

    /// <summary>How much passes in a second, each way; 0 for no bound.</summary>
    public int BytesPerSecond { get; init; }

    /// <summary>How much passes at once; 0 for what comes.</summary>
    public int ChunkSize { get; init; }

    /// <summary>How many bytes of the server pass before <see cref="Cut"/>; null for no cut.</summary>
    public long? AnswerLimit { get; init; }

    public NetworkCut Cut { get; init; }

    /// <summary>Of the jitter.</summary>
    public int Seed { get; init; }
}
