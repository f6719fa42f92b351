using System.Buffers.Binary;

namespace MessageWebSockets;

/// <summary>The header of a frame on the wire (RFC 6455 section 5.2), masking key excluded.</summary>
/// <param name="Opcode">The four opcode bits; reserved ones are passed on, the framing above refuses them.</param>
/// <param name="IsFinal">The FIN bit.</param>
/// <param name="IsCompressed">The RSV1 bit, which permessage-deflate sets on the first frame of a message (RFC 7692 section 6).</param>
/// <param name="IsMasked">The MASK bit: whether the header ends with a masking key.</param>
/// <param name="HeaderLength">The length of the header with its masking key, in bytes.</param>
/// <param name="PayloadLength">The announced payload length, in bytes; negative when the forbidden top bit is set.</param>
internal readonly record struct FrameHeader(FrameOpcode Opcode, bool IsFinal, bool IsCompressed, bool IsMasked, int HeaderLength, long PayloadLength)
{
    private const byte FinBit = 0x80;
    private const byte Rsv1Bit = 0x40;
    private const byte MaskBit = 0x80;

    public bool IsControl => ((int)Opcode & 0x8) != 0;

    /// <summary>Reads the header at the start of a span; false when more bytes are needed.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out FrameHeader header)
    {
        header = default;
        if (bytes.Length < 2)
        {
            return false;
        }

        long payloadLength = bytes[1] & 0x7F;
        int headerLength = 2;
        if (payloadLength == 126)
        {
            if (bytes.Length < 4)
            {
                return false;
            }

            payloadLength = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
            headerLength = 4;
        }
        else if (payloadLength == 127)
        {
            if (bytes.Length < 10)
            {
                return false;
            }

            payloadLength = BinaryPrimitives.ReadInt64BigEndian(bytes[2..]);
            headerLength = 10;
        }

        if ((bytes[1] & MaskBit) != 0)
        {
            headerLength += 4;
        }

        header = new FrameHeader(
            (FrameOpcode)(bytes[0] & 0x0F),
            (bytes[0] & FinBit) != 0,
            (bytes[0] & Rsv1Bit) != 0,
            (bytes[1] & MaskBit) != 0,
            headerLength,
            payloadLength);
        return true;
    }
}
