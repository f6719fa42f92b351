namespace MessageWebSockets.Server;

/// <summary>How many messages went through a connection, and with it through its server.</summary>
/// <remarks>Thread-safe.</remarks>
/// <param name="all">Counts those of every connection; null where this is that.</param>
internal sealed class MessageCounts(MessageCounts? all)
{
    private long _received;
    private long _sent;

    public long Received => Volatile.Read(ref _received);

    public long Sent => Volatile.Read(ref _sent);

    public void CountReceived()
    {
        Interlocked.Increment(ref _received);
        all?.CountReceived();
    }

    public void CountSent()
    {
        Interlocked.Increment(ref _sent);
        all?.CountSent();
    }
}
