using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace MessageWebSockets.Framing;

/// <summary>
/// The stream of a transport connection. It remembers how the peer began to answer and whether it reset the connection, and tells of
/// a reset everyone who meets it.
/// </summary>
/// <remarks>
/// The system tells of a reset once, to whichever operation asks first; after that a read ends and a write meets a broken pipe, as if
/// the peer had ended the connection in order. The framework may swallow even the first telling, when it comes after a part of a write
/// went through. So a broken pipe in a write that began before the end of reading is a reset, and that end waits for such a write.
/// </remarks>
internal sealed class TransportStream(Socket socket) : NetworkStream(socket, ownsSocket: true)
{
    // After a reset a write fails at once. One that waits for a peer which has ended its own side and does not read may wait for ever.
    private static readonly TimeSpan WriteOutcomePatience = TimeSpan.FromSeconds(1);

    private int _writing;
    private volatile TaskCompletionSource? _writingEnds;
    private volatile bool _wasReset;
    private volatile bool _readToEnd;
    private long _lastRead;

    public bool WasReset => _wasReset;

    /// <summary>Whether reading met the end of the connection, in order or by a reset.</summary>
    public bool HasEnded => _readToEnd || _wasReset;

    /// <summary>
    /// Waited for before the end of reading is told, as the framework closes the connection with it; null for nothing. It never fails.
    /// </summary>
    public Func<Task>? BeforeEnd { get; set; }

    /// <summary>The first byte that the peer sent; null before it.</summary>
    public byte? FirstByte { get; private set; }

    /// <summary>When something came last, in milliseconds of <see cref="Environment.TickCount64"/>; 0 before.</summary>
    public long LastRead => Volatile.Read(ref _lastRead);

    /// <summary>What the peer has taken so far; null where the system does not tell.</summary>
    public PeerProgress? Progress => PeerProgress.Of(Socket);

    /// <summary>Whether the system's network is what an exception tells of, and no layer above it.</summary>
    public static bool IsOfNetwork(Exception? e) => SocketErrorOf(e) is not null;

    /// <summary>Whether a peer's reset is what an exception tells.</summary>
    public static bool IsReset(Exception? e) => SocketErrorOf(e) == SocketError.ConnectionReset;

    [SuppressMessage(
        "Usage", "VSTHRD103:Call async methods when in an async method", Justification = "The result of a read that has completed.")]
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ValueTask<int> read = base.ReadAsync(buffer, cancellationToken);
        if (!read.IsCompletedSuccessfully)
        {
            return WatchAsync(read, buffer);
        }

        int count = read.Result;
        if (count == 0 || FirstByte is null)
        {
            return WatchAsync(new ValueTask<int>(count), buffer);
        }

        Volatile.Write(ref _lastRead, Environment.TickCount64);
        return new ValueTask<int>(count);
    }

    [SuppressMessage(
        "Usage", "VSTHRD103:Call async methods when in an async method", Justification = "The result of a write that has completed.")]
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        // Counted before the system is asked: from then on it may have told this write.
        Interlocked.Increment(ref _writing);
        bool beganAfterEnd = _readToEnd;
        ValueTask write;
        try
        {
            write = base.WriteAsync(buffer, cancellationToken);
        }
        catch
        {
            EndWrite();
            throw;
        }

        if (!write.IsCompletedSuccessfully)
        {
            return WatchAsync(write, beganAfterEnd);
        }

        write.GetAwaiter().GetResult();
        EndWrite();
        return default;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> WatchAsync(ValueTask<int> read, ReadOnlyMemory<byte> buffer)
    {
        try
        {
            int count = await read.ConfigureAwait(false);
            if (count > 0)
            {
                FirstByte ??= buffer.Span[0];
                Volatile.Write(ref _lastRead, Environment.TickCount64);
            }
            else if (buffer.Length > 0)
            {
                _readToEnd = true;
                await WritesEndAsync().ConfigureAwait(false);
                if (_wasReset)
                {
                    throw Reset();
                }

                if (BeforeEnd is { } before)
                {
                    await before().ConfigureAwait(false);
                }
            }

            return count;
        }
        catch (IOException e) when (IsReset(e))
        {
            _wasReset = true;
            throw;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WatchAsync(ValueTask write, bool beganAfterEnd)
    {
        try
        {
            await write.ConfigureAwait(false);
        }
        catch (IOException e) when (IsReset(e))
        {
            _wasReset = true;
            throw;
        }
        catch (IOException e) when (IsBrokenPipe(e) && !beganAfterEnd)
        {
            _wasReset = true;
            throw Reset();
        }
        finally
        {
            EndWrite();
        }
    }

    private static bool IsBrokenPipe(Exception e) => SocketErrorOf(e) == SocketError.Shutdown;

    private static SocketError? SocketErrorOf(Exception? e)
    {
        while (e is not null and not SocketException)
        {
            e = e.InnerException;
        }

        return (e as SocketException)?.SocketErrorCode;
    }

    private static IOException Reset() => new("The peer reset the connection.", new SocketException((int)SocketError.ConnectionReset));

    private void EndWrite()
    {
        if (Interlocked.Decrement(ref _writing) == 0)
        {
            _writingEnds?.TrySetResult();
        }
    }

    // Whoever gets an end disposes the socket, and then the framework calls every outcome of a write an abort.
    private async Task WritesEndAsync()
    {
        TaskCompletionSource ends = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _writingEnds = ends;
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _writing) > 0)
        {
            await Task.WhenAny(ends.Task, Task.Delay(WriteOutcomePatience)).ConfigureAwait(false);
        }
    }
}
