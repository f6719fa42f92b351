using System.Diagnostics;
using MessageWebSockets.PowerShell.Loading;
using Xunit;

namespace MessageWebSockets.PowerShell.Tests.Loading;

/// <summary>What a load says of the machine that makes it.</summary>
public sealed class LoadLimitsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public void A_machine_with_room_is_no_limit()
    {
        Assert.Null(LoadLimits.Of(new WsLoadSummary { DurationSeconds = 1 }));
        WsLoadSummary quiet = new()
        {
            DurationSeconds = 1, ProcessorPercent = 90, LatenessP99 = 10, GeneratorWaitP99 = 10, GeneratorWaitMean = 0.24, Mean = 1,
        };
        Assert.Null(LoadLimits.Of(quiet));

        // The wait of a thread that is woken is as long as a round trip of this machine to itself.
        Assert.Null(LoadLimits.Of(new WsLoadSummary { DurationSeconds = 1, GeneratorWaitP99 = 0.2, GeneratorWaitMean = 0.09, Mean = 0.1 }));
    }

    [Fact]
    public void A_load_that_is_over_at_once_says_nothing_of_the_machine() => Assert.Null(LoadLimits.Of(new WsLoadSummary
    {
        DurationSeconds = 0.9, ProcessorPercent = 95, LatenessP99 = 11, GeneratorWaitP99 = 80, GeneratorWaitMean = 4, Mean = 4,
    }));

    [Fact]
    public void What_the_limit_was_is_said()
    {
        Assert.Equal("its processors were busy to 91 %", LoadLimits.Of(new WsLoadSummary { DurationSeconds = 1, ProcessorPercent = 91 }));
        WsLoadSummary late = new() { DurationSeconds = 1, LatenessP99 = 11, RatePerConnection = 1 };
        Assert.Equal("messages were up to 11 ms late (p99)", LoadLimits.Of(late));
        WsLoadSummary waits = new() { DurationSeconds = 1, GeneratorWaitP99 = 80, GeneratorWaitMean = 4, Mean = 40 };
        Assert.Equal("this process waited up to 80 ms (p99) for a thread or a processor", LoadLimits.Of(waits));
    }

    [Fact]
    public void Waits_that_are_a_large_part_of_the_round_trips_lower_what_a_closed_loop_asks_for()
    {
        WsLoadSummary load = new() { DurationSeconds = 1, GeneratorWaitP99 = 3, GeneratorWaitMean = 0.3, Mean = 1 };
        Assert.Equal("this process waited for a thread or a processor in 30 % of a mean round trip", LoadLimits.Of(load));
        load.RatePerConnection = 10;
        Assert.Null(LoadLimits.Of(load));
    }

    [Fact]
    public void What_waits_counts_also_for_what_would_have_waited_behind_it()
    {
        Waits waits = new();
        using SemaphoreSlim queued = new(0);
        Action? waiting = null;
        int count = 0;
        using GeneratorWait measuring = new(waits, action =>
        {
            waiting = action;
            count++;
            queued.Release();
        });
        Assert.True(queued.Wait(Patience, TestContext.Current.CancellationToken));
        long seen = Stopwatch.GetTimestamp();

        // Five times that something else would have been queued.
        TimeSpan least = TimeSpan.FromMilliseconds(50);
        SpinWait.SpinUntil(() => Stopwatch.GetElapsedTime(seen) >= least);
        Assert.Equal(1, count);
        waiting!();
        Assert.True(queued.Wait(Patience, TestContext.Current.CancellationToken));

        (long microseconds, long interval) = Assert.Single(waits.All);
        Assert.True(microseconds >= least.TotalMicroseconds, $"{microseconds} µs");
        Assert.Equal(10_000, interval);
    }

    private sealed class Waits : ILatencyRecorder
    {
        public List<(long Microseconds, long Interval)> All { get; } = [];

        public void Record(long microseconds) => throw new NotSupportedException();

        public void Record(long microseconds, long expectedInterval) => All.Add((microseconds, expectedInterval));

        public ILatencyHistogram TakeInterval() => throw new NotSupportedException();
    }
}
