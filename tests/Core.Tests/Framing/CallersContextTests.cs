using System.Threading.Channels;
using MessageWebSockets.Tests.Frames;
using MessageWebSockets.Tests.Loopback;
using Xunit;

namespace MessageWebSockets.Tests.Framing;

/// <summary>Nothing goes on in the context of a caller, whose thread may be the one that waits for it.</summary>
public sealed class CallersContextTests : IDisposable
{
    private readonly LaterStream _network = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _network.Dispose();

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Reading_goes_on_elsewhere()
    {
        ReadBuffer buffer = new(_network);

        // At first nothing is here, then something is, and then that is past the buffer.
        await ExpectNoPostAsync(() => buffer.FillAsync(Token).AsTask());
        await ExpectNoPostAsync(() => buffer.FillAsync(Token).AsTask());
        await ExpectNoPostAsync(() => buffer.ReadAsync(new byte[1], Token).AsTask());
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Reading_to_the_end_goes_on_elsewhere()
    {
        _network.Content = [];
        await ExpectNoPostAsync(() => StreamEnd.ReachAsync(_network));
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Reading_frames_goes_on_elsewhere()
    {
        byte[] header = [0x82, 127, 0, 0, 0, 0, 0, 2, 0, 0];
        FrameReader reader = new(_network, new FrameTraces(), new PingBook(), null);
        _network.Content = header;
        await ExpectNoPostAsync(() => reader.ReadAsync(new byte[10], Token).AsTask());
        _network.Content = new byte[10];
        await ExpectNoPostAsync(() => reader.ReadAsync(new byte[100], Token).AsTask());
        byte[] target = new byte[20_000];
        await ExpectNoPostAsync(() => reader.WaitForPayloadAsync(target).AsTask());
        Assert.Equal(10, await reader.ReadAsync(target, Token));
        await ExpectNoPostAsync(() => reader.WaitForPayloadAsync(target.AsMemory(0, 100)).AsTask());
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Writing_goes_on_elsewhere()
    {
        HeldStream network = new();
        using FrameWriter writer = new(network, new FrameTraces(), new PingBook(), limit: 1);
        int posts = await ForeignContext.CountPostsAsync(() =>
        {
            writer.SendData(FrameOpcode.Binary, isFinal: true, new byte[1]);
            writer.SendData(FrameOpcode.Binary, isFinal: true, new byte[1]);
            Task waits = Task.WhenAll(writer.WaitForRoomAsync(Token)!, writer.DrainAsync(Token));
            Task ping = writer.PingAsync(Token).ContinueWith(static _ => { }, TaskScheduler.Default);
            return Task.WhenAll(waits, ping, WriteAsync(network, writer, waits));
        });
        Assert.Equal(0, posts);
    }

    private static async Task WriteAsync(HeldStream network, FrameWriter writer, Task until)
    {
        while (!until.IsCompleted)
        {
            Task<(byte[] Bytes, TaskCompletionSource Done)> next = network.NextWriteAsync(Token).AsTask();
            await Task.WhenAny(next, until).ConfigureAwait(false);
            if (next.IsCompleted)
            {
                (await next.ConfigureAwait(false)).Done.SetResult();
            }
        }

        writer.EndPings();
    }

    private async Task ExpectNoPostAsync(Func<Task> read)
    {
        int posts = await ForeignContext.CountPostsAsync(() =>
        {
            Task reading = read();
            Assert.False(reading.IsCompleted);
            return Task.WhenAll(reading, _network.AnswerAsync(until: reading));
        });
        Assert.Equal(0, posts);
    }

    /// <summary>Answers a read when it is told to.</summary>
    private sealed class LaterStream : SequentialStream
    {
        private readonly Channel<TaskCompletionSource> _asked = Channel.CreateUnbounded<TaskCompletionSource>();

        public byte[] Content { get; set; } = [1];

        public override bool CanRead => true;

        public override bool CanWrite => true;

        // As many reads as it takes: one more where the last one came a second ago, as that of a quiet connection.
        public async Task AnswerAsync(Task until)
        {
            while (!until.IsCompleted)
            {
                Token.ThrowIfCancellationRequested();
                await Task.WhenAny(_asked.Reader.WaitToReadAsync(Token).AsTask(), until).ConfigureAwait(false);
                if (_asked.Reader.TryRead(out TaskCompletionSource? answer))
                {
                    answer.SetResult();
                }
            }
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            TaskCompletionSource answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _asked.Writer.TryWrite(answer);
            return new ValueTask<int>(ContinueAsync(answer.Task, buffer));
        }

        private async Task<int> ContinueAsync(Task answer, Memory<byte> buffer)
        {
            await answer.ConfigureAwait(false);
            int count = Math.Min(Content.Length, buffer.Length);
            Content.AsMemory(0, count).CopyTo(buffer);
            return count;
        }
    }
}
