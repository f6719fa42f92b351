using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace MessageWebSockets.Messages;

/// <summary>
/// The stream behind MessageWebSocket.OutputStream: writes append to a pending message, a flush sends it as one message.
/// All members may be called from any thread; flushes go out in the order of their calls.
/// </summary>
/// <remarks>
/// A message that could not be sent (not connected yet, or the flush was cancelled) stays pending, ahead of what was written since,
/// so that a flush can be repeated as on any other buffered stream. One that no flush could send, text that is not UTF-8, is dropped
/// when it is refused: it must not end up in front of the next message. Closing the stream drops what is pending.
/// </remarks>
internal sealed class MessageOutputStream(IMessageSink sink) : SequentialStream
{
    // A buffer that grew for one large message is not kept for the small ones that usually follow.
    private const int LargestKeptBuffer = 64 * 1024;

    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _flushTurn = new(1, 1);
    private ArrayBufferWriter<byte> _pending = new();
    private ArrayBufferWriter<byte>? _spare;
    private volatile bool _closed;

    public override bool CanRead => false;

    public override bool CanWrite => !_closed;

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        lock (_gate)
        {
            ThrowIfClosed();
            _pending.Write(buffer);
        }
    }

    public override void Write(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        Write(buffer.AsSpan(offset, count));
    }

    public override void WriteByte(byte value) => Write([value]);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromException(ContractError.Canceled(cancellationToken));
        }

        Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    /// <summary>Sends the pending message and blocks until it is handed over.</summary>
    [SuppressMessage(
        "Usage",
        "VSTHRD002:Avoid synchronous waits",
        Justification = "A Stream has blocking members too, and this one says that it blocks.")]
    public override void Flush() => FlushAsync(CancellationToken.None).GetAwaiter().GetResult();

    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        sink.ThrowIfNotWritable();
        await WaitForTurnAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (TakePending() is not { } message)
            {
                return;
            }

            try
            {
                await sink.SendAsync(message.WrittenMemory, sink.MessageType, cancellationToken).ConfigureAwait(false);
            }
            catch (ArgumentException)
            {
                Recycle(message);
                throw;
            }
            catch
            {
                PutBack(message);
                throw;
            }

            Recycle(message);
        }
        finally
        {
            _flushTurn.Release();
        }
    }

    protected override void Dispose(bool disposing)
    {
        lock (_gate)
        {
            _closed = true;
            _pending = new ArrayBufferWriter<byte>();
            _spare = null;
        }

        base.Dispose(disposing);
    }

    private async Task WaitForTurnAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _flushTurn.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException e)
        {
            throw ContractError.Canceled(cancellationToken, e);
        }
    }

    private ArrayBufferWriter<byte>? TakePending()
    {
        lock (_gate)
        {
            // Checked again: the stream may have been closed while this flush waited for its turn.
            ThrowIfClosed();
            if (_pending.WrittenCount == 0)
            {
                return null;
            }

            var message = _pending;
            _pending = _spare ?? new ArrayBufferWriter<byte>();
            _spare = null;
            return message;
        }
    }

    private void PutBack(ArrayBufferWriter<byte> message)
    {
        lock (_gate)
        {
            if (!_closed)
            {
                message.Write(_pending.WrittenSpan);
                _pending = message;
            }
        }
    }

    private void Recycle(ArrayBufferWriter<byte> message)
    {
        lock (_gate)
        {
            if (!_closed && message.Capacity <= LargestKeptBuffer)
            {
                message.ResetWrittenCount();
                _spare = message;
            }
        }
    }

    private void ThrowIfClosed()
    {
        if (_closed)
        {
            throw ContractError.Closed("MessageWebSocket.OutputStream");
        }
    }
}
