using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;

namespace MessageWebSockets.Messages;

/// <summary>
/// The stream behind StreamWebSocket.OutputStream: a flush sends what was written, full frames go out on their own, and what nobody
/// flushes leaves a moment later. All members may be called from any thread.
/// </summary>
/// <remarks>
/// Bytes that could not be sent (not connected yet, or the flush was cancelled) stay pending, ahead of what is written next. A write
/// that was cancelled in its middle has sent what went before. What is pending when the connection closes goes ahead of the close frame.
/// </remarks>
internal sealed class SocketOutputStream : SequentialStream
{
    // Stream.CopyToAsync never flushes, and a tunnel made of it must not keep the last bytes.
    private const int AutomaticFlushMilliseconds = 1;

    private readonly IByteSink _sink;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Timer _flushing;
    private readonly PendingBytes _pending = new();
    private int _isTimerSet;
    private volatile bool _isClosed;

    public SocketOutputStream(IByteSink sink)
    {
        _sink = sink;

        // Nothing of who creates the socket flows into its flushes.
        using AsyncFlowControl? flow = ExecutionContext.IsFlowSuppressed() ? null : ExecutionContext.SuppressFlow();
        _flushing = new Timer(
            static stream => _ = ((SocketOutputStream)stream!).FlushOnItsOwnAsync(), this, Timeout.Infinite, Timeout.Infinite);
    }

    /// <summary>What was written and has not left yet.</summary>
    public PendingBytes Pending => _pending;

    public override bool CanRead => false;

    public override bool CanWrite => !_isClosed;

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        (await WriteSomeAsync(buffer, cancellationToken).ConfigureAwait(false)).Failure?.Throw();

    /// <summary>Writes as much as it can, for who has to know how much that was.</summary>
    /// <returns>How many bytes were taken, and why not all of them; null where all were.</returns>
    public async ValueTask<(int Taken, ExceptionDispatchInfo? Failure)> WriteSomeAsync(
        ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        await EnterAsync(cancellationToken).ConfigureAwait(false);
        int taken = 0;
        try
        {
            ThrowIfClosed();
            if (_pending.Count > 0)
            {
                // A frame that was begun is filled up, and leaves when it is full.
                taken = _pending.Append(buffer.Span);
                if (_pending.Count == PendingBytes.Size)
                {
                    await SendPendingAsync(cancellationToken).ConfigureAwait(false);
                }
            }

            for (; buffer.Length - taken >= PendingBytes.Size; taken += PendingBytes.Size)
            {
                await _sink.SendAsync(buffer.Slice(taken, PendingBytes.Size), cancellationToken).ConfigureAwait(false);
            }

            await KeepAsync(buffer[taken..], cancellationToken).ConfigureAwait(false);
            return (buffer.Length, null);
        }
        catch (Exception e)
        {
            return (taken, ExceptionDispatchInfo.Capture(e));
        }
        finally
        {
            _turn.Release();
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    /// <summary>Blocks while the peer takes nothing.</summary>
    [SuppressMessage(
        "Usage",
        "VSTHRD002:Avoid synchronous waits",
        Justification = "A Stream has blocking members too, and this one says that it blocks.")]
    public override void Write(byte[] buffer, int offset, int count) =>
        WriteAsync(buffer, offset, count, CancellationToken.None).GetAwaiter().GetResult();

    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        _sink.ThrowIfNotWritable();
        await EnterAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await SendPendingAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Blocks while the peer takes nothing.</summary>
    [SuppressMessage(
        "Usage",
        "VSTHRD002:Avoid synchronous waits",
        Justification = "A Stream has blocking members too, and this one says that it blocks.")]
    public override void Flush() => FlushAsync(CancellationToken.None).GetAwaiter().GetResult();

    /// <summary>Sends what is pending, as closing a stream does; a connection that is over is no error.</summary>
    public override async ValueTask DisposeAsync()
    {
        await CloseAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>As <see cref="DisposeAsync"/>, without a wait for a peer that takes nothing.</summary>
    protected override void Dispose(bool disposing)
    {
        _ = CloseAsync();
        base.Dispose(disposing);
    }

    private async Task CloseAsync()
    {
        if (!_isClosed)
        {
            _isClosed = true;
            await _flushing.DisposeAsync().ConfigureAwait(false);
            await FlushOnItsOwnAsync().ConfigureAwait(false);
        }
    }

    // For less than a frame: it leaves with a flush, or in a moment.
    private async ValueTask KeepAsync(ReadOnlyMemory<byte> rest, CancellationToken cancellationToken)
    {
        if (rest.Length > 0 && _pending.Append(rest.Span) == 0)
        {
            // A close frame is on its way: this cannot be sent, and the socket says why.
            await _sink.SendAsync(rest, cancellationToken).ConfigureAwait(false);
        }

        if (_pending.Count > 0 && Interlocked.Exchange(ref _isTimerSet, 1) == 0)
        {
            _flushing.Change(AutomaticFlushMilliseconds, Timeout.Infinite);
        }
    }

    private ValueTask SendPendingAsync(CancellationToken cancellationToken) =>
        _pending.Count > 0 ? _sink.SendAsync(_pending, cancellationToken) : default;

    private async Task FlushOnItsOwnAsync()
    {
        Volatile.Write(ref _isTimerSet, 0);
        await _turn.WaitAsync().ConfigureAwait(false);
        try
        {
            await SendPendingAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            // Not connected yet, or no longer: the next write or flush meets it.
        }
        finally
        {
            _turn.Release();
        }
    }

    private async ValueTask EnterAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException e)
        {
            throw ContractError.Canceled(cancellationToken, e);
        }
    }

    private void ThrowIfClosed()
    {
        if (_isClosed)
        {
            throw ContractError.Closed("StreamWebSocket.OutputStream");
        }
    }
}
