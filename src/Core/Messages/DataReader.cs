using System.Buffers.Binary;

namespace MessageWebSockets;

/// <summary>
/// Reads typed values from a message or a stream, as Windows.Storage.Streams.DataReader does. A reader over a message has all of it
/// from the start; a reader over a stream gets its bytes by <see cref="LoadAsync"/>. For one thread at a time.
/// </summary>
/// <remarks>
/// A read past the loaded bytes throws <see cref="ArgumentOutOfRangeException"/> (E_BOUNDS 0x8000000B) and consumes nothing. After
/// <see cref="Dispose"/> every method but Dispose throws <see cref="ObjectDisposedException"/> (RO_E_CLOSED 0x80000013). While a
/// load is running, reads throw <see cref="InvalidOperationException"/> (E_ILLEGAL_METHOD_CALL 0x8000000E): await it first.
/// </remarks>
public sealed class DataReader : IDisposable
{
    // Small loads share one array; a huge count is not allocated before its bytes arrive.
    private const int SmallestBuffer = 4 * 1024;
    private const int LargestStep = 64 * 1024;

    // A stream's bytes lie in _buffer, the unconsumed ones up to _bufferEnd. What lies there is never overwritten, so the slices that
    // ReadBuffer handed out stay as they are.
    private byte[] _buffer = [];
    private int _bufferEnd;
    private ReadOnlyMemory<byte> _unconsumed;

    private Stream? _stream;
    private bool _detached;
    private volatile bool _loading;
    private bool _closed;

    /// <summary>Creates a reader over a stream. Nothing is read before <see cref="LoadAsync"/>.</summary>
    /// <param name="inputStream">The stream; closed with the reader, unless it is detached before.</param>
    /// <exception cref="ArgumentNullException"><paramref name="inputStream"/> is null.</exception>
    public DataReader(Stream inputStream)
    {
        ArgumentNullException.ThrowIfNull(inputStream);
        _stream = inputStream;
    }

    /// <summary>Creates a reader over the payload of a message, all of it loaded.</summary>
    /// <param name="message">The payload, not copied: it must not change as long as the reader or a buffer read from it is in use.</param>
    internal DataReader(ReadOnlyMemory<byte> message) => _unconsumed = message;

    /// <summary>The byte order of numbers and of the first three fields of a GUID; big endian by default.</summary>
    /// <exception cref="ArgumentOutOfRangeException">E_INVALIDARG 0x80070057: no member of the enumeration.</exception>
    public ByteOrder ByteOrder
    {
        get;
        set
        {
            ContractError.ThrowIfUndefined(value, nameof(value));
            field = value;
        }
    } = ByteOrder.BigEndian;

    /// <summary>The encoding of strings; UTF-8 by default.</summary>
    /// <exception cref="ArgumentOutOfRangeException">E_INVALIDARG 0x80070057: no member of the enumeration.</exception>
    public UnicodeEncoding UnicodeEncoding
    {
        get;
        set
        {
            ContractError.ThrowIfUndefined(value, nameof(value));
            field = value;
        }
    }

    /// <summary>When <see cref="LoadAsync"/> completes: with all the bytes (the default), or with any.</summary>
    public InputStreamOptions InputStreamOptions { get; set; }

    /// <summary>The number of loaded bytes that were not read yet; 0 for an empty message.</summary>
    public uint UnconsumedBufferLength
    {
        get
        {
            ThrowIfClosed();
            return (uint)_unconsumed.Length;
        }
    }

    /// <summary>Creates a reader over bytes, all of them loaded.</summary>
    /// <param name="buffer">The bytes, not copied.</param>
    public static DataReader FromBuffer(ReadOnlyMemory<byte> buffer) => new(buffer);

    /// <summary>Reads one byte; any but 0 is true.</summary>
    public bool ReadBoolean() => ReadByte() != 0;

    /// <summary>Reads one byte.</summary>
    public byte ReadByte() => Take(sizeof(byte))[0];

    /// <summary>Fills an array with the next bytes.</summary>
    /// <param name="value">The array; its length says how many bytes are read.</param>
    /// <exception cref="ArgumentNullException"><paramref name="value"/> is null.</exception>
    public void ReadBytes(byte[] value)
    {
        ArgumentNullException.ThrowIfNull(value);
        ReadBytes(value.AsSpan());
    }

    /// <summary>Fills a span with the next bytes.</summary>
    /// <param name="value">The span; its length says how many bytes are read.</param>
    public void ReadBytes(Span<byte> value) => Take(value.Length).CopyTo(value);

