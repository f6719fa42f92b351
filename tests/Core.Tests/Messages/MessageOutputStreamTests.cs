using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace MessageWebSockets.Tests.Messages;

public sealed class MessageOutputStreamTests : IDisposable
{
    private const int Closed = unchecked((int)0x80000013);

    private readonly RecordingSink _sink = new();
    private readonly MessageOutputStream _stream;

    public MessageOutputStreamTests() => _stream = new MessageOutputStream(_sink);

    public void Dispose() => _stream.Dispose();

    [Fact]
    public async Task OutputStream_FlushAsync_sends_all_writes_as_one_message()
    {
        await _stream.WriteAsync(new byte[] { 1, 2 });
        _stream.Write([3]);
        _stream.WriteByte(4);
        _stream.Write([0, 5, 0], 1, 1);
        await new MemoryStream([6]).CopyToAsync(_stream);
        Assert.Empty(_sink.Sent);

        await _stream.FlushAsync();
        Assert.Equal([1, 2, 3, 4, 5, 6], Assert.Single(_sink.Sent).Message);
    }

    [Fact]
    public async Task OutputStream_FlushAsync_with_nothing_pending_sends_nothing()
    {
        await _stream.FlushAsync();
        _stream.Write([]);
        await _stream.FlushAsync();
        Assert.Empty(_sink.Sent);

        _stream.Write([1]);
        await _stream.FlushAsync();
        await _stream.FlushAsync();
        Assert.Single(_sink.Sent);
    }

    [Fact]
    public void OutputStream_Flush_blocks_until_the_message_is_sent()
    {
        _stream.Write([1]);
        _stream.Flush();
        Assert.Equal([1], Assert.Single(_sink.Sent).Message);
    }

    [Fact]
    public async Task OutputStream_FlushAsync_sends_with_the_MessageType_of_that_moment()
    {
        _sink.MessageType = SocketMessageType.Binary;
        _stream.Write([1]);
        _sink.MessageType = SocketMessageType.Utf8;
        await _stream.FlushAsync();
        _stream.Write([2]);
        _sink.MessageType = SocketMessageType.Binary;
        await _stream.FlushAsync();
        Assert.Equal([SocketMessageType.Utf8, SocketMessageType.Binary], _sink.Sent.Select(item => item.Type));
    }

    [Fact]
    public async Task OutputStream_after_Dispose_is_RO_E_CLOSED_and_what_was_pending_is_not_sent()
    {
        _stream.Write([1]);
        await _stream.DisposeAsync();
        _stream.Dispose();

        Assert.False(_stream.CanWrite);
        Assert.Equal(Closed, (await Assert.ThrowsAsync<ObjectDisposedException>(() => _stream.FlushAsync())).HResult);
        Assert.Equal(Closed, Assert.Throws<ObjectDisposedException>(_stream.Flush).HResult);
        Assert.Equal(Closed, Assert.Throws<ObjectDisposedException>(() => _stream.Write([1])).HResult);
        var error = await Assert.ThrowsAsync<ObjectDisposedException>(async () => await _stream.WriteAsync(new byte[1]));
        Assert.Equal(Closed, error.HResult);
        Assert.Empty(_sink.Sent);
    }

    [Fact]
    public async Task OutputStream_FlushAsync_before_a_successful_connect_throws_what_the_socket_says_and_keeps_the_message()
    {
        _sink.NotWritable = ContractError.IllegalMethodCall("not connected");
        Assert.Same(_sink.NotWritable, await Assert.ThrowsAsync<InvalidOperationException>(() => _stream.FlushAsync()));
        _stream.Write([1]);
        Assert.Same(_sink.NotWritable, await Assert.ThrowsAsync<InvalidOperationException>(() => _stream.FlushAsync()));
        Assert.Empty(_sink.Sent);

        _sink.NotWritable = null;
        await _stream.FlushAsync();
        Assert.Equal([1], Assert.Single(_sink.Sent).Message);
    }

    [Fact]
    public async Task OutputStream_FlushAsync_that_fails_keeps_the_message_ahead_of_later_writes()
    {
        _sink.SendFailure = new IOException("lost");
        _stream.Write([1, 2]);
        Assert.Same(_sink.SendFailure, await Assert.ThrowsAsync<IOException>(() => _stream.FlushAsync()));

        _sink.SendFailure = null;
        _stream.Write([3]);
        await _stream.FlushAsync();
        Assert.Equal([1, 2, 3], Assert.Single(_sink.Sent).Message);
    }

    [Fact]
    public async Task OutputStream_FlushAsync_that_is_cancelled_keeps_the_message_ahead_of_later_writes()
    {
        var gate = new TaskCompletionSource();
        _sink.Gate = gate.Task;
        using var cancellation = new CancellationTokenSource();
        _stream.Write([1]);
        var flush = _stream.FlushAsync(cancellation.Token);
        _stream.Write([2]);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => flush);

