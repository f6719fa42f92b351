using System.Buffers;
using System.Runtime.InteropServices;
using MessageWebSockets.Tests.Loopback;
using Xunit;

namespace MessageWebSockets.Tests.Messages;

/// <summary>The bytes of a stream between the receive loop and whoever reads.</summary>
public sealed class ByteQueueTests
{
    private readonly ReceivePause _pause = new();
    private readonly ByteQueue _queue;

    public ByteQueueTests() => _queue = new ByteQueue(_pause);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Bytes_come_out_as_they_went_in_round_and_round()
    {
        byte next = 0;
        byte expected = 0;
        foreach ((int written, int read) in ((int, int)[])[(60_000, 30_000), (30_000, 20_000), (25_000, 65_000), (65_536, 65_536), (3, 9)])
        {
            byte[] bytes = [.. Enumerable.Range(0, written).Select(_ => next++)];
            Assert.True(_queue.HasRoomFor(bytes.Length));
            _queue.Write(bytes);
            _queue.Commit(bytes.Length);
            long there = _queue.PayloadBytes;
            byte[] target = new byte[read];
            int count = await _queue.ReadAsync(target, Token);
            Assert.Equal(Math.Min(there, read), count);
            Assert.Equal(there - count, _queue.PayloadBytes);
            Assert.All(target[..count], one => Assert.Equal(expected++, one));
        }

        Assert.Equal((0L, 0L), (_queue.PayloadBytes, _queue.Count));
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task What_is_received_in_place_is_read_from_there()
    {
        Memory<byte> room = _queue.Room();
        Assert.Equal(ByteQueue.Capacity, room.Length);
        "hello"u8.CopyTo(room.Span);
        _queue.Commit(5);
        byte[] target = new byte[3];
        Assert.Equal(3, await _queue.ReadAsync(target, Token));
        Assert.Equal(ByteQueue.Capacity - 5, _queue.Room().Length);
        _queue.Commit(0);

        // Nobody has it: the next read is to have it in one piece.
        Assert.Equal(2, await _queue.ReadAsync(target, Token));
        Assert.Equal("lol"u8.ToArray(), target);
        Assert.Equal(ByteQueue.Capacity, _queue.Room().Length);
    }

    [Fact]
    public void There_is_room_up_to_the_capacity()
    {
        Fill(ByteQueue.Capacity - 1);
        Assert.False(_queue.IsFull);
        Assert.True(_queue.HasRoomFor(1));
        Assert.False(_queue.HasRoomFor(2));
        Fill(1);
        Assert.True(_queue.IsFull);
        Assert.False(_queue.HasRoomFor(1));
        Assert.Equal(0, _queue.Room().Length);
        Assert.Equal(0, _queue.Dropped);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_reader_that_waits_goes_on_with_what_is_published()
    {
        byte[] target = new byte[10];
        Task<int> read = _queue.ReadAsync(target, Token).AsTask();
        Task<int> other = _queue.ReadAsync(target, Token).AsTask();
        _queue.Publish();
        Assert.False(read.IsCompleted);
        Fill(3);
        Assert.False(read.IsCompleted);
        _queue.Publish();
        Assert.Equal(3, await await Task.WhenAny(read, other));
        Fill(2);
        _queue.PublishElsewhere();
        await Task.WhenAll(read, other);
        Assert.Equal([2, 3], new[] { await read, await other }.Order());
    }

    // The writer goes on when a quarter was read, or all of it, and not for less.
    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData(ByteQueue.Capacity, (ByteQueue.Capacity / 4) - 1, false)]
    [InlineData(ByteQueue.Capacity, ByteQueue.Capacity / 4, true)]
    [InlineData(ByteQueue.Capacity, ByteQueue.Capacity, true)]
    public async Task A_writer_that_waits_goes_on_once_it_is_worth_it(int length, int read, bool goesOn)
    {
        Fill(length);
        Task room = _queue.WaitForRoomAsync();
        Task second = _queue.WaitForRoomAsync();
        Assert.True(_pause.IsOn);
        byte[] target = new byte[length];

        Assert.Equal(read, await _queue.ReadAsync(target.AsMemory(0, read), Token));
        if (!goesOn)
        {
            Assert.False(room.IsCompleted);
            Assert.Equal(1, await _queue.ReadAsync(target.AsMemory(0, 1), Token));
        }

        await Task.WhenAll(room, second);
        Assert.False(_pause.IsOn);
        Assert.True(_queue.WaitForRoomAsync().IsCompletedSuccessfully);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_reader_that_waits_beside_a_full_queue_goes_on()
    {
        Task<int> read = _queue.ReadAsync(new byte[ByteQueue.Capacity], Token).AsTask();
        Fill(ByteQueue.Capacity);
        await Task.WhenAll(_queue.WaitForRoomAsync(), read);
        Assert.Equal(ByteQueue.Capacity, await read);
    }

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_end_comes_behind_what_is_there_and_the_first_one_counts(bool isFailure)
    {
        MessageWebSocketException failure = new("It broke.", HResults.ConnectionReset);
        byte[] target = new byte[10];
        Task<int> waiting = _queue.ReadAsync(target, Token).AsTask();
        _queue.Complete(isFailure ? failure : null);
        _queue.Complete(isFailure ? null : failure);
        if (isFailure)
        {
            MessageWebSocketException told = await Assert.ThrowsAsync<MessageWebSocketException>(() => waiting);
            Assert.Equal(("It broke.", HResults.ConnectionReset), (told.Message, told.HResult));
            Assert.NotSame(failure, told);
            Task<int> late = _queue.ReadAsync(target, Token).AsTask();
            await Assert.ThrowsAsync<MessageWebSocketException>(() => late);
        }
        else
        {
            Assert.Equal(0, await waiting);
            Assert.Equal(0, await _queue.ReadAsync(target, Token));
        }

        // What comes later is dropped.
        Assert.NotEqual(0, _queue.Room().Length);
        _queue.Commit(5);
        _queue.Commit(0);
        Assert.Equal((0L, 1L), (_queue.PayloadBytes, _queue.Dropped));
        _queue.Write(new byte[3]);
        Assert.Equal(0, _queue.PayloadBytes);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task What_is_there_at_the_end_is_read_first_and_a_writer_waits_no_longer()
    {
        Fill(ByteQueue.Capacity);
        Task room = _queue.WaitForRoomAsync();
        _queue.Complete(null);
        await room;
        Assert.False(_queue.IsFull);
        Assert.True(_queue.HasRoomFor(1000));
        byte[] target = new byte[ByteQueue.Capacity];
        Assert.Equal(1000, await _queue.ReadAsync(target.AsMemory(0, 1000), Token));
        Assert.Equal(ByteQueue.Capacity - 1000, await _queue.ReadAsync(target, Token));
        Assert.Equal(0, await _queue.ReadAsync(target, Token));
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Nobody_who_reads_holds_nothing_up()
    {
        Task<int> waiting = _queue.ReadAsync(new byte[1], Token).AsTask();
        _queue.Abandon();
        ObjectDisposedException refusal = await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting);
        Assert.Equal(HResults.Closed, refusal.HResult);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => _queue.ReadAsync(new byte[1], Token).AsTask());

        ByteQueue full = new(_pause);
        full.Write(new byte[ByteQueue.Capacity]);
        full.Commit(ByteQueue.Capacity);
        Task room = full.WaitForRoomAsync();
        full.Abandon();
        await room;
        Assert.Equal((0L, false, true), (full.PayloadBytes, full.IsFull, full.HasRoomFor(long.MaxValue)));
        Assert.False(_pause.IsOn);
        Assert.Same(Array(full), Array(full));
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_read_that_is_cancelled_takes_nothing()
    {
        using CancellationTokenSource cancellation = new();
        Task<int> waiting = _queue.ReadAsync(new byte[1], cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        OperationCanceledException e = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.Equal((cancellation.Token, HResults.OperationCanceled), (e.CancellationToken, e.HResult));
        Fill(1);
        e = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _queue.ReadAsync(new byte[1], cancellation.Token).AsTask());
        Assert.Equal((cancellation.Token, HResults.OperationCanceled), (e.CancellationToken, e.HResult));
        Assert.Equal(1, _queue.PayloadBytes);
    }

    [Fact]
    public void What_came_too_late_is_counted()
    {
        _queue.Room();
        _queue.Drop();
        _queue.Rest();
        Assert.Equal((1L, 0L), (_queue.Dropped, _queue.PayloadBytes));
    }

    [Theory]
    [InlineData("Drop")]
    [InlineData("Rest")]
    [InlineData("Abandon")]
    public void What_is_received_into_is_given_back_when_nothing_came(string how)
    {
        byte[] array = Array(_queue);
        switch (how)
        {
            case "Drop":
                _queue.Drop();
                break;
            case "Rest":
                _queue.Rest();
                break;
            default:
                _queue.Abandon();
                _queue.Commit(1);
                break;
        }

        // Who rents next on this thread has the array now, and the queue another one.
        byte[] rented = ArrayPool<byte>.Shared.Rent(ByteQueue.Capacity);
        Assert.NotSame(array, Array(_queue));
        ArrayPool<byte>.Shared.Return(rented);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Nothing_goes_on_in_the_context_of_a_caller()
    {
        Task<int> read = Task.FromResult(0);
        int posts = await ForeignContext.CountPostsAsync(() =>
        {
            read = _queue.ReadAsync(new byte[3], Token).AsTask();
            Assert.False(read.IsCompleted);
            Fill(3);
            _queue.PublishElsewhere();
            return read;
        });
        Assert.Equal((3, 0), (await read, posts));
    }

    private static byte[] Array(ByteQueue queue)
    {
        Assert.True(MemoryMarshal.TryGetArray<byte>(queue.Room(), out ArraySegment<byte> room));
        return room.Array!;
    }

    private void Fill(int length)
    {
        _queue.Write(new byte[length]);
        _queue.Commit(length);
    }
}
