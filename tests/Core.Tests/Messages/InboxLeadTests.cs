using MessageWebSockets.Tests.Loopback;
using Xunit;

namespace MessageWebSockets.Tests.Messages;

public sealed class InboxLeadTests
{
    // How many messages the writer is ahead when it lets the readers catch up: of small ones their number counts, of large ones their size.
    [Theory]
    [InlineData(0, 1280)]
    [InlineData(100, 1280)]
    [InlineData(64 * 1024, 16)]
    [InlineData(1024 * 1024, 1)]
    public void The_writer_is_ahead_by_1280_messages_or_a_mebibyte(int length, int expected)
    {
        Inbox<WsMessage> inbox = new(limitInBytes: 64 * 1024 * 1024, new ReceivePause());

        Assert.Equal(expected, CountUntilAhead(inbox, length));
    }

    [Fact]
    public void The_writer_is_ahead_at_the_limit_of_the_inbox()
    {
        Inbox<WsMessage> inbox = new(limitInBytes: 1000, new ReceivePause());

        Assert.Equal(6, CountUntilAhead(inbox, 100));
        Assert.True(inbox.IsFull);
    }

    [Fact]
    public void Readers_who_keep_up_never_make_the_writer_wait()
    {
        Inbox<WsMessage> inbox = new(limitInBytes: 64 * 1024 * 1024, new ReceivePause());
        for (int i = 0; i < 10_000; i++)
        {
            inbox.Add(Message(100));
            Assert.False(inbox.IsWriterAhead);
            Assert.True(inbox.TryTake(out _));
        }
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_writer_whose_readers_do_not_come_goes_on_by_its_lead_once_more()
    {
        Inbox<WsMessage> inbox = new(limitInBytes: 64 * 1024 * 1024, new ReceivePause());
        Assert.Equal(1280, CountUntilAhead(inbox, 0));
        await inbox.WaitForReadersAsync();
        Assert.False(inbox.IsWriterAhead);
        Assert.Equal(1280, CountUntilAhead(inbox, 0));
        await inbox.WaitForReadersAsync();
        Assert.Equal(1280, CountUntilAhead(inbox, 0));
        Take(inbox, 3 * 1280);
        Assert.Equal(1280, CountUntilAhead(inbox, 0));
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_lead_that_the_readers_halve_is_not_caught_up_with_yet()
    {
        Inbox<WsMessage> inbox = new(limitInBytes: 64 * 1024 * 1024, new ReceivePause());
        Assert.Equal(1280, CountUntilAhead(inbox, 0));
        Take(inbox, 640);
        await inbox.WaitForReadersAsync();
        Assert.Equal(1280, CountUntilAhead(inbox, 0));
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_writer_whose_readers_have_caught_up_is_ahead_by_its_lead_whatever_is_left()
    {
        Inbox<WsMessage> inbox = new(limitInBytes: 64 * 1024 * 1024, new ReceivePause());
        int large = CountUntilAhead(inbox, 1000);
        Take(inbox, large - 200);
        Task caughtUp = inbox.WaitForReadersAsync();
        Assert.True(caughtUp.IsCompletedSuccessfully);
        long left = 200 * (1000 + InboxQueue<WsMessage>.CostPerMessage);
        long fits = ((1024 * 1024) - left + InboxQueue<WsMessage>.CostPerMessage - 1) / InboxQueue<WsMessage>.CostPerMessage;
        Assert.Equal(fits, CountUntilAhead(inbox, 0));
    }

    private static void Take(Inbox<WsMessage> inbox, int count)
    {
        for (int i = 0; i < count; i++)
        {
            Assert.True(inbox.TryTake(out _));
        }
    }

    private static int CountUntilAhead(Inbox<WsMessage> inbox, int length)
    {
        for (int count = 1; count <= 100_000; count++)
        {
            inbox.Add(Message(length));
            if (inbox.IsWriterAhead)
            {
                return count;
            }
        }

        throw new InvalidOperationException("The writer was never ahead.");
    }

    private static WsMessage Message(int length) =>
        new(new ReceivedData(new byte[length], null, SocketMessageType.Binary, true), DateTime.UtcNow.Ticks, null!);
}
