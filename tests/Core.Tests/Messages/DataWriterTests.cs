using System.Text;
using Xunit;

namespace MessageWebSockets.Tests.Messages;

public sealed class DataWriterTests
{
    private const int Bounds = unchecked((int)0x8000000B);
    private const int Closed = unchecked((int)0x80000013);
    private const int IllegalMethodCall = unchecked((int)0x8000000E);
    private const int InvalidArgument = unchecked((int)0x80070057);
    private const int NoUnicodeTranslation = unchecked((int)0x80070459);

    /// <summary>Every write with the bytes it makes, in big-endian and little-endian order.</summary>
    public static TheoryData<string, Action<DataWriter>, string, string> Writes => new()
    {
        { "WriteBoolean(true)", w => w.WriteBoolean(true), "01", "01" },
        { "WriteBoolean(false)", w => w.WriteBoolean(false), "00", "00" },
        { "WriteByte", w => w.WriteByte(0xAB), "AB", "AB" },
        { "WriteBytes(array)", w => w.WriteBytes(new byte[] { 1, 2 }), "0102", "0102" },
        { "WriteBytes(span)", w => w.WriteBytes((ReadOnlySpan<byte>)[1, 2]), "0102", "0102" },
        { "WriteBuffer", w => w.WriteBuffer(new byte[] { 1, 2 }), "0102", "0102" },
        { "WriteBuffer(start, count)", w => w.WriteBuffer(new byte[] { 1, 2, 3 }, 1, 2), "0203", "0203" },
        { "WriteInt16", w => w.WriteInt16(-2), "FFFE", "FEFF" },
        { "WriteUInt16", w => w.WriteUInt16(0x0102), "0102", "0201" },
        { "WriteInt32", w => w.WriteInt32(-2), "FFFFFFFE", "FEFFFFFF" },
        { "WriteUInt32", w => w.WriteUInt32(0x01020304), "01020304", "04030201" },
        { "WriteInt64", w => w.WriteInt64(-2), "FFFFFFFFFFFFFFFE", "FEFFFFFFFFFFFFFF" },
        { "WriteUInt64", w => w.WriteUInt64(0x0102030405060708), "0102030405060708", "0807060504030201" },
        { "WriteSingle", w => w.WriteSingle(1), "3F800000", "0000803F" },
        { "WriteDouble", w => w.WriteDouble(1), "3FF0000000000000", "000000000000F03F" },
        {
            "WriteGuid", w => w.WriteGuid(new Guid("01020304-0506-0708-090a-0b0c0d0e0f10")),
            "0102030405060708090A0B0C0D0E0F10", "0403020106050807090A0B0C0D0E0F10"
        },
        { "WriteString", w => w.WriteString("é"), "C3A9", "C3A9" },
        {
            "WriteDateTime", w => w.WriteDateTime(new DateTimeOffset(1601, 1, 1, 1, 0, 1, TimeSpan.FromHours(1))),
            "0000000000989680", "8096980000000000"
        },
        { "WriteTimeSpan", w => w.WriteTimeSpan(TimeSpan.FromTicks(-2)), "FFFFFFFFFFFFFFFE", "FEFFFFFFFFFFFFFF" },
    };

    [Theory]
    [MemberData(nameof(Writes))]
    public void DataWriter_writes_honour_ByteOrder(string member, Action<DataWriter> write, string bigEndian, string littleEndian)
    {
        using var writer = new DataWriter();
        Assert.Equal(ByteOrder.BigEndian, writer.ByteOrder);
        write(writer);
        Assert.True((uint)bigEndian.Length / 2 == writer.UnstoredBufferLength, member);
        Assert.Equal(bigEndian, Convert.ToHexString(writer.DetachBuffer().Span));

        writer.ByteOrder = ByteOrder.LittleEndian;
        write(writer);
        Assert.Equal(littleEndian, Convert.ToHexString(writer.DetachBuffer().Span));
    }

