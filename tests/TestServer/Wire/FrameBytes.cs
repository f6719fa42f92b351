using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace MessageWebSockets.TestServer;

/// <summary>Builds frames byte by byte, legal or not: nothing is validated, since the illegal ones are the point.</summary>
public static class FrameBytes
{
    private const int MaximumHeaderLength = 14;

    /// <param name="opcode">any value of four bits</param>
    /// <param name="payload">what follows the header</param>
    /// <param name="fin">whether this is the last fragment</param>
    /// <param name="rsv">the three reserved bits as a number: 4 is RSV1, 2 is RSV2, 1 is RSV3</param>
    /// <param name="masked">a server never masks; a fault does</param>
    /// <param name="declaredLength">the length to announce, where it is not that of the payload</param>
    public static byte[] Build(
        FrameOpcode opcode,
        ReadOnlySpan<byte> payload,
        bool fin = true,
        int rsv = 0,
        bool masked = false,
        ulong? declaredLength = null)
    {
        Span<byte> header = stackalloc byte[MaximumHeaderLength];
        int headerLength = WriteHeader(header, opcode, declaredLength ?? (ulong)payload.Length, fin, rsv, masked);
        byte[] frame = new byte[headerLength + payload.Length];
        Span<byte> body = frame.AsSpan(headerLength);
        header[..headerLength].CopyTo(frame);
        payload.CopyTo(body);
        if (masked)
        {
            Unmask(body, header[(headerLength - 4)..headerLength]);
        }

        return frame;
    }

    /// <summary>Writes a frame's header and returns its length.</summary>
    public static int WriteHeader(Span<byte> target, FrameOpcode opcode, ulong length, bool fin = true, int rsv = 0, bool masked = false)
    {
        target[0] = (byte)((fin ? 0x80 : 0) | ((rsv & 7) << 4) | ((int)opcode & 0x0F));
        int maskBit = masked ? 0x80 : 0;
        int written;
        switch (length)
        {
            case < 126:
                target[1] = (byte)(maskBit | (int)length);
                written = 2;
                break;
            case <= ushort.MaxValue:
                target[1] = (byte)(maskBit | 126);
                BinaryPrimitives.WriteUInt16BigEndian(target[2..], (ushort)length);
                written = 4;
                break;
            default:
                target[1] = (byte)(maskBit | 127);
                BinaryPrimitives.WriteUInt64BigEndian(target[2..], length);
                written = 10;
                break;
        }

        if (masked)
        {
            RandomNumberGenerator.Fill(target.Slice(written, 4));
            written += 4;
        }

        return written;
    }

    public static byte[] Text(string text, bool fin = true) => Build(FrameOpcode.Text, Encoding.UTF8.GetBytes(text), fin);

    /// <summary>A close frame: empty without a code, as RFC 6455 5.5.1 has it.</summary>
    public static byte[] Close(ushort? code = null, string reason = "") => Build(FrameOpcode.Close, ClosePayload(code, reason));

    public static byte[] ClosePayload(ushort? code, string reason = "")
    {
        if (code is not { } number)
        {
            return [];
        }

        byte[] payload = new byte[2 + Encoding.UTF8.GetByteCount(reason)];
        BinaryPrimitives.WriteUInt16BigEndian(payload, number);
        Encoding.UTF8.GetBytes(reason, payload.AsSpan(2));
        return payload;
    }

    /// <summary>The payload of a compressed message of its own, without a context of others (RFC 7692 section 7.2.1).</summary>
    public static byte[] Deflate(ReadOnlySpan<byte> content)
    {
        if (content.IsEmpty)
        {
            // A flush of nothing writes nothing (section 7.2.3.6).
            return [0x00];
        }

        using MemoryStream compressed = new();
        using DeflateStream deflate = new(compressed, CompressionLevel.Optimal);
        deflate.Write(content);
        deflate.Flush();

        // The end of a flush is left out.
        return compressed.ToArray()[..^4];
    }

    internal static void Unmask(Span<byte> payload, ReadOnlySpan<byte> key)
    {
        for (int i = 0; i < payload.Length; i++)
        {
            payload[i] ^= key[i & 3];
        }
    }
}
