namespace MessageWebSockets.Tests.Server;

/// <summary>A network that brings what another stream has, and takes nothing any more.</summary>
internal sealed class BrokenStream(Stream incoming) : SequentialStream
{
    private int _writes;

    /// <summary>How many writes were tried.</summary>
    public int Writes => Volatile.Read(ref _writes);

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        incoming.ReadAsync(buffer, cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Interlocked.Increment(ref _writes);
        return ValueTask.FromException(new IOException("The client is gone."));
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
