using System.Net.WebSockets;
using MessageWebSockets.Tests.Loopback;
using Xunit;

namespace MessageWebSockets.Tests.Server;

public sealed class MessageQueueTests
{
    private const int Limit = 1000;

    private static readonly ServerMessage s_large = Message(800);

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Who_waits_for_room_is_served_in_the_order_they_asked_however_small_the_message()
    {
        MessageQueue queue = new(Limit);
        Assert.True(queue.TryAdd(s_large));
        ServerMessage large = Message(801);
        ServerMessage small = Message(1);
        Task first = queue.AddAsync(large, CancellationToken.None);
        Task second = queue.AddAsync(small, CancellationToken.None);

        Assert.False(queue.TryAdd(Message(2)));
        Assert.False(first.IsCompleted);
        Assert.False(second.IsCompleted);
        Assert.Same(s_large, await queue.TakeAsync());

        await first;
        await second;
        Assert.Same(large, await queue.TakeAsync());
        Assert.Same(small, await queue.TakeAsync());
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_wait_that_is_cancelled_lets_in_those_behind_it_and_leaves_nothing()
    {
        MessageQueue queue = new(Limit);
        Assert.True(queue.TryAdd(s_large));
        using CancellationTokenSource cancel = new();
        ServerMessage small = Message(1);
        Task givenUp = queue.AddAsync(Message(802), cancel.Token);
        Task behind = queue.AddAsync(small, CancellationToken.None);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => givenUp);
        await behind;
        queue.Complete(discards: false);
        Assert.Same(s_large, await queue.TakeAsync());
        Assert.Same(small, await queue.TakeAsync());
        Assert.Null(await queue.TakeAsync());
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Nobody_waits_for_a_queue_that_is_complete()
    {
        MessageQueue queue = new(Limit);
        Assert.True(queue.TryAdd(s_large));
        Task waiting = queue.AddAsync(s_large, CancellationToken.None);

        queue.Complete(discards: true);

        await waiting;
        await queue.AddAsync(s_large, CancellationToken.None);
        Assert.Null(await queue.TakeAsync());
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task It_is_busy_until_its_reader_is_done_with_the_last_message()
    {
        MessageQueue queue = new(Limit);
        Assert.False(queue.IsBusy);
        Assert.True(queue.TryAdd(s_large));
        Assert.True(queue.IsBusy);
        await queue.TakeAsync();
        Assert.True(queue.IsBusy);
        Task<ServerMessage?> next = queue.TakeAsync().AsTask();
        Assert.False(queue.IsBusy);
        Assert.False(next.IsCompleted);
        queue.Complete(discards: false);
        Assert.Null(await next);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task There_is_room_up_to_the_limit_and_always_for_one_message()
    {
        MessageQueue queue = new(Limit);
        ServerMessage fits = Message(Limit - 800 - (2 * 96));
        ServerMessage isTooMuch = Message(fits.Payload.Length + 1);
        Assert.True(queue.WaitForRoomAsync(Message(2 * Limit)).IsCompleted);
        Assert.True(queue.TryAdd(s_large));
        Assert.False(queue.TryAdd(isTooMuch));
        Assert.True(queue.WaitForRoomAsync(fits).IsCompleted);
        Task room = queue.WaitForRoomAsync(isTooMuch);
        Task roomOfAnother = queue.WaitForRoomAsync(isTooMuch);
        Assert.False(room.IsCompleted || roomOfAnother.IsCompleted);
        await queue.TakeAsync();
        await Task.WhenAll(room, roomOfAnother);

        Assert.True(queue.TryAdd(s_large));
        Assert.True(queue.TryAdd(fits));
        Assert.False(queue.TryAdd(Message(0)));
        room = queue.WaitForRoomAsync(Message(0));
        Assert.False(room.IsCompleted);
        queue.Complete(discards: false);
        await room;
        Assert.True(queue.WaitForRoomAsync(s_large).IsCompleted);
        Assert.True(queue.TryAdd(s_large));
        Assert.Same(s_large, await queue.TakeAsync());
        Assert.Same(fits, await queue.TakeAsync());
        Assert.Null(await queue.TakeAsync());
    }

    private static ServerMessage Message(int length) => new(new byte[length], WebSocketMessageType.Binary);
}
