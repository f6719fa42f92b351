using System.Collections.Concurrent;

namespace MessageWebSockets.PowerShell.Loading;

/// <summary>What the connections of a load count together.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class LoadTally
{
    private readonly ConcurrentDictionary<string, long> _errors = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> _refusals = new(StringComparer.Ordinal);
    private long _opened;
    private long _open;
    private long _sent;
    private long _received;
    private long _bytesSent;
    private long _bytesReceived;
    private long _errorCount;
    private long _refusalCount;
    private long _answered;

    /// <summary>Connections that were opened.</summary>
    public long Opened => Volatile.Read(ref _opened);

    /// <summary>Connections that are open now.</summary>
    public long Open => Volatile.Read(ref _open);

    public long Sent => Volatile.Read(ref _sent);

    public long Received => Volatile.Read(ref _received);

    /// <summary>The payload of what was sent.</summary>
    public long BytesSent => Volatile.Read(ref _bytesSent);

    /// <summary>The payload of what was received.</summary>
    public long BytesReceived => Volatile.Read(ref _bytesReceived);

    /// <summary>Messages and pings whose answer came.</summary>
    public long Answered => Volatile.Read(ref _answered);

    /// <summary>What went wrong on connections that were open.</summary>
    public long Errors => Volatile.Read(ref _errorCount);

    /// <summary>Connections that could not be opened.</summary>
    public long Refusals => Volatile.Read(ref _refusalCount);

    public IReadOnlyDictionary<string, long> ErrorsByKind => _errors;

    public IReadOnlyDictionary<string, long> RefusalsByKind => _refusals;

    public void CountOpened()
    {
        Interlocked.Increment(ref _opened);
        Interlocked.Increment(ref _open);
    }

    public void CountEnded() => Interlocked.Decrement(ref _open);

    public void CountSent(long bytes)
    {
        Interlocked.Increment(ref _sent);
        Interlocked.Add(ref _bytesSent, bytes);
    }

    public void CountReceived(long bytes)
    {
        Interlocked.Increment(ref _received);
        Interlocked.Add(ref _bytesReceived, bytes);
    }

    public void CountAnswer() => Interlocked.Increment(ref _answered);

    /// <param name="kind">The name of what went wrong.</param>
    /// <param name="times">How often.</param>
    public void CountError(string kind, long times = 1)
    {
        Interlocked.Add(ref _errorCount, times);
        _errors.AddOrUpdate(kind, times, (_, before) => before + times);
    }

    /// <inheritdoc cref="CountError"/>
    public void CountErrorIfAny(string kind, long times)
    {
        if (times > 0)
        {
            CountError(kind, times);
        }
    }

    public void CountRefusal(string kind)
    {
        Interlocked.Increment(ref _refusalCount);
        _refusals.AddOrUpdate(kind, 1, static (_, before) => before + 1);
    }
}
