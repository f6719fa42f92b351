using System.Threading.Channels;
using MessageWebSockets.Tests.Loopback;
using Xunit;

namespace MessageWebSockets.Tests.Messages;

/// <summary>The two streams of a StreamWebSocket, with something else in the place of the socket.</summary>
public sealed class SocketStreamTests
{
    private readonly Sink _sink = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // How much is written at a time, and which frames that makes, the last of them by a flush.
    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData(new[] { 10 }, new[] { 10 })]
    [InlineData(new[] { PendingBytes.Size }, new[] { PendingBytes.Size })]
    [InlineData(new[] { (2 * PendingBytes.Size) + 7 }, new[] { PendingBytes.Size, PendingBytes.Size, 7 })]
    public async Task What_is_written_leaves_in_frames_of_64_KiB(int[] writes, int[] frames)
    {
        await using SocketOutputStream stream = new(_sink);
        byte next = 0;
        foreach (int length in writes)
        {
            byte[] bytes = [.. Enumerable.Range(0, length).Select(_ => next++)];
            await stream.WriteAsync(bytes, Token);
        }

        await stream.FlushAsync(Token);

        Assert.Equal(frames, _sink.Sent.Select(frame => frame.Length));
        next = 0;
        Assert.All(_sink.Sent.SelectMany(frame => frame), one => Assert.Equal(next++, one));
        Assert.Equal(0, stream.Pending.Count);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_frame_that_was_begun_is_filled_up_first()
    {
        // Refused, so that what is begun does not leave on its own.
        _sink.Refusal = new InvalidOperationException("not yet");
        await using SocketOutputStream stream = new(_sink);
        await stream.WriteAsync(new byte[100], Token);
        await stream.WriteAsync(new byte[PendingBytes.Size - 100 - 1], Token);
        Assert.Equal(PendingBytes.Size - 1, stream.Pending.Count);
        await Assert.ThrowsAsync<InvalidOperationException>(() => stream.WriteAsync(new byte[3], Token).AsTask());
        Assert.Equal(PendingBytes.Size, stream.Pending.Count);
        _sink.Refusal = null;
        await stream.WriteAsync(new byte[2], Token);
        await stream.FlushAsync(Token);

        Assert.Equal(PendingBytes.Size + 2, _sink.Sent.Sum(frame => frame.Length));
        Assert.All(_sink.Sent, frame => Assert.InRange(frame.Length, 1, PendingBytes.Size));
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task What_nobody_flushes_leaves_on_its_own_and_again()
    {
        await using SocketOutputStream stream = new(_sink);
        for (int i = 1; i <= 3; i++)
        {
            await stream.WriteAsync(new byte[i], Token);
            Assert.Equal(i, await _sink.NextAsync(Token));
        }
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Before_a_connect_what_is_written_waits_and_a_flush_is_refused()
    {
        _sink.Refusal = new InvalidOperationException("not yet");
        await using SocketOutputStream stream = new(_sink);
        await stream.WriteAsync(new byte[5], Token);
        Assert.Same(_sink.Refusal, await Assert.ThrowsAsync<InvalidOperationException>(() => stream.FlushAsync(Token)));
        _sink.Refusal = null;
        await stream.FlushAsync(Token);
        Assert.Equal(5, Assert.Single(_sink.Sent).Length);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Once_the_close_frame_is_on_its_way_the_socket_says_why_nothing_is_written()
    {
        await using SocketOutputStream stream = new(_sink);
        stream.Pending.End(static _ => null);
        _sink.Refusal = new InvalidOperationException("closed");
        await Assert.ThrowsAsync<InvalidOperationException>(() => stream.WriteAsync(new byte[5], Token).AsTask());
        Assert.Empty(_sink.Sent);
    }

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_stream_that_is_closed_sends_what_was_written_and_takes_no_more(bool isAsync)
    {
        SocketOutputStream stream = new(_sink);
        Assert.True(stream is { CanWrite: true, CanRead: false });
        TaskCompletionSource gate = new();
        _sink.Gate = gate.Task;
        await stream.WriteAsync(new byte[5], Token);
        if (isAsync)
        {
            ValueTask closing = stream.DisposeAsync();
            gate.SetResult();
            await closing;
        }
        else
        {
            stream.Dispose();
            gate.SetResult();
        }

        Assert.Equal(5, await _sink.NextAsync(Token));
        Assert.False(stream.CanWrite);
        Assert.Equal(HResults.Closed, (await Assert.ThrowsAsync<ObjectDisposedException>(() => stream.FlushAsync(Token))).HResult);
        ObjectDisposedException refusal =
            await Assert.ThrowsAsync<ObjectDisposedException>(() => stream.WriteAsync(new byte[1], Token).AsTask());
        Assert.Equal("StreamWebSocket.OutputStream", refusal.ObjectName);
        await stream.DisposeAsync();
        Assert.Single(_sink.Sent);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_write_that_is_cancelled_leaves_its_turn_to_the_next()
    {
        TaskCompletionSource gate = new();
        _sink.Gate = gate.Task;
        await using SocketOutputStream stream = new(_sink);
        Task first = stream.WriteAsync(new byte[PendingBytes.Size], Token).AsTask();
        using CancellationTokenSource cancellation = new();
        Task second = stream.WriteAsync(new byte[1], cancellation.Token).AsTask();
        Task flush = stream.FlushAsync(cancellation.Token);
        await cancellation.CancelAsync();
        OperationCanceledException e = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        Assert.Equal((cancellation.Token, HResults.OperationCanceled), (e.CancellationToken, e.HResult));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => flush);
        gate.SetResult();
        await first;
        await stream.FlushAsync(Token);
        await stream.WriteAsync(new byte[2], Token);
        await stream.FlushAsync(Token);
        Assert.Equal([PendingBytes.Size, 2], _sink.Sent.Select(frame => frame.Length));
    }

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData(PendingBytes.Size)]
    [InlineData((2 * PendingBytes.Size) + 7)]
    public async Task A_DataWriter_keeps_what_a_write_that_failed_has_not_taken(int length)
    {
        // Refused, so that what is begun does not leave on its own.
        _sink.Refusal = new InvalidOperationException("not yet");
        await using SocketOutputStream stream = new(_sink);
        await stream.WriteAsync(new byte[1], Token);
        byte[] bytes = [.. Enumerable.Range(0, length).Select(static i => (byte)(i % 251))];
        using DataWriter writer = new(stream);
        writer.WriteBytes(bytes);
        Assert.Same(_sink.Refusal, await Assert.ThrowsAsync<InvalidOperationException>(() => writer.StoreAsync(Token)));

        // A frame that was begun took what it lacked.
        Assert.Equal((uint)length - PendingBytes.Size + 1, writer.UnstoredBufferLength);
        _sink.Refusal = null;
        writer.WriteByte(252);
        Assert.Equal((uint)length + 1, await writer.StoreAsync(Token));
        Assert.Equal([0, .. bytes, 252], _sink.Sent.SelectMany(static frame => frame));
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Nothing_goes_on_in_the_context_of_a_caller()
    {
        HeldSink held = new();
        await using SocketOutputStream bytes = new(held);
        await using MessageOutputStream messages = new(held);
        messages.Write("message"u8);
        Task[] calls = [];
        int posts = await ForeignContext.CountPostsAsync(() =>
        {
            // The second and the third wait for their turn.
            calls =
            [
                bytes.WriteAsync(new byte[PendingBytes.Size], Token).AsTask(),
                bytes.WriteAsync(new byte[1], Token).AsTask(),
                bytes.FlushAsync(Token),
                messages.FlushAsync(Token),
                messages.FlushAsync(Token),
            ];
            Assert.All(calls, static call => Assert.False(call.IsCompleted));
            held.Done.SetResult();
            return Task.WhenAll(calls);
        });
        Assert.Equal(0, posts);

        HeldSink closing = new();
        await using SocketOutputStream late = new(closing);
        late.Pending.End(static _ => null);
        posts = await ForeignContext.CountPostsAsync(() =>
        {
            Task write = late.WriteAsync(new byte[1], Token).AsTask();
            Assert.False(write.IsCompleted);
            closing.Done.SetResult();
            return write;
        });
        Assert.Equal(0, posts);

        // Put there past the stream, which would send it on its own in a moment.
        HeldSink last = new();
        SocketOutputStream closed = new(last);
        closed.Pending.Append(new byte[5]);
        posts = await ForeignContext.CountPostsAsync(() =>
        {
            ValueTask end = closed.DisposeAsync();
            Assert.False(end.IsCompleted);
            last.Done.SetResult();
            return end.AsTask();
        });
        Assert.Equal(0, posts);
    }

    [Fact]
    public void Blocking_members_do_the_same()
    {
        using SocketOutputStream output = new(_sink);
        output.Write([0, 1, 2, 3], 1, 2);
        output.Flush();
        Assert.Equal([1, 2], _sink.Sent.SelectMany(frame => frame));
        Assert.Throws<ArgumentOutOfRangeException>(() => output.Write([0], 1, 2));

        ByteQueue queue = new(new ReceivePause());
        queue.Write("ab"u8);
        queue.Commit(2);
        using SocketInputStream input = new(queue, static () => { });
        byte[] target = new byte[4];
        Assert.Equal(2, input.Read(target, 1, 3));
        Assert.Equal([0, (byte)'a', (byte)'b', 0], target);
        Assert.Throws<ArgumentOutOfRangeException>(() => input.Read(target, 3, 2));
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task An_input_stream_that_is_closed_leaves_nothing_to_read()
    {
        ByteQueue queue = new(new ReceivePause());
        queue.Write(new byte[10]);
        queue.Commit(10);
        SocketInputStream stream = new(queue, static () => { });
        Assert.True(stream is { CanRead: true, CanWrite: false });
        await stream.DisposeAsync();
        Assert.False(stream.CanRead);
        Assert.Equal(0, queue.PayloadBytes);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => stream.ReadAsync(new byte[1], Token).AsTask());

        SocketInputStream unconnected = new(new ByteQueue(new ReceivePause()), static () => throw new InvalidOperationException("no"));
        ValueTask<int> read = unconnected.ReadAsync(new byte[1], Token);
        Assert.Equal("no", (await Assert.ThrowsAsync<InvalidOperationException>(() => read.AsTask())).Message);
    }

    [Fact]
    public void What_is_pending_is_handed_over_once()
    {
        PendingBytes pending = new();
        IOException failure = new("no");
        List<int> handed = [];
        Assert.Equal(2, pending.Append("ab"u8));
        Assert.Equal(1, pending.Append("c"u8));
        Assert.Same(failure, pending.HandOver(bytes => bytes.Span.SequenceEqual("abc"u8) ? failure : null));
        Assert.Equal(3, pending.Count);
        Assert.Null(pending.HandOver(Note));
        Assert.Equal(0, pending.Count);
        Assert.Null(pending.HandOver(_ => failure));
        Assert.Equal(PendingBytes.Size, pending.Append(new byte[PendingBytes.Size + 1]));
        Assert.Equal(0, pending.Append(new byte[1]));

        pending.End(Note);
        pending.End(Note);

        Assert.Equal([3, PendingBytes.Size], handed);
        Assert.Equal((0, 0), (pending.Count, pending.Append(new byte[1])));

        PendingBytes empty = new();
        empty.End(Note);
        Assert.Equal(2, handed.Count);

        Exception? Note(ReadOnlyMemory<byte> bytes)
        {
            handed.Add(bytes.Length);
            return null;
        }
    }

    private sealed class HeldSink : IByteSink, IMessageSink
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public SocketMessageType MessageType => SocketMessageType.Binary;

        public void ThrowIfNotWritable()
        {
        }

        public ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) => new(Done.Task);

        public ValueTask SendAsync(PendingBytes pending, CancellationToken cancellationToken)
        {
            pending.HandOver(static _ => null);
            return new(Done.Task);
        }

        public ValueTask SendAsync(ReadOnlyMemory<byte> message, SocketMessageType type, CancellationToken cancellationToken) =>
            new(Done.Task);
    }

    private sealed class Sink : IByteSink
    {
        private readonly Channel<int> _arrivals = Channel.CreateUnbounded<int>();
        private readonly List<byte[]> _sent = [];

        public Exception? Refusal { get; set; }

        public Task Gate { get; set; } = Task.CompletedTask;

        public IReadOnlyList<byte[]> Sent
        {
            get
            {
                lock (_sent)
                {
                    return [.. _sent];
                }
            }
        }

        /// <summary>The length of the next frame; waits until there is one.</summary>
        public ValueTask<int> NextAsync(CancellationToken cancellationToken) => _arrivals.Reader.ReadAsync(cancellationToken);

        public void ThrowIfNotWritable()
        {
            if (Refusal is not null)
            {
                throw Refusal;
            }
        }

        public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
        {
            await Gate.WaitAsync(cancellationToken);
            ThrowIfNotWritable();
            Note(bytes);
        }

        public async ValueTask SendAsync(PendingBytes pending, CancellationToken cancellationToken)
        {
            await Gate.WaitAsync(cancellationToken);
            ThrowIfNotWritable();
            pending.HandOver(bytes =>
            {
                Note(bytes);
                return null;
            });
        }

        private void Note(ReadOnlyMemory<byte> bytes)
        {
            lock (_sent)
            {
                _sent.Add(bytes.ToArray());
            }

            _arrivals.Writer.TryWrite(bytes.Length);
        }
    }
}
