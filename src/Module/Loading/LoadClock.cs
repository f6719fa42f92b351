using System.Diagnostics;

namespace MessageWebSockets.PowerShell.Loading;

/// <summary>
/// Says to each connection when its next message is due, at a steady rate and whatever the server does. A load that waited for answers
/// would ask less of a server just when it is slow, and would not see how slow (coordinated omission).
/// </summary>
/// <remarks>
/// A thread of its own, because the thread pool is busy with the answers. How late it is itself is measured: that time is the
/// machine's and not the server's, so a message counts as due when this thread came to say so.
/// </remarks>
internal sealed class LoadClock : IDisposable
{
    private readonly PriorityQueue<LoadWorker, long> _next = new();
    private readonly ILatencyRecorder _lateness;
    private readonly long _interval;
    private readonly Lock _lock = new();
    private readonly ManualResetEventSlim _wake = new();
    private readonly Thread _thread;
    private volatile bool _isOver;

    /// <param name="ratePerConnection">Messages a second.</param>
    /// <param name="lateness">Gets how late this clock is, in microseconds.</param>
    public LoadClock(double ratePerConnection, ILatencyRecorder lateness)
    {
        _lateness = lateness;
        _interval = Math.Max(1, (long)(Stopwatch.Frequency / ratePerConnection));
        _thread = new Thread(Run) { IsBackground = true, Name = nameof(LoadClock), Priority = ThreadPriority.AboveNormal };
        _thread.Start();
    }

    /// <summary>Takes a connection on.</summary>
    /// <param name="worker">The connection.</param>
    /// <param name="phase">Where in its interval it begins, 0 to 1: spread out, so that not all are due at once.</param>
    public void Add(LoadWorker worker, double phase)
    {
        lock (_lock)
        {
            _next.Enqueue(worker, Stopwatch.GetTimestamp() + (long)(phase * _interval));
        }

        _wake.Set();
    }

    /// <summary>Nothing is due any more.</summary>
    public void Dispose()
    {
        _isOver = true;
        _wake.Set();
        _thread.Join();
        _wake.Dispose();
    }

    private void Run()
    {
        while (!_isOver)
        {
            _wake.Reset();
            TimeSpan rest = TellAllThatAreDue();
            if (!_isOver)
            {
                _wake.Wait(rest);
            }
        }
    }

    // The time until the next one is due.
    private TimeSpan TellAllThatAreDue()
    {
        while (!_isOver)
        {
            LoadWorker worker;
            long now = Stopwatch.GetTimestamp();
            lock (_lock)
            {
                if (!_next.TryPeek(out LoadWorker? first, out long due))
                {
                    return Timeout.InfiniteTimeSpan;
                }

                if (due > now)
                {
                    // A timer is exact to a millisecond.
                    TimeSpan rest = Stopwatch.GetElapsedTime(now, due);
                    return rest < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1) : rest;
                }

                worker = first;
                _next.Dequeue();
                _lateness.Record((long)Stopwatch.GetElapsedTime(due, now).TotalMicroseconds);
                if (worker.IsOpen)
                {
                    // From when it was due and not from now: what was late is made up for, and the rate is kept.
                    _next.Enqueue(worker, due + _interval);
                }
            }

            if (worker.IsOpen)
            {
                worker.Due(now);
            }
        }

        return TimeSpan.Zero;
    }
}
