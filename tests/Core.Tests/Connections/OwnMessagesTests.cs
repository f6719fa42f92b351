using Xunit;

namespace MessageWebSockets.Tests.Connections;

/// <summary>Which messages are those of callers.</summary>
public sealed class OwnMessagesTests
{
    [Fact]
    public async Task What_was_announced_and_not_sent_leaves_its_place_to_a_message_of_a_caller()
    {
        await using FrameStream transport = new(new MemoryNetwork(), new FrameTraces());
        OwnMessages own = new(transport.Writer);
        own.Announce(1);
        own.Announce(2);
        Assert.Equal((0L, 0L, 0L), own.CountOthers(static () => 2));
        own.Withdraw();
        Assert.Equal((1L, 0L, 0L), own.CountOthers(static () => 2));
    }
}
