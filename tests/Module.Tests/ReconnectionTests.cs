using MessageWebSockets.PowerShell.Sessions;
using Xunit;

namespace MessageWebSockets.PowerShell.Tests;

public sealed class ReconnectionTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    [Theory]
    [InlineData(1, 5)]
    [InlineData(2, 10)]
    [InlineData(3, 20)]
    [InlineData(4, 40)]
    [InlineData(5, 60)]
    [InlineData(1000, 60)]
    public void A_delay_doubles_up_to_a_minute_and_up_to_half_of_it_is_taken_off(int attempt, int seconds)
    {
        TimeSpan[] delays = [.. Enumerable.Range(0, 100).Select(_ => Reconnection.Delay(attempt, Interval, null))];

        Assert.All(delays, delay => Assert.InRange(delay.TotalSeconds, seconds / 2.0, seconds));
        Assert.True(delays.Distinct().Count() > 1);
    }

    [Theory]
    [InlineData(1, 0, 1, 5, true)]
    [InlineData(0, 4.9, 1, 5, false)]
    [InlineData(0, 5, 1, 5, true)]
    [InlineData(0, 19.9, 3, 5, false)]
    [InlineData(0, 20, 3, 5, true)]
    [InlineData(0, 59.9, 1000, 5, false)]
    [InlineData(0, 60, 1000, 5, true)]
    [InlineData(0, 0.9, 1, 0, false)]
    [InlineData(0, 1, 1, 0.05, true)]
    public void A_connection_was_of_use_that_brought_something_or_lasted_as_long_as_the_delay_before_it(
        long received, double openFor, int attempts, double interval, bool isOfUse) =>
        Assert.Equal(
            isOfUse, Reconnection.WasOfUse(received, TimeSpan.FromSeconds(openFor), attempts, TimeSpan.FromSeconds(interval)));

    [Fact]
    public void A_delay_is_never_shorter_than_what_the_server_asks_for()
    {
        MessageWebSocketException busy = new("busy", 0, null) { RetryAfter = TimeSpan.FromSeconds(90) };
        MessageWebSocketException eager = new("busy", 0, null) { RetryAfter = TimeSpan.FromSeconds(1) };

        Assert.Equal(TimeSpan.FromSeconds(90), Reconnection.Delay(1, Interval, busy));
        Assert.InRange(Reconnection.Delay(1, Interval, eager).TotalSeconds, 2.5, 5);
    }
}
