using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.ExceptionServices;

namespace MessageWebSockets;

/// <summary>
/// Writes typed values into a message or a stream, as Windows.Storage.Streams.DataWriter does. Values gather in memory until
/// <see cref="StoreAsync"/>, which over the OutputStream of a socket sends them as one message. For one thread at a time.
/// </summary>
/// <remarks>
/// After <see cref="Dispose"/> every method but Dispose throws <see cref="ObjectDisposedException"/> (RO_E_CLOSED 0x80000013).
/// Disposing a writer over the OutputStream of a socket closes that stream: call <see cref="DetachStream"/> before, to send more.
/// </remarks>
public sealed class DataWriter : IDisposable
{
    private ArrayBufferWriter<byte> _unstored = new();
    private uint _unflushed;
    private Stream? _stream;
    private volatile bool _storing;
    private bool _closed;

    /// <summary>Creates a writer in memory; <see cref="DetachBuffer"/> gives what was written.</summary>
    public DataWriter()
    {
    }

    /// <summary>Creates a writer over a stream.</summary>
    /// <param name="outputStream">The stream; closed with the writer, unless it is detached before.</param>
    /// <exception cref="ArgumentNullException"><paramref name="outputStream"/> is null.</exception>
    public DataWriter(Stream outputStream)
    {
        ArgumentNullException.ThrowIfNull(outputStream);
        _stream = outputStream;
    }

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

    /// <summary>The number of bytes written since the last <see cref="StoreAsync"/>.</summary>
    public uint UnstoredBufferLength
    {
        get
        {
            ThrowIfClosed();
            return (uint)_unstored.WrittenCount;
        }
    }

    /// <summary>Writes one byte: 1 for true, 0 for false.</summary>
    /// <param name="value">The value.</param>
    public void WriteBoolean(bool value) => WriteByte(value ? (byte)1 : (byte)0);

    /// <summary>Writes one byte.</summary>
    /// <param name="value">The value.</param>
    public void WriteByte(byte value) => Reserve(sizeof(byte))[0] = value;

    /// <summary>Writes all bytes of an array.</summary>
    /// <param name="value">The bytes.</param>
    /// <exception cref="ArgumentNullException"><paramref name="value"/> is null.</exception>
    public void WriteBytes(byte[] value)
    {
        ArgumentNullException.ThrowIfNull(value);
        WriteBytes(value.AsSpan());
    }

    /// <summary>Writes all bytes of a span.</summary>
    /// <param name="value">The bytes.</param>
    public void WriteBytes(ReadOnlySpan<byte> value)
    {
        ThrowIfClosed();
        _unstored.Write(value);
    }

    /// <summary>Writes all bytes of a buffer.</summary>
    /// <param name="buffer">The bytes; copied.</param>
    public void WriteBuffer(ReadOnlyMemory<byte> buffer) => WriteBytes(buffer.Span);

    /// <summary>Writes some bytes of a buffer.</summary>
    /// <param name="buffer">The bytes; copied.</param>
    /// <param name="start">The index of the first byte to write.</param>
    /// <param name="count">How many to write.</param>
    /// <exception cref="ArgumentOutOfRangeException">E_BOUNDS 0x8000000B: the buffer has fewer bytes. Nothing is written.</exception>
    public void WriteBuffer(ReadOnlyMemory<byte> buffer, uint start, uint count)
    {
        ThrowIfClosed();
        if ((ulong)start + count > (ulong)buffer.Length)
        {
            throw ContractError.OutOfBounds(nameof(count), $"The buffer has {buffer.Length} bytes, not {count} from {start} on.");
        }

        WriteBytes(buffer.Span.Slice((int)start, (int)count));
    }

    /// <summary>Writes a 16-bit signed integer in the order of <see cref="ByteOrder"/>.</summary>
    /// <param name="value">The value.</param>
    public void WriteInt16(short value) => WriteUInt16(unchecked((ushort)value));

    /// <summary>Writes a 32-bit signed integer in the order of <see cref="ByteOrder"/>.</summary>
    /// <param name="value">The value.</param>
    public void WriteInt32(int value) => WriteUInt32(unchecked((uint)value));

    /// <summary>Writes a 64-bit signed integer in the order of <see cref="ByteOrder"/>.</summary>
    /// <param name="value">The value.</param>
    public void WriteInt64(long value) => WriteUInt64(unchecked((ulong)value));

