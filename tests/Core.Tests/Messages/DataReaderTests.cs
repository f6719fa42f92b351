using System.Text;
using Xunit;

namespace MessageWebSockets.Tests.Messages;

public sealed class DataReaderTests
{
    private const int Bounds = unchecked((int)0x8000000B);
    private const int Closed = unchecked((int)0x80000013);
    private const int IllegalMethodCall = unchecked((int)0x8000000E);
    private const int InvalidArgument = unchecked((int)0x80070057);
    private const int NoUnicodeTranslation = unchecked((int)0x80070459);

    /// <summary>Every read with the number of bytes it takes.</summary>
    public static TheoryData<string, int, Action<DataReader>> Reads => new()
    {
        { "ReadBoolean", 1, r => r.ReadBoolean() },
        { "ReadByte", 1, r => r.ReadByte() },
        { "ReadBytes(array)", 5, r => r.ReadBytes(new byte[5]) },
        { "ReadBytes(span)", 5, r => r.ReadBytes(stackalloc byte[5]) },
        { "ReadBuffer", 5, r => r.ReadBuffer(5) },
        { "ReadInt16", 2, r => r.ReadInt16() },
        { "ReadInt32", 4, r => r.ReadInt32() },
        { "ReadInt64", 8, r => r.ReadInt64() },
        { "ReadUInt16", 2, r => r.ReadUInt16() },
        { "ReadUInt32", 4, r => r.ReadUInt32() },
        { "ReadUInt64", 8, r => r.ReadUInt64() },
        { "ReadSingle", 4, r => r.ReadSingle() },
        { "ReadDouble", 8, r => r.ReadDouble() },
        { "ReadGuid", 16, r => r.ReadGuid() },
        { "ReadString", 5, r => r.ReadString(5) },
        { "ReadDateTime", 8, r => r.ReadDateTime() },
        { "ReadTimeSpan", 8, r => r.ReadTimeSpan() },
    };

