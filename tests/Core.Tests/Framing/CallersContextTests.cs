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

    [Fact]
    public async Task Reading_goes_on_elsewhere()
    {
        ReadBuffer buffer = new(_network);

        // At first nothing is here, then something is, and then that is past the buffer.
        await ExpectNoPostAsync(() => buffer.FillAsync(Token).AsTask(), reads: 2);
        await ExpectNoPostAsync(() => buffer.FillAsync(Token).AsTask(), reads: 1);
        await ExpectNoPostAsync(() => buffer.ReadAsync(new byte[1], Token).AsTask(), reads: 1);
    }

    [Fact]
    public async Task Reading_frames_goes_on_elsewhere()
    {
        byte[] header = [0x82, 127, 0, 0, 0, 0, 0, 2, 0, 0];
        FrameReader reader = new(_network, new FrameTraces(), new PingBook(), null);
        _network.Content = header;
        await ExpectNoPostAsync(() => reader.ReadAsync(new byte[10], Token).AsTask(), reads: 2);
        _network.Content = new byte[10];
        await ExpectNoPostAsync(() => reader.ReadAsync(new byte[100], Token).AsTask(), reads: 1);
        byte[] target = new byte[20_000];
        await ExpectNoPostAsync(() => reader.WaitForPayloadAsync(target).AsTask(), reads: 1);
        Assert.Equal(10, await reader.ReadAsync(target, Token));
        await ExpectNoPostAsync(() => reader.WaitForPayloadAsync(target.AsMemory(0, 100)).AsTask(), reads: 1);
    }

    [Fact]
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

    private async Task ExpectNoPostAsync(Func<Task> read, int reads)
    {
        int posts = await ForeignContext.CountPostsAsync(() => Task.WhenAll(read(), _network.AnswerAsync(reads)));
        Assert.Equal(0, posts);
    }

    /// <summary>Answers a read when it is told to.</summary>
    private sealed class LaterStream : SequentialStream
    {
        private readonly Queue<TaskCompletionSource<int>> _asked = new();
        private readonly SemaphoreSlim _arrived = new(0);

        public byte[] Content { get; set; } = [1];

        public override bool CanRead => true;

        public override bool CanWrite => true;

        public async Task AnswerAsync(int reads)
        {
            for (int i = 0; i < reads; i++)
            {
                await _arrived.WaitAsync(Token).ConfigureAwait(false);
                _asked.Dequeue().SetResult(0);
            }
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            TaskCompletionSource<int> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _asked.Enqueue(answer);
            _arrived.Release();
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
