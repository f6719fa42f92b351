namespace MessageWebSockets.Tests.Server;

/// <summary>A network that takes and gives nothing until the test lets it, and goes on outside of its caller's context.</summary>
internal sealed class PausedStream(Stream inner) : SequentialStream
{
    /// <summary>Lets reads go on.</summary>
    public TaskCompletionSource Reads { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Lets writes go on.</summary>
    public TaskCompletionSource Writes { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the first write has begun.</summary>
    public TaskCompletionSource HasBegunToWrite { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public void Open()
    {
        Reads.TrySetResult();
        Writes.TrySetResult();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await Reads.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        return await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        HasBegunToWrite.TrySetResult();
        await Writes.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        await inner.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