    [Theory]
    [MemberData(nameof(Reads))]
    public void DataReader_reading_past_the_end_is_E_BOUNDS_and_consumes_nothing(string member, int size, Action<DataReader> read)
    {
        using var reader = DataReader.FromBuffer(new byte[size - 1]);
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => read(reader));
        Assert.True(error.HResult == Bounds, member);
        Assert.Equal((uint)(size - 1), reader.UnconsumedBufferLength);
    }

    [Theory]
    [MemberData(nameof(Reads))]
    public void DataReader_consumes_what_it_reads(string member, int size, Action<DataReader> read)
    {
        using var reader = DataReader.FromBuffer(new byte[size + 1]);
        read(reader);
        Assert.True(reader.UnconsumedBufferLength == 1, member);
    }

    [Theory]
    [MemberData(nameof(Reads))]
    public void DataReader_Dispose_makes_every_read_RO_E_CLOSED(string member, int size, Action<DataReader> read)
    {
        var reader = DataReader.FromBuffer(new byte[size]);
        reader.Dispose();
        reader.Dispose();
        var error = Assert.Throws<ObjectDisposedException>(() => read(reader));
        Assert.True(error.HResult == Closed, member);
    }

    [Fact]
    public void DataReader_Dispose_makes_the_other_members_RO_E_CLOSED()
    {
        var reader = new DataReader(new MemoryStream());
        reader.Dispose();
        Assert.Equal(Closed, Assert.Throws<ObjectDisposedException>(() => reader.UnconsumedBufferLength).HResult);
        Assert.Equal(Closed, Assert.Throws<ObjectDisposedException>(() => reader.DetachBuffer()).HResult);
        Assert.Equal(Closed, Assert.Throws<ObjectDisposedException>(() => reader.DetachStream()).HResult);
        Assert.Equal(Closed, Assert.Throws<ObjectDisposedException>(() => { _ = reader.LoadAsync(1); }).HResult);
    }

    [Fact]
    public void DataReader_ByteOrder_is_BigEndian_and_UnicodeEncoding_Utf8_by_default()
    {
        using var reader = DataReader.FromBuffer(default);
        Assert.Equal(ByteOrder.BigEndian, reader.ByteOrder);
        Assert.Equal(UnicodeEncoding.Utf8, reader.UnicodeEncoding);
        Assert.Equal(InputStreamOptions.None, reader.InputStreamOptions);
    }

    [Fact]
    public void DataReader_ByteOrder_and_UnicodeEncoding_refuse_numbers_without_a_member()
    {
        using var reader = DataReader.FromBuffer(default);
        Assert.Equal(InvalidArgument, Assert.Throws<ArgumentOutOfRangeException>(() => reader.ByteOrder = (ByteOrder)2).HResult);
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => reader.UnicodeEncoding = (UnicodeEncoding)3);
        Assert.Equal(InvalidArgument, error.HResult);
    }

    [Fact]
    public void Enumerations_have_the_numbers_of_the_reference()
    {
        Assert.Equal((0, 1), ((int)ByteOrder.LittleEndian, (int)ByteOrder.BigEndian));
        Assert.Equal((0, 1, 2), ((int)UnicodeEncoding.Utf8, (int)UnicodeEncoding.Utf16LE, (int)UnicodeEncoding.Utf16BE));
        Assert.Equal((0, 1, 2), ((int)InputStreamOptions.None, (int)InputStreamOptions.Partial, (int)InputStreamOptions.ReadAhead));
        Assert.Equal((0, 1), ((int)SocketMessageType.Binary, (int)SocketMessageType.Utf8));
    }

    [Fact]
    public void DataReader_UnconsumedBufferLength_of_an_empty_message_is_0()
    {
        using var reader = new DataReader(ReadOnlyMemory<byte>.Empty);
        Assert.Equal(0u, reader.UnconsumedBufferLength);
        Assert.Equal("", reader.ReadString(0));
        Assert.Equal(0, reader.ReadBuffer(0).Length);
    }

    [Theory]
    [InlineData(ByteOrder.BigEndian, 0x0102)]
    [InlineData(ByteOrder.LittleEndian, 0x0201)]
    public void DataReader_ReadInt16_honours_ByteOrder(ByteOrder order, int expected)
    {
        Assert.Equal(expected, Over(order, 1, 2).ReadInt16());
        Assert.Equal(expected, Over(order, 1, 2).ReadUInt16());
        Assert.Equal(-2, order == ByteOrder.BigEndian ? Over(order, 0xFF, 0xFE).ReadInt16() : Over(order, 0xFE, 0xFF).ReadInt16());
    }

    [Theory]
    [InlineData(ByteOrder.BigEndian, 0x01020304)]
    [InlineData(ByteOrder.LittleEndian, 0x04030201)]
    public void DataReader_ReadInt32_honours_ByteOrder(ByteOrder order, int expected)
    {
        Assert.Equal(expected, Over(order, 1, 2, 3, 4).ReadInt32());
        Assert.Equal((uint)expected, Over(order, 1, 2, 3, 4).ReadUInt32());
        Assert.Equal(-1, Over(order, 0xFF, 0xFF, 0xFF, 0xFF).ReadInt32());
    }

    [Theory]
    [InlineData(ByteOrder.BigEndian, 0x0102030405060708)]
    [InlineData(ByteOrder.LittleEndian, 0x0807060504030201)]
    public void DataReader_ReadInt64_honours_ByteOrder(ByteOrder order, long expected)
    {
        Assert.Equal(expected, Over(order, 1, 2, 3, 4, 5, 6, 7, 8).ReadInt64());
        Assert.Equal((ulong)expected, Over(order, 1, 2, 3, 4, 5, 6, 7, 8).ReadUInt64());
    }

    [Fact]
    public void DataReader_ReadSingle_and_ReadDouble_honour_ByteOrder()
    {
        Assert.Equal(1f, Over(ByteOrder.BigEndian, 0x3F, 0x80, 0, 0).ReadSingle());
        Assert.Equal(1f, Over(ByteOrder.LittleEndian, 0, 0, 0x80, 0x3F).ReadSingle());
        Assert.Equal(1d, Over(ByteOrder.BigEndian, 0x3F, 0xF0, 0, 0, 0, 0, 0, 0).ReadDouble());
        Assert.Equal(1d, Over(ByteOrder.LittleEndian, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F).ReadDouble());
    }

    [Theory]
    [InlineData(ByteOrder.BigEndian, "01020304-0506-0708-090a-0b0c0d0e0f10")]
    [InlineData(ByteOrder.LittleEndian, "04030201-0605-0807-090a-0b0c0d0e0f10")]
    public void DataReader_ReadGuid_honours_ByteOrder_in_its_first_three_fields(ByteOrder order, string expected)
    {
        using var reader = DataReader.FromBuffer(Enumerable.Range(1, 16).Select(value => (byte)value).ToArray());
        reader.ByteOrder = order;
        Assert.Equal(Guid.Parse(expected), reader.ReadGuid());
    }

    [Fact]
    public void DataReader_ReadBoolean_takes_any_byte_but_0_as_true()
    {
        var reader = Over(ByteOrder.BigEndian, 0, 1, 255);
        Assert.Equal([false, true, true], new[] { reader.ReadBoolean(), reader.ReadBoolean(), reader.ReadBoolean() });
    }

    [Fact]
    public void DataReader_ReadBytes_fills_array_and_span_in_turn()
    {
        var reader = Over(ByteOrder.BigEndian, 1, 2, 3, 4, 5);
        var array = new byte[2];
        reader.ReadBytes(array);
        Span<byte> span = stackalloc byte[2];
        reader.ReadBytes(span);
        Assert.Equal([1, 2], array);
        Assert.Equal([3, 4], span.ToArray());
        Assert.Equal(1u, reader.UnconsumedBufferLength);
        Assert.Throws<ArgumentNullException>(() => reader.ReadBytes(null!));
    }

    [Fact]
    public void DataReader_ReadBuffer_refuses_any_length_beyond_the_end()
    {
        var reader = Over(ByteOrder.BigEndian, 1, 2);
        ArgumentOutOfRangeException error = Assert.Throws<ArgumentOutOfRangeException>(() => reader.ReadBuffer(uint.MaxValue));
        Assert.Equal(Bounds, error.HResult);
        Assert.Equal("4294967295 bytes were asked for and 2 are left.", error.Message);
        Assert.Equal([1, 2], reader.ReadBuffer(2).ToArray());
    }

    [Fact]
    public void DataReader_ReadString_counts_bytes_for_Utf8_and_pairs_for_Utf16()
    {
        using var utf8 = DataReader.FromBuffer("é😀!"u8.ToArray());
        Assert.Equal("é😀", utf8.ReadString(6));
        Assert.Equal("!", utf8.ReadString(1));

        using var utf16LE = DataReader.FromBuffer(Encoding.Unicode.GetBytes("é😀!"));
        utf16LE.UnicodeEncoding = UnicodeEncoding.Utf16LE;
        Assert.Equal("é😀", utf16LE.ReadString(3));
        Assert.Equal("!", utf16LE.ReadString(1));

        using var utf16BE = DataReader.FromBuffer(Encoding.BigEndianUnicode.GetBytes("é😀!"));
        utf16BE.UnicodeEncoding = UnicodeEncoding.Utf16BE;
        Assert.Equal("é😀!", utf16BE.ReadString(4));
    }

    [Theory]
    [InlineData(UnicodeEncoding.Utf8, 5u)]
    [InlineData(UnicodeEncoding.Utf16LE, 3u)]
    [InlineData(UnicodeEncoding.Utf16BE, 0x80000001u)] // doubled in 32 bits this would be 2
    [InlineData(UnicodeEncoding.Utf8, uint.MaxValue)]
    public void DataReader_ReadString_past_the_end_is_E_BOUNDS_in_code_units(UnicodeEncoding encoding, uint codeUnits)
    {
        using var reader = DataReader.FromBuffer(new byte[4]);
        reader.UnicodeEncoding = encoding;
        Assert.Equal(Bounds, Assert.Throws<ArgumentOutOfRangeException>(() => reader.ReadString(codeUnits)).HResult);
        Assert.Equal(4u, reader.UnconsumedBufferLength);
    }

    [Fact]
    public void DataReader_ReadString_refuses_bytes_that_are_no_UTF_8_and_consumes_nothing()
    {
        using var reader = DataReader.FromBuffer("é"u8.ToArray());
        var error = Assert.Throws<DecoderFallbackException>(() => reader.ReadString(1));
        Assert.Equal(NoUnicodeTranslation, error.HResult);
        Assert.Equal("é", reader.ReadString(2));
    }

    [Fact]
    public void DataReader_ReadDateTime_counts_ticks_since_1601_UTC()
    {
        using var epoch = DataReader.FromBuffer(new byte[8]);
        var time = epoch.ReadDateTime();
        Assert.Equal(new DateTimeOffset(1601, 1, 1, 0, 0, 0, TimeSpan.Zero), time);
        Assert.Equal(TimeSpan.Zero, time.Offset);

        Assert.Equal(new DateTimeOffset(1601, 1, 1, 0, 0, 1, TimeSpan.Zero), OverInt64(10_000_000).ReadDateTime());
        Assert.Equal(new DateTimeOffset(1600, 12, 31, 23, 59, 59, TimeSpan.Zero), OverInt64(-10_000_000).ReadDateTime());
        Assert.Equal(DateTimeOffset.UnixEpoch, OverInt64(116_444_736_000_000_000).ReadDateTime());
    }

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(long.MinValue)]
    public void DataReader_ReadDateTime_outside_the_calendar_is_E_INVALIDARG_and_consumes_nothing(long ticks)
    {
        using var reader = OverInt64(ticks);
        ArgumentOutOfRangeException error = Assert.Throws<ArgumentOutOfRangeException>(() => reader.ReadDateTime());
        Assert.Equal(InvalidArgument, error.HResult);
        Assert.Contains("outside the years 1 to 9999", error.Message, StringComparison.Ordinal);
        Assert.Equal(ticks, reader.ReadInt64());
    }

    [Fact]
    public void DataReader_ReadTimeSpan_counts_ticks() => Assert.Equal(TimeSpan.FromSeconds(-1), OverInt64(-10_000_000).ReadTimeSpan());

    [Fact]
    public async Task DataReader_LoadAsync_gathers_the_whole_count_by_default()
    {
        using var reader = new DataReader(new ChunkedStream([1, 2, 3, 4, 5, 6, 7], chunk: 2));
        Assert.Equal(0u, reader.UnconsumedBufferLength);
        Assert.Equal(5u, await reader.LoadAsync(5));
        Assert.Equal(5u, reader.UnconsumedBufferLength);
        Assert.Equal([1, 2, 3], reader.ReadBuffer(3).ToArray());
        Assert.Equal(2u, await reader.LoadAsync(5));
        Assert.Equal([4, 5, 6, 7], reader.ReadBuffer(4).ToArray());
        Assert.Equal(0u, await reader.LoadAsync(5));
    }

    [Fact]
    public async Task DataReader_LoadAsync_with_Partial_completes_with_the_first_bytes()
    {
        using var reader = new DataReader(new ChunkedStream([1, 2, 3, 4, 5], chunk: 2)) { InputStreamOptions = InputStreamOptions.Partial };
        Assert.Equal(2u, await reader.LoadAsync(5));
        Assert.Equal(2u, reader.UnconsumedBufferLength);
    }

    [Fact]
    public async Task DataReader_LoadAsync_never_takes_more_than_the_count_from_the_stream()
    {
        var stream = new ChunkedStream([1, 2, 3, 4, 5], chunk: 100);
        using var reader = new DataReader(stream) { InputStreamOptions = InputStreamOptions.ReadAhead };
        Assert.Equal(0u, await reader.LoadAsync(0));
        Assert.Equal(0, stream.Reads);
        Assert.Equal(2u, await reader.LoadAsync(2));
        Assert.Equal(3, reader.DetachStream().ReadByte());
    }

    [Fact]
    public async Task DataReader_LoadAsync_of_a_huge_count_takes_no_more_memory_than_there_are_bytes()
    {
        var content = new byte[300_000];
        Random.Shared.NextBytes(content);
        using var reader = new DataReader(new MemoryStream(content));
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(300_000u, await reader.LoadAsync(uint.MaxValue));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2_000_000);
        Assert.Equal(content, reader.ReadBuffer(300_000).ToArray());
    }

    [Fact]
    public async Task DataReader_ReadBuffer_stays_as_it_is_when_more_is_loaded()
    {
        var content = Enumerable.Range(0, 20_000).Select(value => (byte)value).ToArray();
        using var reader = new DataReader(new MemoryStream(content));
        var position = 0;
        var buffers = new List<(int Position, ReadOnlyMemory<byte> Buffer)>();
        while (await reader.LoadAsync(1_000) is > 0 and var loaded)
        {
            buffers.Add((position, reader.ReadBuffer(loaded)));
            position += (int)loaded;
        }

        Assert.Equal(20, buffers.Count);
        Assert.All(buffers, item => Assert.Equal(content.AsSpan(item.Position, item.Buffer.Length), item.Buffer.Span));
    }

    [Fact]
    public async Task DataReader_LoadAsync_over_a_message_loads_nothing_more()
    {
        using var reader = new DataReader(new byte[] { 1, 2 }.AsMemory());
        Assert.Equal(0u, await reader.LoadAsync(2));
        Assert.Equal(2u, reader.UnconsumedBufferLength);
    }

    [Fact]
    public async Task DataReader_LoadAsync_in_progress_refuses_other_calls_and_can_be_cancelled()
    {
        using var reader = new DataReader(new GatedStream());
        using var cancellation = new CancellationTokenSource();
        var load = reader.LoadAsync(1, cancellation.Token);
        InvalidOperationException refusal = Assert.Throws<InvalidOperationException>(() => { _ = reader.LoadAsync(1); });
        Assert.Equal(
            (IllegalMethodCall, "A LoadAsync of this reader is still running: await it first."), (refusal.HResult, refusal.Message));
        Assert.Equal(IllegalMethodCall, Assert.Throws<InvalidOperationException>(() => reader.ReadByte()).HResult);
        Assert.Equal(IllegalMethodCall, Assert.Throws<InvalidOperationException>(() => reader.DetachStream()).HResult);
        Assert.Equal(IllegalMethodCall, Assert.Throws<InvalidOperationException>(() => reader.DetachBuffer()).HResult);

        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => load);
        Assert.Equal(0u, reader.UnconsumedBufferLength);
        Assert.NotNull(reader.DetachStream());
    }

    [Fact]
    public async Task DataReader_DetachStream_leaves_the_stream_open_and_the_loaded_bytes_readable()
    {
        var stream = new ChunkedStream([1, 2, 3], chunk: 3);
        using (var reader = new DataReader(stream))
        {
            await reader.LoadAsync(2);
            Assert.Same(stream, reader.DetachStream());
            Assert.Equal(IllegalMethodCall, Assert.Throws<InvalidOperationException>(() => { _ = reader.LoadAsync(1); }).HResult);
            Assert.Equal(IllegalMethodCall, Assert.Throws<InvalidOperationException>(() => reader.DetachStream()).HResult);
            Assert.Equal(0x0102, reader.ReadInt16());
        }

        Assert.False(stream.IsDisposed);
    }

    [Fact]
    public void DataReader_DetachStream_of_a_reader_over_a_message_is_E_ILLEGAL_METHOD_CALL()
    {
        using var reader = DataReader.FromBuffer(default);
        Assert.Equal(IllegalMethodCall, Assert.Throws<InvalidOperationException>(() => reader.DetachStream()).HResult);
    }

    [Fact]
    public void DataReader_Dispose_closes_the_stream()
    {
        var stream = new ChunkedStream([], chunk: 1);
        new DataReader(stream).Dispose();
        Assert.True(stream.IsDisposed);
        Assert.Throws<ArgumentNullException>(() => new DataReader((Stream)null!));
    }

    [Fact]
    public async Task DataReader_DetachBuffer_takes_out_what_was_not_read()
    {
        using var reader = new DataReader(new MemoryStream([1, 2, 3, 4, 5]));
        await reader.LoadAsync(3);
        reader.ReadByte();
        var detached = reader.DetachBuffer();
        Assert.Equal(0u, reader.UnconsumedBufferLength);
        await reader.LoadAsync(2);
        Assert.Equal([2, 3], detached.ToArray());
        Assert.Equal([4, 5], reader.DetachBuffer().ToArray());
    }

    private static DataReader Over(ByteOrder order, params byte[] bytes)
    {
        var reader = DataReader.FromBuffer(bytes);
        reader.ByteOrder = order;
        return reader;
    }

    private static DataReader OverInt64(long value)
    {
        using var writer = new DataWriter();
        writer.WriteInt64(value);
        return DataReader.FromBuffer(writer.DetachBuffer());
    }
}
