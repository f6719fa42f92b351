using Xunit;

namespace MessageWebSockets.Tests.Messages;

public sealed class UniversalTimeTests
{
    [Fact]
    public void The_calendar_ends_where_its_years_do()
    {
        long first = UniversalTime.ToTicks(DateTimeOffset.MinValue);
        long last = UniversalTime.ToTicks(DateTimeOffset.MaxValue);

        Assert.Equal(0, UniversalTime.ToTicks(new DateTimeOffset(1601, 1, 1, 0, 0, 0, TimeSpan.Zero)));
        Assert.Equal(DateTimeOffset.MinValue, UniversalTime.FromTicks(first));
        Assert.Equal(DateTimeOffset.MaxValue, UniversalTime.FromTicks(last));
        Assert.Null(UniversalTime.FromTicks(first - 1));
        Assert.Null(UniversalTime.FromTicks(last + 1));
    }
}