    [Theory]
    [MemberData(nameof(Writes))]
    public void DataWriter_Dispose_makes_every_write_RO_E_CLOSED(
        string member, Action<DataWriter> write, string bigEndian, string littleEndian)
    {
        var writer = new DataWriter();
        writer.Dispose();
        writer.Dispose();
        var error = Assert.Throws<ObjectDisposedException>(() => write(writer));
        Assert.True(error.HResult == Closed, $"{member} {bigEndian} {littleEndian}");
    }

    [Fact]
    public void DataWriter_Dispose_makes_the_other_members_RO_E_CLOSED()
    {
        var writer = new DataWriter(new MemoryStream());
        writer.Dispose();
        Assert.Equal(Closed, Assert.Throws<ObjectDisposedException>(() => writer.UnstoredBufferLength).HResult);
        Assert.Equal(Closed, Assert.Throws<ObjectDisposedException>(() => writer.MeasureString("a")).HResult);
        Assert.Equal(Closed, Assert.Throws<ObjectDisposedException>(() => writer.DetachBuffer()).HResult);
        Assert.Equal(Closed, Assert.Throws<ObjectDisposedException>(() => writer.DetachStream()).HResult);
        Assert.Equal(Closed, Assert.Throws<ObjectDisposedException>(() => { _ = writer.StoreAsync(); }).HResult);
        Assert.Equal(Closed, Assert.Throws<ObjectDisposedException>(() => { _ = writer.FlushAsync(); }).HResult);
    }

    [Theory]
    [InlineData(UnicodeEncoding.Utf8, 7u)]
    [InlineData(UnicodeEncoding.Utf16LE, 4u)]
    [InlineData(UnicodeEncoding.Utf16BE, 4u)]
    public void DataWriter_MeasureString_and_WriteString_count_code_units(UnicodeEncoding encoding, uint codeUnits)
    {
        using var writer = new DataWriter { UnicodeEncoding = encoding };
        Assert.Equal(codeUnits, writer.MeasureString("é😀!"));
        Assert.Equal(0u, writer.UnstoredBufferLength);
        Assert.Equal(codeUnits, writer.WriteString("é😀!"));
    }

    [Fact]
    public void DataWriter_WriteString_writes_the_encoding_without_a_byte_order_mark()
    {
        using var writer = new DataWriter { UnicodeEncoding = UnicodeEncoding.Utf16LE };
        writer.WriteString("é😀");
        Assert.Equal(Encoding.Unicode.GetBytes("é😀"), writer.DetachBuffer().ToArray());
        writer.UnicodeEncoding = UnicodeEncoding.Utf16BE;
        writer.WriteString("é😀");
        Assert.Equal(Encoding.BigEndianUnicode.GetBytes("é😀"), writer.DetachBuffer().ToArray());
        writer.UnicodeEncoding = UnicodeEncoding.Utf8;
        writer.WriteString("é😀");
        Assert.Equal("é😀"u8.ToArray(), writer.DetachBuffer().ToArray());
    }

    [Fact]
    public void DataWriter_WriteString_refuses_half_a_surrogate_pair_in_UTF_8_and_writes_nothing()
    {
        using var writer = new DataWriter();
        Assert.Equal(NoUnicodeTranslation, Assert.Throws<EncoderFallbackException>(() => writer.WriteString("ab\uD800")).HResult);
        Assert.Equal(NoUnicodeTranslation, Assert.Throws<EncoderFallbackException>(() => writer.MeasureString("\uDC00")).HResult);
        Assert.Equal(0u, writer.UnstoredBufferLength);
    }

