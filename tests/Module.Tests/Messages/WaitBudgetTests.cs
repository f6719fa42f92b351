using MessageWebSockets.PowerShell.Messages;
using Xunit;

namespace MessageWebSockets.PowerShell.Tests.Messages;

public sealed class WaitBudgetTests
{
    private readonly StoppedClock _clock = new();

    [Fact]
    public void All_waits_of_one_piece_of_work_share_its_time_and_what_is_between_them_costs_nothing()
    {
        using WaitBudget budget = new(Seconds(5), _clock, CancellationToken.None);

        Assert.Equal([5, 3, 1, 0], [Spend(budget, 2), Spend(budget, 2), Spend(budget, 2), Spend(budget, 2)]);
        Assert.Equal(Seconds(5), budget.Limit);
    }

    [Fact]
    public void The_first_piece_has_what_a_reconnect_before_it_left_and_each_further_one_all()
    {
        using WaitBudget budget = new(Seconds(5), _clock, CancellationToken.None);
        Spend(budget, 4);

        budget.Begin();
        Assert.Equal(1, Spend(budget, 1));
        budget.Begin();
        Assert.Equal([5, 3], [Spend(budget, 2), Spend(budget, 2)]);
        budget.Restart();
        Assert.Equal(5, Spend(budget, 0));
    }

    [Fact]
    public void A_wait_that_fails_has_cost_its_time()
    {
        using WaitBudget budget = new(Seconds(5), _clock, CancellationToken.None);

        Assert.Throws<TimeoutException>(() => budget.Spend<int>(_ =>
        {
            _clock.Advance(Seconds(4));
            throw new TimeoutException();
        }));

        Assert.Equal(Seconds(1), budget.Left);
    }

    [Fact]
    public void Without_a_limit_nothing_is_used_up()
    {
        using WaitBudget budget = new(Timeout.InfiniteTimeSpan, _clock, CancellationToken.None);
        _ = budget.Token;
        budget.Spend(() => _clock.Advance(TimeSpan.FromDays(1)));

        Assert.Equal(Timeout.InfiniteTimeSpan, budget.Left);
        Assert.False(budget.Token.IsCancellationRequested);
    }

    [Fact]
    public void A_wait_is_cancelled_when_the_time_is_over_and_the_next_piece_has_a_token_of_its_own()
    {
        using CancellationTokenSource stop = new();
        using WaitBudget budget = new(TimeSpan.FromMilliseconds(1), TimeProvider.System, stop.Token);
        CancellationToken token = budget.Token;

        budget.Spend(() => token.WaitHandle.WaitOne());

        Assert.True(token.IsCancellationRequested);
        Assert.False(budget.Token.IsCancellationRequested);
        stop.Cancel();
        Assert.True(budget.Token.IsCancellationRequested);
    }

    private static TimeSpan Seconds(int seconds) => TimeSpan.FromSeconds(seconds);

    // What was left as the wait began, in seconds; other things take their time after it.
    private double Spend(WaitBudget budget, int seconds)
    {
        double left = budget.Spend(left =>
        {
            _clock.Advance(Seconds(seconds));
            return left.TotalSeconds;
        });
        _clock.Advance(Seconds(100));
        return left;
    }

    private sealed class StoppedClock : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;

        public void Advance(TimeSpan time) => _now += time.Ticks;
    }
}
