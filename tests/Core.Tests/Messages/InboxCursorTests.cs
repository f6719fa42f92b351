using System.Globalization;
using System.Text;
using Xunit;

namespace MessageWebSockets.Tests.Messages;

public sealed class InboxCursorTests
{
    private readonly Inbox<WsMessage> _inbox = new(limitInBytes: 64 * 1024 * 1024, new ReceivePause());

    [Fact]
    public void A_cursor_sees_each_message_once_and_leaves_what_it_does_not_take_in_order()
    {
        using InboxCursor<WsMessage> cursor = new(_inbox);
        Add(0, 1, 2, 3);
        Assert.Equal([0, 1, 2, 3], Look(cursor, taken: number => number == 1));
        Add(4, 5);
        Assert.Equal([4, 5], Look(cursor, taken: number => number == 4));

        Assert.Equal(4, _inbox.Count);
        Assert.Equal([0, 2, 3, 5], TakeAll());
        Assert.Equal(0, _inbox.Count);
        Assert.Equal(0, _inbox.PayloadBytes);
    }

    [Fact]
    public void Two_cursors_see_the_same_messages_and_one_of_them_gets_each()
    {
        using InboxCursor<WsMessage> first = new(_inbox);
        Add(0, 1, 2);
        Assert.True(first.TryMoveNext(out WsMessage? seen));
        using InboxCursor<WsMessage> second = new(_inbox);
        Assert.Equal([0, 1, 2], Look(second, taken: number => number == 0));

        Assert.False(first.TryTake(seen));
        Assert.Equal([1, 2], Look(first, taken: _ => true));
        Assert.Empty(TakeAll());
    }

    [Fact]
    public void What_is_put_back_is_in_its_place_again_and_takes_its_room()
    {
        Add(0, 1, 2, 3);
        Assert.True(_inbox.TryTake(out WsMessage? first));
        Assert.True(_inbox.TryTake(out WsMessage? second));
        _inbox.Return(second);
        _inbox.Return(first);
        Assert.Equal(4, _inbox.Count);

        using InboxCursor<WsMessage> cursor = new(_inbox);
        foreach (int number in (int[])[0, 1])
        {
            Assert.True(cursor.TryMoveNext(out WsMessage? looked));
            Assert.Equal(number.ToString(CultureInfo.InvariantCulture), looked.Text);
            Assert.True(cursor.TryTake(looked));
            cursor.Return(looked);
            Assert.True(cursor.TryMoveNext(out WsMessage? again));
            Assert.Same(looked, again);
        }

        Assert.Equal(4, _inbox.PayloadBytes);
        Assert.Equal([0, 1, 2, 3], TakeAll());
        Assert.Equal(0, _inbox.PayloadBytes);
    }

    [Fact]
    public void A_reader_takes_what_a_cursor_stands_at_and_the_cursor_goes_on_behind_it()
    {
        using InboxCursor<WsMessage> cursor = new(_inbox);
        Add(0, 1);
        Assert.True(cursor.TryMoveNext(out _));
        Assert.True(cursor.TryMoveNext(out WsMessage? at));
        Assert.Equal([0, 1], TakeAll());

        Assert.False(cursor.TryTake(at));
        Add(2);
        Assert.Equal([2], Look(cursor, taken: _ => false));
    }

    [Fact]
    public void What_is_dropped_to_make_room_is_the_oldest_whether_it_was_seen_or_not()
    {
        Inbox<WsMessage> small = new(limitInBytes: 290, new ReceivePause());
        using InboxCursor<WsMessage> cursor = new(small);
        for (int number = 0; number < 6; number++)
        {
            small.DropOldest();
            small.Add(Message(number));
            Assert.True(cursor.TryMoveNext(out WsMessage? seen));
            Assert.Equal(number, InboxReaders.Number(seen));
        }

        Assert.True(small.TryTake(out WsMessage? oldest));
        Assert.Equal(3, InboxReaders.Number(oldest));
        Assert.Equal(3, small.Dropped);
    }

    [Fact]
    public async Task A_cursor_waits_for_new_messages_while_others_are_queued_and_for_the_end()
    {
        using InboxCursor<WsMessage> cursor = new(_inbox);
        Add(0);
        Look(cursor, taken: _ => false);
        Task<bool> waiting = cursor.WaitToMoveNextAsync(CancellationToken.None).AsTask();
        _inbox.Publish();
        Assert.False(waiting.IsCompleted);
        Add(1);
        _inbox.Publish();
        Assert.True(await waiting);
        Look(cursor, taken: _ => false);
        waiting = cursor.WaitToMoveNextAsync(CancellationToken.None).AsTask();
        _inbox.Complete(null);

        Assert.False(await waiting);
        Assert.Equal([0, 1], TakeAll());
    }

    [Fact]
    public async Task A_wait_of_a_cursor_that_is_cancelled_takes_nothing()
    {
        using InboxCursor<WsMessage> cursor = new(_inbox);
        using CancellationTokenSource cancel = new();
        Task<bool> waiting = cursor.WaitToMoveNextAsync(cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Add(0);

        Assert.Equal([0], Look(cursor, taken: _ => true));
    }

    [Fact]
    public async Task Readers_and_cursors_at_once_lose_and_double_nothing_and_see_it_in_order()
    {
        const int Count = 20_000;
        Task<int[]>[] readers =
        [
            Task.Run(() => InboxReaders.LookThroughAsync(_inbox, number => number % 3 == 0)),
            Task.Run(() => InboxReaders.LookThroughAsync(_inbox, number => number % 3 == 1)),
            Task.Run(() => InboxReaders.TakeInTurnAsync(_inbox)),
        ];
        for (int number = 0; number < Count; number++)
        {
            Add(number);
            _inbox.Publish();
        }

        _inbox.Complete(null);
        int[][] read = await Task.WhenAll(readers);

        Assert.All(read, numbers => Assert.Equal(numbers.Order(), numbers));
        Assert.Equal(Enumerable.Range(0, Count), read.SelectMany(static numbers => numbers).Order());
        Assert.Equal(0, _inbox.Count);
    }

    private static int[] Look(InboxCursor<WsMessage> cursor, Predicate<int> taken)
    {
        List<int> seen = [];
        while (cursor.TryMoveNext(out WsMessage? message))
        {
            seen.Add(InboxReaders.Number(message));
            Assert.True(!taken(seen[^1]) || cursor.TryTake(message));
        }

        return [.. seen];
    }

    private int[] TakeAll()
    {
        List<int> taken = [];
        while (_inbox.TryTake(out WsMessage? message))
        {
            taken.Add(InboxReaders.Number(message));
        }

        return [.. taken];
    }

    private void Add(params int[] numbers)
    {
        foreach (int number in numbers)
        {
            _inbox.Add(Message(number));
        }
    }

    private static WsMessage Message(int number) => new(
        new ReceivedData(Encoding.UTF8.GetBytes(number.ToString(CultureInfo.InvariantCulture)), null, SocketMessageType.Utf8, true),
        DateTime.UtcNow.Ticks,
        null);
}
