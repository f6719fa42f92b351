namespace MessageWebSockets;

/// <summary>Counts what one connection does on its own.</summary>
internal sealed class ConversationCounts
{
    private long _heartbeats;
    private long _replies;
    private long _ignored;

    public long Heartbeats => Volatile.Read(ref _heartbeats);

    public long Replies => Volatile.Read(ref _replies);

    public long Ignored => Volatile.Read(ref _ignored);

    public void CountHeartbeat() => Interlocked.Increment(ref _heartbeats);

    public void CountReply() => Interlocked.Increment(ref _replies);

    public void CountIgnored() => Interlocked.Increment(ref _ignored);
}
