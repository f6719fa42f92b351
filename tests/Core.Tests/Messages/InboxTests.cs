using System.Text;
using MessageWebSockets.Tests.Loopback;
using Xunit;

namespace MessageWebSockets.Tests.Messages;

public sealed class InboxTests
{
    private readonly ReceivePause _pause = new();
    private readonly Inbox<WsMessage> _inbox;

    public InboxTests() => _inbox = new Inbox<WsMessage>(limitInBytes: 300, _pause);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Messages_count_with_what_they_cost()
    {
        Assert.Equal((0L, 0L, false, false), (_inbox.Count, _inbox.PayloadBytes, _inbox.IsFull, _inbox.IsWriterAhead));
        Assert.False(_inbox.TryTake(out _));
        Assert.False(_inbox.TryPeek(out _));
        _inbox.Add(Message("four"));
        _inbox.Add(Message("four"));
        Assert.Equal((2L, 8L, false), (_inbox.Count, _inbox.PayloadBytes, _inbox.IsFull));

        // A message costs 96 bytes besides: here the third makes the limit.
        _inbox.Add(Message("four"));
        Assert.Equal((3L, 12L, true), (_inbox.Count, _inbox.PayloadBytes, _inbox.IsFull));
        Assert.True(_inbox.TryPeek(out WsMessage? first));
        Assert.True(_inbox.TryTake(out WsMessage? taken));
        Assert.Same(first, taken);
        Assert.Equal((2L, 8L, false), (_inbox.Count, _inbox.PayloadBytes, _inbox.IsFull));
        Assert.Equal(0, _inbox.Dropped);
    }

