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

    // The windows of one look after the other, of a peer that acknowledges nothing more; which of them show that it has read.
    [Theory]
    [InlineData(1000, new[] { 5, 9, 20 }, new[] { false, true, true })]
    [InlineData(1000, new[] { 5, 9, 5, 9, 0, 9 }, new[] { false, true, false, false, false, false })]
    [InlineData(1000, new[] { 9, 5, 8, 10, 5, 10 }, new[] { false, false, false, true, false, false })]
    [InlineData(3, new[] { 1, 2, 3, 4, 5, 6 }, new[] { false, true, true, true, false, false })]
    public void A_window_that_moves_up_and_down_or_creeps_is_no_progress_for_ever(
        ulong acknowledged, int[] windows, bool[] hasTaken)
    {
        List<bool> told = [];
        PeerProgress before = new(acknowledged, uint.MaxValue, IsWaiting: true);
        foreach (int window in windows)
        {
            PeerProgress now = new(acknowledged, (uint)window, IsWaiting: true);
            told.Add(told.Count > 0 && now.IsBeyond(before));
            before = told.Count == 1 ? now : now.Behind(before);
        }

        Assert.Equal(hasTaken, told);
    }
}
