using System.Diagnostics;

namespace MessageWebSockets.PowerShell.Loading;

/// <summary>
/// Measures how long what is to be done in this process waits for a thread of its pool and for a processor. Each answer waits as long
/// before it is seen, so a server cannot look faster than that, whatever it does.
/// </summary>
/// <remarks>
/// A hundred times a second something to do is queued as answers are. While one waits no other is queued; it counts for those too, else a
/// long wait would be a single value among many short ones.
/// </remarks>
internal sealed class GeneratorWait : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);

    private readonly ILatencyRecorder _waits;
    private readonly Action<Action> _queue;
    private readonly ManualResetEventSlim _over = new();
    private readonly Thread _thread;
    private long _queued;

    /// <param name="waits">Gets the waits, in microseconds.</param>
    /// <param name="queue">Has something done by a thread of the pool.</param>
    public GeneratorWait(ILatencyRecorder waits, Action<Action> queue)
    {
        _waits = waits;
        _queue = queue;
        _thread = new Thread(Run) { IsBackground = true, Name = nameof(GeneratorWait), Priority = ThreadPriority.AboveNormal };
        _thread.Start();
    }

    /// <summary>Queues at the thread pool, behind what is there.</summary>
    public static void QueueAtPool(Action action) =>
        ThreadPool.UnsafeQueueUserWorkItem(static action => action(), action, preferLocal: false);

    /// <summary>Measures no more.</summary>
    public void Dispose()
    {
        _over.Set();
        _thread.Join();
        _over.Dispose();
    }

    private void Run()
    {
        while (!_over.Wait(Interval))
        {
            if (Interlocked.CompareExchange(ref _queued, Stopwatch.GetTimestamp(), 0) == 0)
            {
                _queue(Record);
            }
        }
    }

    private void Record()
    {
        TimeSpan wait = Stopwatch.GetElapsedTime(Volatile.Read(ref _queued));
        _waits.Record((long)wait.TotalMicroseconds, (long)Interval.TotalMicroseconds);
        Volatile.Write(ref _queued, 0);
    }
}
