using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace MessageWebSockets.Tests.Messages;

public sealed class RoundTripTests
{
    private static readonly UnicodeEncoding[] EitherUtf16 = [UnicodeEncoding.Utf16LE, UnicodeEncoding.Utf16BE];

    [Theory]
    [InlineData(ByteOrder.LittleEndian, UnicodeEncoding.Utf8)]
    [InlineData(ByteOrder.LittleEndian, UnicodeEncoding.Utf16LE)]
    [InlineData(ByteOrder.LittleEndian, UnicodeEncoding.Utf16BE)]
    [InlineData(ByteOrder.BigEndian, UnicodeEncoding.Utf8)]
    [InlineData(ByteOrder.BigEndian, UnicodeEncoding.Utf16LE)]
    [InlineData(ByteOrder.BigEndian, UnicodeEncoding.Utf16BE)]
    public void DataReader_reads_back_any_sequence_of_values_that_DataWriter_wrote(ByteOrder byteOrder, UnicodeEncoding encoding) =>
        Prop.ForAll(WriteOperations.Any.ListOf().ToArbitrary(), operations =>
        {
            using var writer = new DataWriter { ByteOrder = byteOrder, UnicodeEncoding = encoding };
            foreach (var operation in operations)
            {
                operation.Write(writer);
            }

            var length = writer.UnstoredBufferLength;
            using var reader = DataReader.FromBuffer(writer.DetachBuffer());
            reader.ByteOrder = byteOrder;
            reader.UnicodeEncoding = encoding;
            return reader.UnconsumedBufferLength == length
                && operations.All(operation => operation.ReadsBack(reader))
                && reader.UnconsumedBufferLength == 0;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void DataReader_reads_back_over_a_stream_whatever_the_sizes_of_loads_and_reads() =>
        Prop.ForAll(
            WriteOperations.Any.ListOf().ToArbitrary(),
            Gen.Choose(1, 9).ToArbitrary(),
            Gen.Choose(1, 40).ToArbitrary(),
            (operations, chunk, load) =>
            {
                using var writer = new DataWriter();
                foreach (var operation in operations)
                {
                    operation.Write(writer);
                }

                using var reader = new DataReader(new ChunkedStream(writer.DetachBuffer().ToArray(), chunk));
                return operations.All(operation =>
                {
                    while (true)
                    {
                        try
                        {
                            return operation.ReadsBack(reader);
                        }
                        catch (ArgumentOutOfRangeException exception) when (exception.HResult == HResults.Bounds)
                        {
                            // Nothing was consumed, so the same read succeeds once enough is loaded.
                            if (reader.LoadAsync((uint)load).GetAwaiter().GetResult() == 0)
                            {
                                return false;
                            }
                        }
                    }
                });
            }).QuickCheckThrowOnFailure();

    [Fact]
    public void DataWriter_WriteString_keeps_any_string_in_UTF_16_even_half_surrogate_pairs() =>
        Prop.ForAll(ArbMap.Default.ArbFor<char[]>(), Gen.Elements(EitherUtf16).ToArbitrary(), (characters, encoding) =>
        {
            var text = new string(characters) + '\uD800';
            using var writer = new DataWriter { UnicodeEncoding = encoding };
            var codeUnits = writer.WriteString(text);
            using var reader = DataReader.FromBuffer(writer.DetachBuffer());
            reader.UnicodeEncoding = encoding;
            return codeUnits == text.Length && reader.ReadString(codeUnits) == text;
        }).QuickCheckThrowOnFailure();
}