    [Fact]
    public void DataWriter_refuses_null_and_numbers_without_a_member()
    {
        using var writer = new DataWriter();
        Assert.Throws<ArgumentNullException>(() => writer.WriteString(null!));
        Assert.Throws<ArgumentNullException>(() => writer.MeasureString(null!));
        Assert.Throws<ArgumentNullException>(() => writer.WriteBytes(null!));
        Assert.Throws<ArgumentNullException>(() => new DataWriter(null!));
        Assert.Equal(InvalidArgument, Assert.Throws<ArgumentOutOfRangeException>(() => writer.ByteOrder = (ByteOrder)2).HResult);
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => writer.UnicodeEncoding = (UnicodeEncoding)3);
        Assert.Equal(InvalidArgument, error.HResult);
    }

    [Theory]
    [InlineData(0u, 4u)]
    [InlineData(4u, 0u)]
    [InlineData(uint.MaxValue, 2u)]
    public void DataWriter_WriteBuffer_beyond_the_buffer_is_E_BOUNDS_and_writes_nothing(uint start, uint count)
    {
        using var writer = new DataWriter();
        ArgumentOutOfRangeException refusal =
            Assert.Throws<ArgumentOutOfRangeException>(nameof(count), () => writer.WriteBuffer(new byte[3], start, count));
        Assert.Equal(Bounds, refusal.HResult);
        Assert.StartsWith($"The buffer has 3 bytes, not {count} from {start} on.", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(0u, writer.UnstoredBufferLength);
    }

    [Fact]
    public async Task DataWriter_StoreAsync_sends_all_that_was_written_as_one_message_and_returns_the_byte_count()
    {
        var sink = new RecordingSink { MessageType = SocketMessageType.Utf8 };
        using var writer = new DataWriter(new MessageOutputStream(sink));
        writer.WriteString("one ");
        writer.WriteString("message");
        Assert.Equal(11u, await writer.StoreAsync());
        Assert.Equal(0u, writer.UnstoredBufferLength);
        Assert.True(await writer.FlushAsync());
        Assert.Equal(0u, await writer.StoreAsync());
        writer.WriteString("another");
        Assert.Equal(7u, await writer.StoreAsync());

        Assert.Equal(["one message", "another"], sink.Sent.Select(item => Encoding.UTF8.GetString(item.Message)));
        Assert.All(sink.Sent, item => Assert.Equal(SocketMessageType.Utf8, item.Type));
    }

    [Fact]
    public async Task DataWriter_StoreAsync_writes_the_stream_once_and_then_flushes_it()
    {
        var stream = new CallLog();
        using var writer = new DataWriter(stream);
        writer.WriteInt32(1);
        writer.WriteString("abc");
        await writer.StoreAsync();
        Assert.Equal(["write 7", "flush"], stream.Calls);
    }

    [Fact]
    public async Task DataWriter_StoreAsync_that_the_stream_refuses_keeps_the_bytes_unstored()
    {
        var stream = new CallLog { WriteFailure = new IOException("full") };
        using var writer = new DataWriter(stream);
        writer.WriteInt32(1);
        Assert.Same(stream.WriteFailure, await Assert.ThrowsAsync<IOException>(() => writer.StoreAsync()));
        Assert.Equal(4u, writer.UnstoredBufferLength);

        stream.WriteFailure = null;
        Assert.Equal(4u, await writer.StoreAsync());
        Assert.Equal(["write 4", "flush"], stream.Calls);
    }

    [Fact]
    public async Task DataWriter_StoreAsync_before_a_successful_connect_throws_and_sends_nothing_twice_later()
    {
        var sink = new RecordingSink { NotWritable = ContractError.IllegalMethodCall("not connected") };
        using var writer = new DataWriter(new MessageOutputStream(sink));
        writer.WriteByte(1);
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => writer.StoreAsync());
        Assert.Equal(IllegalMethodCall, error.HResult);

        sink.NotWritable = null;
        Assert.Equal(1u, await writer.StoreAsync());
        Assert.Equal([1], Assert.Single(sink.Sent).Message);
    }

    [Fact]
    public async Task DataWriter_StoreAsync_in_progress_refuses_another_and_leaves_later_writes_to_the_next()
    {
        var stream = new GatedStream();
        using var writer = new DataWriter(stream);
        writer.WriteByte(1);
        var store = writer.StoreAsync();
        Assert.Equal(IllegalMethodCall, Assert.Throws<InvalidOperationException>(() => { _ = writer.StoreAsync(); }).HResult);
        Assert.Equal(IllegalMethodCall, Assert.Throws<InvalidOperationException>(() => { _ = writer.FlushAsync(); }).HResult);
        Assert.Equal(IllegalMethodCall, Assert.Throws<InvalidOperationException>(() => writer.DetachStream()).HResult);
        Assert.Equal(IllegalMethodCall, Assert.Throws<InvalidOperationException>(() => writer.DetachBuffer()).HResult);
        writer.WriteByte(2);
        stream.Gate.SetResult();
        Assert.Equal(1u, await store);
        Assert.Equal(1u, writer.UnstoredBufferLength);
        Assert.Equal(1u, await writer.StoreAsync());
        Assert.Equal([1, 2], stream.ToArray());
    }

    [Fact]
    public async Task DataWriter_StoreAsync_that_is_cancelled_lets_the_next_one_send()
    {
        var sink = new RecordingSink();
        using var writer = await CancelledStoreAsync(sink);
        writer.WriteInt16(2);
        Assert.Equal(3u, await writer.StoreAsync());
        Assert.Equal([1, 0, 2], Assert.Single(sink.Sent).Message);
        Assert.Equal(0u, await writer.StoreAsync());
    }

    [Fact]
    public async Task DataWriter_FlushAsync_that_the_stream_refuses_is_not_counted_by_the_next_store()
    {
        var sink = new RecordingSink();
        using var writer = await CancelledStoreAsync(sink);
        sink.SendFailure = new ArgumentException("not UTF-8");
        Assert.Same(sink.SendFailure, await Assert.ThrowsAsync<ArgumentException>(() => writer.FlushAsync()));

        sink.SendFailure = null;
        writer.WriteInt16(2);
        Assert.Equal(2u, await writer.StoreAsync());
        Assert.Equal([0, 2], Assert.Single(sink.Sent).Message);
    }

    [Fact]
    public void DataWriter_in_memory_has_no_stream_to_store_to()
    {
        using var writer = new DataWriter();
        Assert.Equal(IllegalMethodCall, Assert.Throws<InvalidOperationException>(() => { _ = writer.StoreAsync(); }).HResult);
        Assert.Equal(IllegalMethodCall, Assert.Throws<InvalidOperationException>(() => { _ = writer.FlushAsync(); }).HResult);
        Assert.Equal(IllegalMethodCall, Assert.Throws<InvalidOperationException>(() => writer.DetachStream()).HResult);
    }

    [Fact]
    public async Task DataWriter_Dispose_without_DetachStream_closes_the_OutputStream()
    {
        var stream = new MessageOutputStream(new RecordingSink());
        new DataWriter(stream).Dispose();
        Assert.False(stream.CanWrite);

        using var late = new DataWriter(stream);
        late.WriteByte(1);
        Assert.Equal(Closed, (await Assert.ThrowsAsync<ObjectDisposedException>(() => late.StoreAsync())).HResult);
    }

    [Fact]
    public void DataWriter_DetachStream_leaves_the_stream_open()
    {
        var stream = new MemoryStream();
        using (var writer = new DataWriter(stream))
        {
            Assert.Same(stream, writer.DetachStream());
            Assert.Equal(IllegalMethodCall, Assert.Throws<InvalidOperationException>(() => { _ = writer.StoreAsync(); }).HResult);
        }

        Assert.True(stream.CanWrite);
    }

    [Fact]
    public void DataWriter_DetachBuffer_takes_the_bytes_out_for_good()
    {
        using var writer = new DataWriter();
        writer.WriteInt16(0x0102);
        var detached = writer.DetachBuffer();
        Assert.Equal(0u, writer.UnstoredBufferLength);
        writer.WriteInt16(0x0304);
        Assert.Equal([1, 2], detached.ToArray());
        Assert.Equal([3, 4], writer.DetachBuffer().ToArray());
    }

    // A writer of one byte, whose store was cancelled while the message waited.
    private static async Task<DataWriter> CancelledStoreAsync(RecordingSink sink)
    {
        var gate = new TaskCompletionSource();
        sink.Gate = gate.Task;
        var writer = new DataWriter(new MessageOutputStream(sink));
        using var cancellation = new CancellationTokenSource();
        writer.WriteByte(1);
        var store = writer.StoreAsync(cancellation.Token);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store);
        gate.SetResult();
        return writer;
    }
}
