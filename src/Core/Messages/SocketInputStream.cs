using System.Diagnostics.CodeAnalysis;

namespace MessageWebSockets.Messages;

/// <summary>The stream behind StreamWebSocket.InputStream: reads what has arrived. Disposing it drops what still arrives.</summary>
/// <param name="queue">What was received.</param>
/// <param name="throwIfNotReadable">Throws what a read must throw before a connect.</param>
internal sealed class SocketInputStream(ByteQueue queue, Action throwIfNotReadable) : SequentialStream
{
    private volatile bool _isClosed;

    public override bool CanRead => !_isClosed;

    public override bool CanWrite => false;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            throwIfNotReadable();
        }
        catch (InvalidOperationException e)
        {
            return ValueTask.FromException<int>(e);
        }

        return queue.ReadAsync(buffer, cancellationToken);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    /// <summary>Blocks until something has arrived.</summary>
    [SuppressMessage(
        "Usage",
        "VSTHRD002:Avoid synchronous waits",
        Justification = "A Stream has blocking members too, and this one says that it blocks.")]
    public override int Read(byte[] buffer, int offset, int count) =>
        ReadAsync(buffer, offset, count, CancellationToken.None).GetAwaiter().GetResult();

    protected override void Dispose(bool disposing)
    {
        _isClosed = true;
        queue.Abandon();
        base.Dispose(disposing);
    }
}
