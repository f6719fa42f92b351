using System.Diagnostics;

namespace MessageWebSockets.PowerShell.Messages;

/// <summary>How long a receive goes on: a limit for the time until the next message is emitted, and one for all of it.</summary>
/// <param name="quiet">The time until the next message; infinite for no limit.</param>
/// <param name="whole">The time in all; infinite for no limit.</param>
internal sealed class ReceiveClock(TimeSpan quiet, TimeSpan whole)
{
    private readonly long _began = Stopwatch.GetTimestamp();
    private long _quietSince = Stopwatch.GetTimestamp();

    /// <summary>The limit for the time until the next message.</summary>
    public TimeSpan Quiet => quiet;

    /// <summary>Whether the time in all is over.</summary>
    public bool IsOver => Left(whole, _began) == TimeSpan.Zero;

    /// <summary>Whether it took too long until the next message.</summary>
    public bool IsTooQuiet => Left(quiet, _quietSince) == TimeSpan.Zero;

    /// <summary>Whether the next limit that is reached is that of the time in all, which is no error.</summary>
    public bool EndsInOrder => whole != Timeout.InfiniteTimeSpan
        && (quiet == Timeout.InfiniteTimeSpan || whole - Stopwatch.GetElapsedTime(_began) <= quiet - Stopwatch.GetElapsedTime(_quietSince));

    /// <summary>How long may still be waited for a message; infinite for no limit.</summary>
    public TimeSpan Left()
    {
        TimeSpan untilQuiet = Left(quiet, _quietSince);
        TimeSpan untilOver = Left(whole, _began);
        return untilQuiet == Timeout.InfiniteTimeSpan || (untilOver != Timeout.InfiniteTimeSpan && untilOver < untilQuiet)
            ? untilOver
            : untilQuiet;
    }

    /// <summary>The time until the next message begins anew.</summary>
    public void Restart() => _quietSince = Stopwatch.GetTimestamp();

    private static TimeSpan Left(TimeSpan limit, long since)
    {
        if (limit == Timeout.InfiniteTimeSpan)
        {
            return limit;
        }

        TimeSpan left = limit - Stopwatch.GetElapsedTime(since);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }
}
