using System.Threading.Channels;

namespace MessageWebSockets.Tests.Frames;

/// <summary>A network that takes a write only when the test lets it.</summary>
internal sealed class HeldStream : Stream
{
    private readonly Channel<(byte[] Bytes, TaskCompletionSource Done)> _writes =
        Channel.CreateUnbounded<(byte[] Bytes, TaskCompletionSource Done)>();

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>The next write and what completes it; waits until there is one.</summary>
    public ValueTask<(byte[] Bytes, TaskCompletionSource Done)> NextWriteAsync(CancellationToken cancellationToken) =>
        _writes.Reader.ReadAsync(cancellationToken);

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _writes.Writer.TryWrite((buffer.ToArray(), done));
        await done.Task.WaitAsync(cancellationToken);
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