        gate.SetResult();
        await _stream.FlushAsync();
        Assert.Equal([1, 2], Assert.Single(_sink.Sent).Message);
    }

    [Fact]
    public async Task OutputStream_FlushAsync_that_refuses_its_message_drops_it_and_the_next_one_is_sent_alone()
    {
        _sink.SendFailure = new ArgumentException("not UTF-8");
        _stream.Write([0xFF]);
        Assert.Same(_sink.SendFailure, await Assert.ThrowsAsync<ArgumentException>(() => _stream.FlushAsync()));

        _sink.SendFailure = null;
        await _stream.FlushAsync();
        Assert.Empty(_sink.Sent);
        _stream.Write([1]);
        await _stream.FlushAsync();
        Assert.Equal([1], Assert.Single(_sink.Sent).Message);
    }

    [Theory]
    [MemberData(nameof(CancelledCalls))]
    public async Task A_cancelled_call_of_a_stream_reader_or_writer_has_the_HResult_of_a_cancelled_call(
        Func<Stream, CancellationToken, Task> call)
    {
        var gate = new TaskCompletionSource();
        _sink.Gate = gate.Task;
        _stream.Write([1]);
        var first = _stream.FlushAsync();
        _stream.Write([2]);
        using var cancellation = new CancellationTokenSource();
        await cancellation.CancelAsync();
        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call(_stream, cancellation.Token));
        Assert.Equal(unchecked((int)0x80072EF1), error.HResult);
        Assert.Equal(cancellation.Token, error.CancellationToken);
        gate.SetResult();
        await first;
    }

    public static TheoryData<Func<Stream, CancellationToken, Task>> CancelledCalls() => new()
    {
        static (stream, token) => stream.WriteAsync(new byte[1], token).AsTask(),
        static (stream, token) => stream.FlushAsync(token),
        static (stream, token) => new DataWriter(stream).FlushAsync(token),
        static (stream, token) => new DataWriter(stream).StoreAsync(token),
        static (_, token) => new DataReader(new GatedStream()).LoadAsync(1, token),
    };

    [Fact]
    public async Task OutputStream_writes_during_a_flush_belong_to_the_next_message()
    {
        var gate = new TaskCompletionSource();
        _sink.Gate = gate.Task;
        _stream.Write([1]);
        var first = _stream.FlushAsync();
        _stream.Write([2]);
        var second = _stream.FlushAsync();
        gate.SetResult();
        await Task.WhenAll(first, second);
        Assert.Equal([[1], [2]], _sink.Sent.Select(item => item.Message));
    }

    [Fact]
    public async Task OutputStream_closed_while_a_flush_waits_its_turn_ends_that_flush_with_RO_E_CLOSED()
    {
        var gate = new TaskCompletionSource();
        _sink.Gate = gate.Task;
        _stream.Write([1]);
        var first = _stream.FlushAsync();
        _stream.Write([2]);
        var second = _stream.FlushAsync();
        _stream.Dispose();
        gate.SetResult();
        await first;
        Assert.Equal(Closed, (await Assert.ThrowsAsync<ObjectDisposedException>(() => second)).HResult);
        Assert.Equal([1], Assert.Single(_sink.Sent).Message);
    }

    [Fact]
    public async Task OutputStream_writes_from_many_threads_arrive_whole()
    {
        const int Writers = 4, WritesEach = 100_000, Length = 7;
        using var start = new Barrier(Writers);
        await Task.WhenAll(Enumerable.Range(1, Writers).Select(writer => Task.Run(async () =>
        {
            var bytes = Enumerable.Repeat((byte)writer, Length).ToArray();
            start.SignalAndWait();
            for (var i = 0; i < WritesEach; i++)
            {
                _stream.Write(bytes);
                if (i % 10_000 == 0)
                {
                    await _stream.FlushAsync();
                }
            }
        })));
        await _stream.FlushAsync();

        var writes = _sink.Sent.SelectMany(item => item.Message.Chunk(Length)).ToList();
        Assert.DoesNotContain(writes, write => write.AsSpan().ContainsAnyExcept(write[0]));
        Assert.Equal(Enumerable.Repeat(WritesEach, Writers), writes.CountBy(write => write[0]).Select(pair => pair.Value));
    }

    [Fact]
    public void OutputStream_sends_any_sequence_of_writes_and_flushes_as_the_messages_between_the_flushes() =>
        Prop.ForAll(ArbMap.Default.ArbFor<byte[][][]>(), messages =>
        {
            var sink = new RecordingSink();
            using var stream = new MessageOutputStream(sink);
            foreach (var writes in messages)
            {
                foreach (var write in writes)
                {
                    stream.Write(write);
                }

                stream.Flush();
            }

            var expected = messages.Select(writes => writes.SelectMany(write => write).ToArray()).Where(message => message.Length > 0);
            return expected.Select(Convert.ToHexString).SequenceEqual(sink.Sent.Select(item => Convert.ToHexString(item.Message)));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public async Task OutputStream_is_for_writing_only()
    {
        Assert.True(_stream.CanWrite);
        Assert.False(_stream.CanRead);
        Assert.False(_stream.CanSeek);
        Assert.Throws<NotSupportedException>(() => _stream.Read(new byte[1], 0, 1));
        Assert.Throws<NotSupportedException>(() => _stream.Seek(0, SeekOrigin.Begin));
        Assert.Throws<NotSupportedException>(() => _stream.SetLength(0));
        Assert.Throws<NotSupportedException>(() => _stream.Length);
        Assert.Throws<NotSupportedException>(() => _stream.Position);
        Assert.Throws<NotSupportedException>(() => _stream.Position = 0);
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await _stream.WriteAsync(new byte[1], cancelled.Token));
    }
}