    /// <summary>Reads bytes without copying them.</summary>
    /// <param name="length">How many.</param>
    /// <returns>The bytes; they stay valid after the reader is disposed.</returns>
    public ReadOnlyMemory<byte> ReadBuffer(uint length)
    {
        ThrowIfNotLoaded(length);
        var buffer = _unconsumed[..(int)length];
        Consume(buffer.Length);
        return buffer;
    }

    /// <summary>Reads a 16-bit signed integer in the order of <see cref="ByteOrder"/>.</summary>
    public short ReadInt16() => unchecked((short)ReadUInt16());

    /// <summary>Reads a 32-bit signed integer in the order of <see cref="ByteOrder"/>.</summary>
    public int ReadInt32() => unchecked((int)ReadUInt32());

    /// <summary>Reads a 64-bit signed integer in the order of <see cref="ByteOrder"/>.</summary>
    public long ReadInt64() => unchecked((long)ReadUInt64());

    /// <summary>Reads a 16-bit unsigned integer in the order of <see cref="ByteOrder"/>.</summary>
    public ushort ReadUInt16()
    {
        var bytes = Take(sizeof(ushort));
        return IsBigEndian ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : BinaryPrimitives.ReadUInt16LittleEndian(bytes);
    }

    /// <summary>Reads a 32-bit unsigned integer in the order of <see cref="ByteOrder"/>.</summary>
    public uint ReadUInt32()
    {
        var bytes = Take(sizeof(uint));
        return IsBigEndian ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }

