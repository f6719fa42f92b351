using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace MessageWebSockets.Messages;

/// <summary>
/// The strings of <see cref="DataReader"/> and <see cref="DataWriter"/>. UTF-8 is strict, since a text message with anything else is a
/// breach of RFC 6455 section 8.1. UTF-16 passes code units through as they are, so that every string survives the round trip.
/// </summary>
internal static class StringCodec
{
    /// <summary>The number of bytes in a code unit.</summary>
    internal static int CodeUnitSize(UnicodeEncoding encoding) => encoding == UnicodeEncoding.Utf8 ? 1 : sizeof(char);

    /// <summary>The length of a string in code units.</summary>
    internal static int Measure(string value, UnicodeEncoding encoding)
    {
        if (encoding != UnicodeEncoding.Utf8)
        {
            return value.Length;
        }

        try
        {
            return StrictUtf8.Encoding.GetByteCount(value);
        }
        catch (EncoderFallbackException exception)
        {
            exception.HResult = HResults.NoUnicodeTranslation;
            throw;
        }
    }

    /// <summary>Decodes bytes that hold whole code units.</summary>
    internal static string Decode(ReadOnlySpan<byte> bytes, UnicodeEncoding encoding)
    {
        if (encoding == UnicodeEncoding.Utf8)
        {
            try
            {
                return StrictUtf8.Encoding.GetString(bytes);
            }
            catch (DecoderFallbackException exception)
            {
                exception.HResult = HResults.NoUnicodeTranslation;
                throw;
            }
        }

        // Not cast to char in place: the bytes of a message lie at any address, and a char wants an even one.
        var characters = new char[bytes.Length / sizeof(char)];
        bytes.CopyTo(MemoryMarshal.AsBytes(characters.AsSpan()));
        SwapUnlessNative(characters, encoding);
        return new string(characters);
    }

    /// <summary>Appends a string that <see cref="Measure"/> has found to be encodable.</summary>
    internal static void Append(IBufferWriter<byte> destination, string value, UnicodeEncoding encoding)
    {
        if (encoding == UnicodeEncoding.Utf8)
        {
            StrictUtf8.Encoding.GetBytes(value, destination);
            return;
        }

        var characters = value.ToCharArray();
        SwapUnlessNative(characters, encoding);
        destination.Write(MemoryMarshal.AsBytes<char>(characters));
    }

    private static void SwapUnlessNative(char[] characters, UnicodeEncoding encoding)
    {
        if ((encoding == UnicodeEncoding.Utf16LE) != BitConverter.IsLittleEndian)
        {
            var codeUnits = MemoryMarshal.Cast<char, ushort>(characters.AsSpan());
            BinaryPrimitives.ReverseEndianness(codeUnits, codeUnits);
        }
    }
}