    /// <summary>Writes a 16-bit unsigned integer in the order of <see cref="ByteOrder"/>.</summary>
    /// <param name="value">The value.</param>
    public void WriteUInt16(ushort value)
    {
        var bytes = Reserve(sizeof(ushort));
        if (IsBigEndian)
        {
            BinaryPrimitives.WriteUInt16BigEndian(bytes, value);
        }
        else
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes, value);
        }
    }

    /// <summary>Writes a 32-bit unsigned integer in the order of <see cref="ByteOrder"/>.</summary>
    /// <param name="value">The value.</param>
    public void WriteUInt32(uint value)
    {
        var bytes = Reserve(sizeof(uint));
        if (IsBigEndian)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        }
        else
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        }
    }

    /// <summary>Writes a 64-bit unsigned integer in the order of <see cref="ByteOrder"/>.</summary>
    /// <param name="value">The value.</param>
    public void WriteUInt64(ulong value)
    {
        var bytes = Reserve(sizeof(ulong));
        if (IsBigEndian)
        {
            BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        }
        else
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        }
    }

    /// <summary>Writes a 32-bit IEEE 754 number in the order of <see cref="ByteOrder"/>.</summary>
    /// <param name="value">The value.</param>
    public void WriteSingle(float value) => WriteUInt32(BitConverter.SingleToUInt32Bits(value));

    /// <summary>Writes a 64-bit IEEE 754 number in the order of <see cref="ByteOrder"/>.</summary>
    /// <param name="value">The value.</param>
    public void WriteDouble(double value) => WriteUInt64(BitConverter.DoubleToUInt64Bits(value));

    /// <summary>Writes the 16 bytes of a GUID; its first three fields are in the order of <see cref="ByteOrder"/>.</summary>
    /// <param name="value">The value.</param>
    public void WriteGuid(Guid value) => value.TryWriteBytes(Reserve(16), IsBigEndian, out _);

    /// <summary>Writes a string in the encoding of <see cref="UnicodeEncoding"/>: no length, no byte order mark.</summary>
    /// <param name="value">The string.</param>
    /// <returns>Its length in code units, as <see cref="DataReader.ReadString"/> takes it.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="value"/> is null.</exception>
    /// <exception cref="System.Text.EncoderFallbackException">
    /// ERROR_NO_UNICODE_TRANSLATION 0x80070459: half a surrogate pair, which UTF-8 cannot hold. Nothing is written.
    /// </exception>
    public uint WriteString(string value)
    {
        var codeUnits = MeasureString(value);
        StringCodec.Append(_unstored, value, UnicodeEncoding);
        return codeUnits;
    }

    /// <summary>Measures a string in the encoding of <see cref="UnicodeEncoding"/>.</summary>
    /// <param name="value">The string.</param>
    /// <returns>Its length in code units: bytes for UTF-8, pairs of bytes for UTF-16.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="value"/> is null.</exception>
    /// <exception cref="System.Text.EncoderFallbackException">
    /// ERROR_NO_UNICODE_TRANSLATION 0x80070459: half a surrogate pair, which UTF-8 cannot hold.
    /// </exception>
    public uint MeasureString(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        ThrowIfClosed();
        return (uint)StringCodec.Measure(value, UnicodeEncoding);
    }

    /// <summary>Writes a time as a 64-bit count of 100 ns ticks since 1601-01-01 UTC.</summary>
    /// <param name="value">The time; its offset is not kept.</param>
    public void WriteDateTime(DateTimeOffset value) => WriteInt64(UniversalTime.ToTicks(value));

    /// <summary>Writes a duration as a 64-bit count of 100 ns ticks.</summary>
    /// <param name="value">The duration.</param>
    public void WriteTimeSpan(TimeSpan value) => WriteInt64(value.Ticks);

    /// <summary>
    /// Writes everything that is unstored to the stream at once and flushes it: over the OutputStream of a socket, sends one message.
    /// </summary>
    /// <param name="cancellationToken">
    /// Ends the wait. What the stream has not taken stays unstored; what it has taken and not sent goes out with its next flush.
    /// </param>
    /// <returns>
    /// The number of bytes stored, with those that the stream had taken from a call before and not sent, because its flush failed.
    /// </returns>
    /// <exception cref="ArgumentException">The message is text and not UTF-8; it was dropped, and the next one can be written.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled (0x80072EF1).</exception>
    /// <exception cref="InvalidOperationException">
    /// E_ILLEGAL_METHOD_CALL 0x8000000E: there is no stream (any more), another store is running, or the socket is not connected.
    /// </exception>
    /// <exception cref="ObjectDisposedException">RO_E_CLOSED 0x80000013: the writer, the stream or the socket was closed.</exception>
    public Task<uint> StoreAsync(CancellationToken cancellationToken = default)
    {
        var stream = RequireStream();
        _storing = true;
        return StoreToAsync(stream, cancellationToken);
    }

    /// <summary>Flushes the stream, without storing: what is unstored stays so.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>True: a flush that fails throws.</returns>
    /// <exception cref="InvalidOperationException">
    /// E_ILLEGAL_METHOD_CALL 0x8000000E: there is no stream (any more), a store is running, or the socket is not connected.
    /// </exception>
    /// <exception cref="ObjectDisposedException">RO_E_CLOSED 0x80000013: the writer, the stream or the socket was closed.</exception>
    public Task<bool> FlushAsync(CancellationToken cancellationToken = default) => FlushStreamAsync(RequireStream(), cancellationToken);

    /// <summary>Separates the stream from the writer, which no longer closes it.</summary>
    /// <returns>The stream, without what is still unstored.</returns>
    /// <exception cref="InvalidOperationException">
    /// E_ILLEGAL_METHOD_CALL 0x8000000E: there is no stream (any more), or a store is running.
    /// </exception>
    public Stream DetachStream()
    {
        var stream = RequireStream();
        _stream = null;
        return stream;
    }

    /// <summary>Takes the unstored bytes out of the writer, which goes on empty.</summary>
    /// <returns>The bytes; they stay valid after the writer is disposed.</returns>
    /// <exception cref="InvalidOperationException">E_ILLEGAL_METHOD_CALL 0x8000000E: a store is running.</exception>
    public ReadOnlyMemory<byte> DetachBuffer()
    {
        ThrowIfClosed();
        ThrowIfStoring();
        var buffer = _unstored.WrittenMemory;
        _unstored = new ArrayBufferWriter<byte>();
        return buffer;
    }

    /// <summary>Closes the writer and, unless it was detached, its stream. What is unstored is dropped.</summary>
    public void Dispose()
    {
        if (!_closed)
        {
            _closed = true;
            _stream?.Dispose();
        }
    }

    private bool IsBigEndian => ByteOrder == ByteOrder.BigEndian;

    private async Task<bool> FlushStreamAsync(Stream stream, CancellationToken cancellationToken)
    {
        try
        {
            await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
            _unflushed = 0;
            return true;
        }
        catch (ArgumentException)
        {
            // The stream has dropped it.
            _unflushed = 0;
            throw;
        }
        catch (OperationCanceledException e) when (cancellationToken.IsCancellationRequested)
        {
            throw ContractError.Canceled(cancellationToken, e);
        }
    }

    private async Task<uint> StoreToAsync(Stream stream, CancellationToken cancellationToken)
    {
        try
        {
            if (_unstored.WrittenCount > 0)
            {
                await WriteUnstoredAsync(stream, cancellationToken).ConfigureAwait(false);
            }

            await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
            uint stored = _unflushed;
            _unflushed = 0;
            return stored;
        }
        catch (ArgumentException)
        {
            // The stream has dropped it.
            _unflushed = 0;
            throw;
        }
        catch (OperationCanceledException e) when (cancellationToken.IsCancellationRequested)
        {
            throw ContractError.Canceled(cancellationToken, e);
        }
        finally
        {
            _storing = false;
        }
    }

    // Taken out only once the stream has the bytes, so that a refused write loses nothing and one that was cancelled repeats nothing.
    private async Task WriteUnstoredAsync(Stream stream, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> bytes = _unstored.WrittenMemory;
        if (stream is SocketOutputStream socket)
        {
            (int taken, ExceptionDispatchInfo? failure) = await socket.WriteSomeAsync(bytes, cancellationToken).ConfigureAwait(false);
            RemoveStored(taken);
            failure?.Throw();
        }
        else
        {
            await stream.WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
            RemoveStored(bytes.Length);
        }
    }

    private void RemoveStored(int count)
    {
        _unflushed += (uint)count;
        if (count == _unstored.WrittenCount)
        {
            _unstored.ResetWrittenCount();
            return;
        }

        // Left are values that were written while the stream was taking the earlier ones, and what it did not take.
        var later = new ArrayBufferWriter<byte>();
        later.Write(_unstored.WrittenSpan[count..]);
        _unstored = later;
    }

    private Span<byte> Reserve(int count)
    {
        ThrowIfClosed();
        var bytes = _unstored.GetSpan(count)[..count];
        _unstored.Advance(count);
        return bytes;
    }

    private Stream RequireStream()
    {
        ThrowIfClosed();
        ThrowIfStoring();
        return _stream ?? throw ContractError.IllegalMethodCall("This writer has no stream: it is in memory, or the stream was detached.");
    }

    private void ThrowIfStoring()
    {
        if (_storing)
        {
            throw ContractError.IllegalMethodCall("A StoreAsync of this writer is still running: await it first.");
        }
    }

    private void ThrowIfClosed()
    {
        if (_closed)
        {
            throw ContractError.Closed(nameof(DataWriter));
        }
    }
}