    /// <summary>Reads a 64-bit unsigned integer in the order of <see cref="ByteOrder"/>.</summary>
    public ulong ReadUInt64()
    {
        var bytes = Take(sizeof(ulong));
        return IsBigEndian ? BinaryPrimitives.ReadUInt64BigEndian(bytes) : BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    /// <summary>Reads a 32-bit IEEE 754 number in the order of <see cref="ByteOrder"/>.</summary>
    public float ReadSingle() => BitConverter.UInt32BitsToSingle(ReadUInt32());

    /// <summary>Reads a 64-bit IEEE 754 number in the order of <see cref="ByteOrder"/>.</summary>
    public double ReadDouble() => BitConverter.UInt64BitsToDouble(ReadUInt64());

    /// <summary>Reads 16 bytes as a GUID; its first three fields are in the order of <see cref="ByteOrder"/>.</summary>
    public Guid ReadGuid() => new(Take(16), IsBigEndian);

    /// <summary>Reads a string in the encoding of <see cref="UnicodeEncoding"/>.</summary>
    /// <param name="codeUnitCount">Its length in code units: bytes for UTF-8, pairs of bytes for UTF-16.</param>
    /// <exception cref="System.Text.DecoderFallbackException">
    /// ERROR_NO_UNICODE_TRANSLATION 0x80070459: the bytes are no UTF-8, for instance because the count ends inside a character. Nothing
    /// is consumed.
    /// </exception>
    public string ReadString(uint codeUnitCount)
    {
        var length = (long)codeUnitCount * StringCodec.CodeUnitSize(UnicodeEncoding);
        ThrowIfNotLoaded(length);
        var text = StringCodec.Decode(_unconsumed.Span[..(int)length], UnicodeEncoding);
        Consume((int)length);
        return text;
    }

    /// <summary>Reads a time: a 64-bit count of 100 ns ticks since 1601-01-01 UTC.</summary>
    /// <returns>The time, with offset zero.</returns>
    /// <exception cref="ArgumentOutOfRangeException">
    /// E_BOUNDS as every read, or E_INVALIDARG 0x80070057 where the ticks lie outside the years 1 to 9999. Nothing is consumed.
    /// </exception>
    public DateTimeOffset ReadDateTime()
    {
        var before = _unconsumed;
        var ticks = ReadInt64();
        if (UniversalTime.FromTicks(ticks) is { } time)
        {
            return time;
        }

        _unconsumed = before;
        throw new ArgumentOutOfRangeException(null, ticks, "These ticks since 1601-01-01 lie outside the years 1 to 9999.")
        {
            HResult = HResults.InvalidArgument,
        };
    }

    /// <summary>Reads a duration: a 64-bit count of 100 ns ticks.</summary>
    public TimeSpan ReadTimeSpan() => new(ReadInt64());

    /// <summary>Loads bytes from the stream, behind those already loaded.</summary>
    /// <param name="count">How many bytes to load, at most.</param>
    /// <param name="cancellationToken">Ends the wait. Bytes that had arrived before stay loaded.</param>
    /// <returns>
    /// How many bytes were loaded: fewer than <paramref name="count"/> at the end of the stream, or with
    /// <see cref="InputStreamOptions.Partial"/>; 0 for a reader over a message, which has them all.
    /// </returns>
    /// <exception cref="InvalidOperationException">
    /// E_ILLEGAL_METHOD_CALL 0x8000000E: the stream was detached, or another load is running.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled (0x80072EF1).</exception>
    public Task<uint> LoadAsync(uint count, CancellationToken cancellationToken = default)
    {
        ThrowIfClosed();
        ThrowIfLoading();
        if (_detached)
        {
            throw ContractError.IllegalMethodCall("The stream was detached from this reader: there is nothing to load from.");
        }

        if (_stream is null)
        {
            return Task.FromResult(0u);
        }

        _loading = true;
        return LoadFromAsync(_stream, count, cancellationToken);
    }

    /// <summary>Separates the stream from the reader, which no longer closes it. Loaded bytes can still be read.</summary>
    /// <returns>The stream, after the last byte that was loaded.</returns>
    /// <exception cref="InvalidOperationException">
    /// E_ILLEGAL_METHOD_CALL 0x8000000E: there is no stream (any more), or a load is running.
    /// </exception>
    public Stream DetachStream()
    {
        ThrowIfClosed();
        ThrowIfLoading();
        var stream = _stream ?? throw ContractError.IllegalMethodCall("This reader has no stream to detach.");
        _stream = null;
        _detached = true;
        return stream;
    }

    /// <summary>Takes the loaded bytes that were not read yet out of the reader.</summary>
    /// <returns>The bytes; they stay valid after the reader is disposed.</returns>
    /// <exception cref="InvalidOperationException">E_ILLEGAL_METHOD_CALL 0x8000000E: a load is running.</exception>
    public ReadOnlyMemory<byte> DetachBuffer()
    {
        ThrowIfNotLoaded(0);
        var buffer = _unconsumed;
        _unconsumed = default;
        _buffer = [];
        _bufferEnd = 0;
        return buffer;
    }

    /// <summary>Closes the reader and, unless it was detached, its stream.</summary>
    public void Dispose()
    {
        if (!_closed)
        {
            _closed = true;
            _stream?.Dispose();
        }
    }

    private bool IsBigEndian => ByteOrder == ByteOrder.BigEndian;

    private async Task<uint> LoadFromAsync(Stream stream, uint count, CancellationToken cancellationToken)
    {
        try
        {
            var loaded = 0u;
            while (loaded < count)
            {
                var read = await stream.ReadAsync(MakeRoom(count - loaded), cancellationToken).ConfigureAwait(false);
                if (read == 0)
                {
                    break;
                }

                var unconsumed = _unconsumed.Length + read;
                _bufferEnd += read;
                _unconsumed = _buffer.AsMemory(_bufferEnd - unconsumed, unconsumed);
                loaded += (uint)read;
                if (InputStreamOptions.HasFlag(InputStreamOptions.Partial))
                {
                    break;
                }
            }

            return loaded;
        }
        catch (OperationCanceledException e) when (cancellationToken.IsCancellationRequested)
        {
            throw ContractError.Canceled(cancellationToken, e);
        }
        finally
        {
            _loading = false;
        }
    }

    private Memory<byte> MakeRoom(uint wanted)
    {
        if (_bufferEnd == _buffer.Length)
        {
            // At least doubled, so that the copying stays in proportion to what is loaded.
            var unconsumed = _unconsumed.Length;
            var more = Math.Max(SmallestBuffer, Math.Max(unconsumed, (int)Math.Min(wanted, LargestStep)));
            var size = (int)Math.Min((long)unconsumed + more, Array.MaxLength);
            if (size == unconsumed)
            {
                throw ContractError.IllegalMethodCall($"{unconsumed} bytes are loaded and unread: read some before loading more.");
            }

            var larger = new byte[size];
            _unconsumed.CopyTo(larger);
            _buffer = larger;
            _bufferEnd = unconsumed;
            _unconsumed = larger.AsMemory(0, unconsumed);
        }

        return _buffer.AsMemory(_bufferEnd, (int)Math.Min(wanted, (uint)(_buffer.Length - _bufferEnd)));
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        ThrowIfNotLoaded(count);
        var bytes = _unconsumed.Span[..count];
        Consume(count);
        return bytes;
    }

    private void Consume(int count) => _unconsumed = _unconsumed[count..];

    private void ThrowIfNotLoaded(long count)
    {
        ThrowIfClosed();
        ThrowIfLoading();
        if (count > _unconsumed.Length)
        {
            throw ContractError.OutOfBounds(null, $"{count} bytes were asked for and {_unconsumed.Length} are left.");
        }
    }

    private void ThrowIfLoading()
    {
        if (_loading)
        {
            throw ContractError.IllegalMethodCall("A LoadAsync of this reader is still running: await it first.");
        }
    }

    private void ThrowIfClosed()
    {
        if (_closed)
        {
            throw ContractError.Closed(nameof(DataReader));
        }
    }
}
