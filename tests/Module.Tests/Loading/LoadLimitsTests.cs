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
        Assert.Null(LoadLimits.Of(new WsLoadSummary()));
        WsLoadSummary quiet = new() { ProcessorPercent = 90, LatenessP99 = 10, DelayP99 = 10, DelayMean = 0.24, Mean = 1 };
        Assert.Null(LoadLimits.Of(quiet));

        // The wait of a thread that is woken is as long as a round trip of this machine to itself.
        Assert.Null(LoadLimits.Of(new WsLoadSummary { DelayP99 = 0.2, DelayMean = 0.09, Mean = 0.1 }));
    }

    [Fact]
    public void What_the_limit_was_is_said()
    {
        Assert.Equal("its processors were busy to 91 %", LoadLimits.Of(new WsLoadSummary { ProcessorPercent = 91 }));
        Assert.Equal("messages were up to 11 ms late (p99)", LoadLimits.Of(new WsLoadSummary { LatenessP99 = 11, RatePerConnection = 1 }));
        WsLoadSummary waits = new() { DelayP99 = 80, DelayMean = 4, Mean = 40 };
        Assert.Equal("this process waited up to 80 ms (p99) for a thread or a processor", LoadLimits.Of(waits));
    }

    [Fact]
    public void Waits_that_are_a_large_part_of_the_round_trips_lower_what_a_closed_loop_asks_for()
    {
        WsLoadSummary load = new() { DelayP99 = 3, DelayMean = 0.3, Mean = 1 };
        Assert.Equal("this process waited for a thread or a processor in 30 % of a mean round trip", LoadLimits.Of(load));
        load.RatePerConnection = 10;
        Assert.Null(LoadLimits.Of(load));
    }

    [Fact]
    public void What_waits_counts_once_for_each_time_that_something_would_have_waited()
    {
        Values recorder = new();
        using SemaphoreSlim queued = new(0);
        Action? waiting = null;
        int count = 0;
        LoadDelay delay = new(recorder, action =>
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
        delay.Dispose();
        Assert.True(recorder.All.Count >= 6, $"{recorder.All.Count} values");
        Assert.True(recorder.All[0] >= least.TotalMicroseconds, $"{recorder.All[0]} µs");
        Assert.Equal(recorder.All.Order(), recorder.All.AsEnumerable().Reverse());
        Assert.InRange(recorder.All[^1], 0, 10_000);
    }

    private sealed class Values : ILatencyRecorder
    {
        public List<long> All { get; } = [];

        public void Record(long microseconds) => All.Add(microseconds);

        public ILatencyHistogram TakeInterval() => throw new NotSupportedException();
    }
}
