using System.Collections.Concurrent;

namespace MessageWebSockets.Server;

/// <summary>Counts what a handler failed with, and keeps the last of it.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class HandlerErrors
{
    private const int MostKept = 64;

    private readonly ConcurrentQueue<Exception> _kept = new();
    private long _count;

    public long Count => Volatile.Read(ref _count);

    /// <summary>Oldest first.</summary>
    public Exception[] Kept => _kept.ToArray();

    public void Add(Exception error)
    {
        Interlocked.Increment(ref _count);
        _kept.Enqueue(error);
        while (_kept.Count > MostKept)
        {
            _kept.TryDequeue(out _);
        }
    }
}
