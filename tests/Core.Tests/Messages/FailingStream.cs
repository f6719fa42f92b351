namespace MessageWebSockets.Tests.Messages;

/// <summary>A network that is broken.</summary>
internal sealed class FailingStream(Exception fault) : SequentialStream
{
    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        ValueTask.FromException<int>(fault);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        ValueTask.FromException(fault);
}
