using System.Threading.Channels;

namespace MessageWebSockets.Tests.Frames;

/// <summary>A network that takes a write only when the test lets it.</summary>
internal sealed class HeldStream : SequentialStream
{
    private readonly Channel<(byte[] Bytes, TaskCompletionSource Done)> _writes =
        Channel.CreateUnbounded<(byte[] Bytes, TaskCompletionSource Done)>();

    public override bool CanRead => false;

    public override bool CanWrite => true;

    /// <summary>The next write and what completes it; waits until there is one.</summary>
    public ValueTask<(byte[] Bytes, TaskCompletionSource Done)> NextWriteAsync(CancellationToken cancellationToken) =>
        _writes.Reader.ReadAsync(cancellationToken);

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _writes.Writer.TryWrite((buffer.ToArray(), done));
        await done.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
