using MessageWebSockets.Tests.Messages;
using Xunit;

namespace MessageWebSockets.Tests.Framing;

public sealed class ReadBufferTests
{
    private const int Idle = 4096;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_idle_connection_waits_without_memory_and_a_busy_one_reads_much_at_a_time()
    {
        (ChunkedStream network, ReadBuffer buffer) = await WithoutAPauseAsync(async () =>
        {
            ChunkedStream network = new(new byte[1_000_000], chunk: 100_000);
            ReadBuffer buffer = new(network);
            for (int i = 0; i < 3; i++)
            {
                buffer.Advance(buffer.Count);
                await buffer.FillAsync(Token);
            }

            return (network, buffer);
        });

        Assert.Equal([0, Idle, ReadBuffer.BusyReadSize, ReadBuffer.BusyReadSize], network.Asked);
        Assert.Equal(Idle + (2 * ReadBuffer.BusyReadSize), buffer.BytesReceived);
        Assert.Equal(ReadBuffer.BusyReadSize, buffer.Count);
    }

    // A read of the size of a small buffer is none that shows an idle connection.
    [Theory]
    [InlineData(Idle - 1, Idle)]
    [InlineData(Idle, ReadBuffer.BusyReadSize)]
    public async Task After_eight_short_reads_the_buffer_is_small_again(int length, int expected)
    {
        ChunkedStream network = await WithoutAPauseAsync(async () =>
        {
            ChunkedStream slow = new(new byte[200_000], length);
            ReadBuffer buffer = new(new FirstThenStream(new ChunkedStream(new byte[Idle], Idle), slow, reads: 2));
            for (int i = 0; i < 10; i++)
            {
                buffer.Advance(buffer.Count);
                await buffer.FillAsync(Token);
            }

            return slow;
        });

        Assert.Equal([.. Enumerable.Repeat(ReadBuffer.BusyReadSize, 8), expected], network.Asked);
    }

    [Fact]
    public async Task What_is_unread_moves_to_the_front_and_stays_as_it_is()
    {
        byte[] content = [.. Enumerable.Range(0, 20_000).Select(i => (byte)(i * 7))];
        ChunkedStream network = new(content, chunk: 3000);
        ReadBuffer buffer = new(network);
        List<byte> read = [];
        while (await buffer.FillAsync(Token) > 0)
        {
            Assert.True(buffer.Unread.Span.SequenceEqual(buffer.UnreadSpan));
            int taken = buffer.Count - (buffer.Count % 1000) - 500;
            read.AddRange(buffer.UnreadSpan[..taken]);
            buffer.Advance(taken);
        }

        read.AddRange(buffer.UnreadSpan);
        Assert.Equal(content, read);
        Assert.True(buffer.ReachedEnd);
        Assert.Null(buffer.Fault);
        Assert.Equal(content.Length, buffer.BytesReceived);
    }

    [Fact]
    public async Task What_is_unread_is_still_there_in_a_larger_buffer()
    {
        byte[] content = [.. Enumerable.Range(0, 50_000).Select(i => (byte)(i * 7))];
        ReadBuffer buffer = new(new ChunkedStream(content, chunk: 20_000));
        Assert.Equal(Idle, await buffer.FillAsync(Token));
        buffer.Advance(Idle - 100);
        Assert.Equal(20_000, await buffer.FillAsync(Token));
        Assert.True(buffer.UnreadSpan.SequenceEqual(content.AsSpan(Idle - 100, 20_100)));
    }

    [Fact]
    public async Task When_the_network_is_asked_and_when_it_answers_is_known()
    {
        TaskCompletionSource<int> answer = new();
        DateTime beforeUtc = DateTime.UtcNow;
        long before = Environment.TickCount64;
        ReadBuffer buffer = new(new AskedStream(answer.Task));
        Assert.InRange(buffer.LastReceived, before, Environment.TickCount64);
        Assert.Equal(0, buffer.ReadingSince);
        Assert.Equal(0, buffer.LastReadUtcTicks);

        long made = buffer.LastReceived;
        SpinWait.SpinUntil(() => Environment.TickCount64 > made);

        before = Environment.TickCount64;
        Task<int> fill = buffer.FillAsync(Token).AsTask();
        Assert.InRange(buffer.ReadingSince, before, Environment.TickCount64);
        answer.SetResult(5);
        Assert.Equal(5, await fill);

        Assert.Equal(0, buffer.ReadingSince);
        Assert.InRange(buffer.LastReceived, before, Environment.TickCount64);
        Assert.InRange(buffer.LastReadUtcTicks, beforeUtc.Ticks, DateTime.UtcNow.Ticks);
        Assert.False(buffer.ReachedEnd);
    }

    [Fact]
    public async Task The_first_fault_is_kept()
    {
        IOException first = new("first");
        TaskCompletionSource<int> answer = new();
        answer.SetException(first);
        ReadBuffer buffer = new(new AskedStream(answer.Task));

        Assert.Same(first, await Assert.ThrowsAsync<IOException>(async () => await buffer.ReadAsync(new byte[1], Token)));
        Assert.Same(first, buffer.Fault);
        Assert.Equal(0, buffer.ReadingSince);
        Assert.False(buffer.ReachedEnd);
    }

    // A pause of a second would be that of a quiet connection, which waits in another way.
    private static async Task<T> WithoutAPauseAsync<T>(Func<Task<T>> run)
    {
        while (true)
        {
            long begin = Environment.TickCount64;
            T result = await run();
            if (Environment.TickCount64 - begin < 1000)
            {
                return result;
            }
        }
    }

    private sealed class AskedStream(Task<int> answer) : SequentialStream
    {
        public override bool CanRead => true;

        public override bool CanWrite => false;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(answer);
    }

    private sealed class FirstThenStream(Stream first, Stream then, int reads) : SequentialStream
    {
        private int _reads;

        public override bool CanRead => true;

        public override bool CanWrite => false;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            (_reads++ < reads ? first : then).ReadAsync(buffer, cancellationToken);
    }
}
