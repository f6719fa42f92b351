using FsCheck;
using FsCheck.Fluent;

namespace MessageWebSockets.Tests.Messages;

/// <summary>Generates values of every type that a DataWriter takes, over the whole range of each.</summary>
public static class WriteOperations
{
    /// <summary>Strings that every encoding can hold: no half surrogate pairs, but whole ones. Declared first: Any uses it.</summary>
    public static Gen<string> Text { get; } =
        Gen.Elements("", "a", "é", "€", "😀", "\0", "\uFEFF", "line\r\n", "\uFFFD", "日本").ListOf().Select(parts => string.Concat(parts));

    public static Gen<WriteOperation> Any { get; } = Gen.OneOf(
        Of<bool>((w, v) => w.WriteBoolean(v), r => r.ReadBoolean()),
        Of<byte>((w, v) => w.WriteByte(v), r => r.ReadByte()),
        Of<short>((w, v) => w.WriteInt16(v), r => r.ReadInt16()),
        Of<ushort>((w, v) => w.WriteUInt16(v), r => r.ReadUInt16()),
        OfBits((w, v) => w.WriteInt32((int)v), r => (uint)r.ReadInt32(), v => (uint)v),
        OfBits((w, v) => w.WriteUInt32((uint)v), r => r.ReadUInt32(), v => (uint)v),
        OfBits((w, v) => w.WriteInt64((long)v), r => (ulong)r.ReadInt64(), v => v),
        OfBits((w, v) => w.WriteUInt64(v), r => r.ReadUInt64(), v => v),
        Of<float>((w, v) => w.WriteSingle(v), r => r.ReadSingle()),
        Of<double>((w, v) => w.WriteDouble(v), r => r.ReadDouble()),
        Of<Guid>((w, v) => w.WriteGuid(v), r => r.ReadGuid()),
        Of<DateTimeOffset>((w, v) => w.WriteDateTime(v), r => r.ReadDateTime()),
        Of<TimeSpan>((w, v) => w.WriteTimeSpan(v), r => r.ReadTimeSpan()),
        Text.Select(OfText),
        ArbMap.Default.GeneratorFor<byte[]>().Select(OfBytes),
        ArbMap.Default.GeneratorFor<byte[]>().Select(OfBuffer));

    private static Gen<WriteOperation> Of<T>(Action<DataWriter, T> write, Func<DataReader, T> read)
        where T : notnull =>
        ArbMap.Default.GeneratorFor<T>().Select(value => new WriteOperation(
            $"{typeof(T).Name} {value}", writer => write(writer, value), reader => read(reader).Equals(value)));

    // FsCheck's own integers are small; bit patterns reach the sign bit and every byte.
    private static Gen<WriteOperation> OfBits(Action<DataWriter, ulong> write, Func<DataReader, ulong> read, Func<ulong, ulong> kept) =>
        ArbMap.Default.GeneratorFor<Guid>().Select(guid =>
        {
            var value = BitConverter.ToUInt64(guid.ToByteArray());
            return new WriteOperation($"bits {value:X16}", writer => write(writer, value), reader => read(reader) == kept(value));
        });

    private static WriteOperation OfText(string value)
    {
        var codeUnits = 0u;
        return new WriteOperation(
            $"text '{value}'",
            writer => codeUnits = writer.WriteString(value),
            reader => reader.ReadString(codeUnits) == value);
    }

    private static WriteOperation OfBytes(byte[] value) => new(
        $"{value.Length} bytes",
        writer => writer.WriteBytes(value),
        reader =>
        {
            var read = new byte[value.Length];
            reader.ReadBytes(read);
            return read.AsSpan().SequenceEqual(value);
        });

    private static WriteOperation OfBuffer(byte[] value) => new(
        $"buffer of {value.Length}",
        writer => writer.WriteBuffer(value),
        reader => reader.ReadBuffer((uint)value.Length).Span.SequenceEqual(value));
}