    [Fact]
    public void The_oldest_are_dropped_until_there_is_room()
    {
        foreach (string text in (string[])["1", "2", "3", "4"])
        {
            _inbox.Add(Message(text));
        }

        _inbox.DropOldest();
        Assert.Equal((3L, 1L), (_inbox.Count, _inbox.Dropped));
        Assert.True(_inbox.TryTake(out WsMessage? oldest));
        Assert.Equal("2", oldest.Text);
        _inbox.DropOldest();
        Assert.Equal((2L, 1L), (_inbox.Count, _inbox.Dropped));
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task What_comes_after_the_end_is_dropped_and_what_was_there_is_read()
    {
        _inbox.Add(Message("1"));
        _inbox.Complete(null);
        _inbox.Add(Message("2"));
        Assert.Equal((1L, 1L), (_inbox.Count, _inbox.Dropped));
        Assert.Equal("1", (await _inbox.TakeAsync(Token))?.Text);
        Assert.Null(await _inbox.TakeAsync(Token));
        Assert.False(await _inbox.WaitToTakeAsync(Token));
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task The_first_end_counts_and_everybody_is_told_anew()
    {
        MessageWebSocketException failure = new("It broke.", HResults.ConnectionReset);
        Task<WsMessage?> waiting = _inbox.TakeAsync(Token).AsTask();
        Task<WsMessage?> next = _inbox.TakeNextAsync(static _ => true, Token);
        Assert.True(_inbox.HasWaitingReaders);
        _inbox.Complete(failure);
        _inbox.Complete(null);

        foreach (Task task in (Task[])[waiting, next, _inbox.TakeAsync(Token).AsTask(), _inbox.TakeNextAsync(static _ => true, Token)])
        {
            MessageWebSocketException told = await Assert.ThrowsAsync<MessageWebSocketException>(() => task);
            Assert.Equal("It broke.", told.Message);
            Assert.NotSame(failure, told);
        }
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_wait_that_is_cancelled_takes_nothing()
    {
        using CancellationTokenSource cancellation = new();
        Task<bool> waiting = _inbox.WaitToTakeAsync(cancellation.Token).AsTask();
        Task<WsMessage?> next = _inbox.TakeNextAsync(static _ => true, cancellation.Token);
        await cancellation.CancelAsync();
        _inbox.Add(Message("1"));
        Func<Task>[] calls =
        [
            () => waiting,
            () => next,
            () => _inbox.WaitToTakeAsync(cancellation.Token).AsTask(),
            () => _inbox.TakeAsync(cancellation.Token).AsTask(),
            () => _inbox.TakeNextAsync(static _ => true, cancellation.Token),
        ];
        foreach (Func<Task> call in calls)
        {
            OperationCanceledException e = await Assert.ThrowsAnyAsync<OperationCanceledException>(call);
            Assert.Equal((cancellation.Token, HResults.OperationCanceled), (e.CancellationToken, e.HResult));
        }

        Assert.False(_inbox.HasWaitingReaders);
        Assert.Equal(1, _inbox.Count);
    }

    [Fact]
    public void Who_goes_on_at_once_does_so_on_the_thread_of_the_writer_and_before_it_goes_on()
    {
        int thread = 0;
        Task<WsMessage?> next = _inbox.TakeNextAsync(static _ => true, goesOnAtOnce: true, Token);
        _ = next.ContinueWith(
            _ => thread = Environment.CurrentManagedThreadId,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);

        _inbox.Add(Message("1"));

        Assert.Equal(Environment.CurrentManagedThreadId, thread);
        Assert.True(next.IsCompletedSuccessfully);
        Assert.Equal(0, _inbox.Count);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Who_waits_for_the_next_message_of_a_kind_gets_it_past_the_queue()
    {
        Task<WsMessage?> second = _inbox.TakeNextAsync(message => message.Text.EndsWith('2'), Token);
        Task<WsMessage?> any = _inbox.TakeNextAsync(static _ => true, Token);
        bool wasPaused = false;
        Task<WsMessage?> never = _inbox.TakeNextAsync(
            _ =>
            {
                wasPaused = _pause.IsOn;
                return false;
            },
            Token);
        _inbox.Add(Message("1"));
        Assert.Equal("1", (await any)?.Text);
        Assert.False(second.IsCompleted);
        _inbox.Add(Message("2"));
        Assert.Equal("2", (await second)?.Text);
        Assert.Equal(0, _inbox.Count);
        _inbox.Add(Message("12"));
        Assert.Equal(1, _inbox.Count);
        Assert.True(wasPaused);
        Assert.False(_pause.IsOn);
        _inbox.Complete(null);
        Assert.Null(await never);
        Assert.Null(await _inbox.TakeNextAsync(static _ => true, Token));
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_filter_that_throws_fails_its_own_wait_alone()
    {
        Task<WsMessage?> failing = _inbox.TakeNextAsync(static _ => throw new InvalidOperationException("filter"), Token);
        Task<WsMessage?> other = _inbox.TakeNextAsync(static _ => true, Token);
        _inbox.Add(Message("1"));
        Assert.Equal("1", (await other)?.Text);
        Assert.Equal("filter", (await Assert.ThrowsAsync<InvalidOperationException>(() => failing)).Message);
        Assert.False(_pause.IsOn);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_writer_waits_for_room_until_there_is_some()
    {
        await _inbox.WaitForRoomAsync(Token);
        foreach (string text in (string[])["1", "2", "3", "4", "5"])
        {
            _inbox.Add(Message(text));
        }

        using CancellationTokenSource cancellation = new();
        Task room = _inbox.WaitForRoomAsync(cancellation.Token);
        Assert.True(_inbox.TryTake(out _));
        Assert.True(_inbox.IsFull);
        Assert.False(room.IsCompleted);
        Assert.True(_inbox.TryTake(out _));
        await room;

        _inbox.Add(Message("6"));
        _inbox.Add(Message("7"));
        Task given = _inbox.WaitForRoomAsync(cancellation.Token);
        Assert.False(given.IsCompleted);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_single_reader_who_comes_back_for_more_has_answered()
    {
        _inbox.Add(Message("1"));
        Task moment = _inbox.LetReadersAnswerAsync(Timeout.InfiniteTimeSpan);
        Assert.False(moment.IsCompleted);
        Assert.Equal("1", (await _inbox.TakeAsync(Token))?.Text);
        Assert.False(moment.IsCompleted);

        Task<bool> back = _inbox.WaitToTakeAsync(Token).AsTask();
        await moment;
        Assert.False(back.IsCompleted);
        await _inbox.LetReadersAnswerAsync(Timeout.InfiniteTimeSpan);
        _inbox.Complete(null);
        Assert.False(await back);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Nothing_goes_on_in_the_context_of_a_caller()
    {
        Task<WsMessage?> next = Task.FromResult<WsMessage?>(null);
        Task<WsMessage?> first = next;
        int posts = await ForeignContext.CountPostsAsync(() =>
        {
            next = _inbox.TakeNextAsync(static message => message.Text == "2", Token);
            first = _inbox.TakeAsync(Token).AsTask();
            return Task.WhenAll(next, first, Task.Run(() =>
            {
                _inbox.Add(Message("1"));
                _inbox.Add(Message("2"));
                _inbox.PublishElsewhere();
            }));
        });
        Assert.Equal(("1", "2", 0), ((await first)?.Text, (await next)?.Text, posts));

        posts = await ForeignContext.CountPostsAsync(() =>
        {
            Task moment = _inbox.LetReadersAnswerAsync(Timeout.InfiniteTimeSpan);
            Task<bool> end = _inbox.WaitToTakeAsync(Token).AsTask();
            return Task.WhenAll(moment, end, moment.ContinueWith(_ => _inbox.Complete(null), TaskScheduler.Default));
        });
        Assert.Equal(0, posts);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_message_that_is_put_back_wakes_who_waits()
    {
        _inbox.Add(Message("1"));
        Assert.True(_inbox.TryTake(out WsMessage? message));
        Task<bool> waiting = _inbox.WaitToTakeAsync(Token).AsTask();
        _inbox.Return(message);
        Assert.True(await waiting);
        Assert.True(_inbox.TryPeek(out WsMessage? again));
        Assert.Same(message, again);
        Assert.Equal(1, _inbox.Count);
        Assert.Equal(1, _inbox.PayloadBytes);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Those_who_wait_get_the_messages_in_the_order_in_which_they_asked()
    {
        using CancellationTokenSource enough = new();
        Task<WsMessage?>[] waiting =
            [.. Enumerable.Range(0, 5).Select(each => _inbox.TakeAsync(each is 0 or 3 ? enough.Token : Token).AsTask())];
        _inbox.Publish();
        Assert.All(waiting, static one => Assert.False(one.IsCompleted));

        await enough.CancelAsync();
        _inbox.Add(Message("1"));
        _inbox.Publish();
        _inbox.Add(Message("2"));
        _inbox.Add(Message("3"));
        _inbox.Publish();
        OperationCanceledException[] cancelled =
        [
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting[0]),
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting[3]),
        ];
        WsMessage?[] taken = await Task.WhenAll(waiting[1], waiting[2], waiting[4]);
        Assert.Equal(["1", "2", "3"], taken.Select(static message => message!.Text));
        Assert.All(cancelled, one => Assert.Equal((cancelled[0].Message, enough.Token), (one.Message, one.CancellationToken)));
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Who_asks_later_does_not_come_before_those_who_wait()
    {
        Task<WsMessage?> first = _inbox.TakeAsync(Token).AsTask();
        Task<WsMessage?> second = _inbox.TakeAsync(Token).AsTask();
        _inbox.Add(Message("1"));
        _inbox.Add(Message("2"));
        _inbox.Add(Message("3"));

        // The two sleep until Publish.
        Task<WsMessage?> third = _inbox.TakeAsync(Token).AsTask();
        _inbox.Publish();

        WsMessage?[] taken = await Task.WhenAll(first, second, third);
        Assert.Equal(["1", "2", "3"], taken.Select(static message => message!.Text));
        Assert.Equal(0, _inbox.Count);
    }

    private static WsMessage Message(string text) =>
        new(new ReceivedData(Encoding.UTF8.GetBytes(text), null, SocketMessageType.Utf8, true), DateTime.UtcNow.Ticks, null!);
}
