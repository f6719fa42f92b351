using Xunit;

namespace MessageWebSockets.Tests.Framing;

public sealed class PeerProgressTests
{
    [Theory]
    [InlineData(11, 5, true, true)]
    [InlineData(10, 5, true, false)]
    [InlineData(9, 5, true, false)]
    [InlineData(11, 5, false, false)]
    [InlineData(10, 6, false, true)]
    [InlineData(10, 6, true, true)]
    [InlineData(11, 4, true, true)]
    [InlineData(11, 4, false, false)]
    public void A_peer_has_taken_what_waited_and_is_acknowledged_or_has_made_room(
        ulong acknowledged, uint window, bool hadWaiting, bool hasTaken) =>
        Assert.Equal(hasTaken, new PeerProgress(acknowledged, window, true).IsBeyond(new PeerProgress(10, 5, hadWaiting)));
}
