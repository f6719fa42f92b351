namespace MessageWebSockets.Messages;

/// <summary>What an inbox holds, for those who count it and do not read it.</summary>
internal interface IInboxCounts
{
    /// <summary>How many messages are queued.</summary>
    public long Count { get; }

    /// <summary>The payload of the queued messages, in bytes.</summary>
    public long PayloadBytes { get; }

    /// <summary>How many were discarded.</summary>
    public long Dropped { get; }

    /// <summary>Whether the limit is reached.</summary>
    public bool IsFull { get; }
}
