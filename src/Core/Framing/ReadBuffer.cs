using System.Buffers;
using System.Runtime.CompilerServices;

namespace MessageWebSockets.Framing;

/// <summary>
/// What came from the network and is not passed on yet, and when it came. One reader; what it tells may be read from any thread.
/// </summary>
internal sealed class ReadBuffer(Stream inner)
{
    /// <summary>What a busy connection reads at a time, in bytes. An idle one waits with a small buffer.</summary>
    public const int BusyReadSize = 64 * 1024;

    private const int IdleReadSize = 4096;
    private const int ShortReadsBeforeIdle = 8;

    // After so many milliseconds of silence the next wait begins without any buffer. It ends with a second read, which a connection
    // with more to say is spared.
    private const long QuietAfter = 1000;

    private byte[] _bytes = [];
    private int _start;
    private int _end;
    private int _shortReads;
    private bool _isQuiet = true;
    private long _bytesReceived;
    private long _lastReceived = Environment.TickCount64;
    private long _readingSince;

    /// <summary>The bytes that are here, valid until the next read.</summary>
    public ReadOnlyMemory<byte> Unread => _bytes.AsMemory(_start, _end - _start);

    public ReadOnlySpan<byte> UnreadSpan => _bytes.AsSpan(_start, _end - _start);

    public int Count => _end - _start;

    public long BytesReceived => Volatile.Read(ref _bytesReceived);

    /// <summary>When the last byte arrived, in milliseconds of <see cref="Environment.TickCount64"/>.</summary>
    public long LastReceived => Volatile.Read(ref _lastReceived);

    /// <summary>When the last byte arrived, for the reader: in ticks of UTC.</summary>
    public long LastReadUtcTicks { get; private set; }

    /// <summary>
    /// Since when the network is asked for bytes, in milliseconds of <see cref="Environment.TickCount64"/>; 0 while it is not, because
    /// whoever reads is held up by something else.
    /// </summary>
    public long ReadingSince => Volatile.Read(ref _readingSince);

    /// <summary>Whether the peer ended its side of the stream.</summary>
    public bool ReachedEnd { get; private set; }

    /// <summary>What broke reading, if anything did.</summary>
    public Exception? Fault { get; private set; }

    public void Advance(int count) => _start += count;

    /// <summary>Waits for bytes and adds them; 0 at the end of the stream.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> FillAsync(CancellationToken cancellationToken)
    {
        if (_isQuiet && _start == _end)
        {
            Return();
            _start = _end = 0;
            await ReadAsync(Memory<byte>.Empty, cancellationToken).ConfigureAwait(false);
        }

        Prepare();
        int read = await ReadAsync(_bytes.AsMemory(_end), cancellationToken).ConfigureAwait(false);
        _shortReads = read < IdleReadSize ? _shortReads + 1 : 0;
        _end += read;
        return read;
    }

    /// <summary>Reads past this buffer, which must be empty; into nothing it waits until there is something to read.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> ReadAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        Volatile.Write(ref _readingSince, Environment.TickCount64);
        int read;
        try
        {
            read = await inner.ReadAsync(target, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            Fault ??= e;
            throw;
        }
        finally
        {
            Volatile.Write(ref _readingSince, 0);
        }

        if (read > 0)
        {
            Volatile.Write(ref _bytesReceived, _bytesReceived + read);
            long now = Environment.TickCount64;
            _isQuiet = now - _lastReceived >= QuietAfter;
            Volatile.Write(ref _lastReceived, now);
            LastReadUtcTicks = DateTime.UtcNow.Ticks;
        }
        else
        {
            ReachedEnd |= target.Length > 0;
        }

        return read;
    }

    private void Prepare()
    {
        int buffered = Count;
        bool wasFilled = _bytes.Length == 0 || _end == _bytes.Length;
        int wanted = _bytes.Length switch
        {
            0 => IdleReadSize,
            < BusyReadSize when wasFilled => BusyReadSize,
            >= BusyReadSize when _shortReads >= ShortReadsBeforeIdle && buffered < IdleReadSize / 2 => IdleReadSize,
            int current => current,
        };

        if (wanted != _bytes.Length)
        {
            byte[] replacement = ArrayPool<byte>.Shared.Rent(wanted);
            UnreadSpan.CopyTo(replacement);
            Return();
            _bytes = replacement;
        }
        else if (_start > 0 && buffered > 0)
        {
            UnreadSpan.CopyTo(_bytes);
        }

        _start = 0;
        _end = buffered;
    }

    private void Return()
    {
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = [];
        }
    }
}
