using System.Buffers.Binary;

namespace MessageWebSockets.Framing;

/// <summary>The header of a frame on the wire (RFC 6455 section 5.2), masking key excluded.</summary>
/// <param name="FirstByte">The FIN bit, the reserved bits and the opcode.</param>
/// <param name="IsMasked">The MASK bit: whether the header ends with a masking key.</param>
/// <param name="HeaderLength">The length of the header with its masking key, in bytes.</param>
/// <param name="PayloadLength">The announced payload length, in bytes; negative when the forbidden top bit is set.</param>
internal readonly record struct FrameHeader(byte FirstByte, bool IsMasked, int HeaderLength, long PayloadLength)
{
    /// <summary>The longest header without a masking key, in bytes.</summary>
    public const int MaxLength = 10;

    /// <summary>The bit that permessage-deflate sets on the first frame of a message (RFC 7692 section 6).</summary>
    public const byte Rsv1Bit = 0x40;

    private const int ShortLength = 2;
    private const int MediumLength = 4;
    private const int LongestShort = 125;
    private const byte FinBit = 0x80;
    private const byte ReservedBitsMask = 0x70;
    private const byte OpcodeBits = 0x0F;
    private const byte MaskBit = 0x80;

    /// <summary>The four opcode bits; reserved ones are passed on, the framing above refuses them.</summary>
    public FrameOpcode Opcode => (FrameOpcode)(FirstByte & OpcodeBits);

    /// <summary>The FIN bit.</summary>
    public bool IsFinal => (FirstByte & FinBit) != 0;

    /// <summary>Whether the payload is a whole message as it is: unfragmented, no reserved bit, text or binary, and not masked.</summary>
    public bool IsPlainMessage =>
        FirstByte is (FinBit | (int)FrameOpcode.Text) or (FinBit | (int)FrameOpcode.Binary) && !IsMasked && HasShortestLength;

    /// <summary>The same of a compressed message (RFC 7692 section 6).</summary>
    public bool IsCompressedMessage =>
        FirstByte is (FinBit | Rsv1Bit | (int)FrameOpcode.Text) or (FinBit | Rsv1Bit | (int)FrameOpcode.Binary)
        && !IsMasked && HasShortestLength;

    /// <summary>Whether the length takes no more bytes than it needs, and no top bit, as RFC 6455 section 5.2 has it.</summary>
    public bool HasShortestLength => (HeaderLength - (IsMasked ? sizeof(uint) : 0)) switch
    {
        ShortLength => true,
        MediumLength => PayloadLength > LongestShort,
        _ => PayloadLength > ushort.MaxValue,
    };

    /// <summary>The three reserved bits, where they are.</summary>
    public byte ReservedBits => (byte)(FirstByte & ReservedBitsMask);

    /// <summary>The RSV1 bit, which permessage-deflate sets on the first frame of a message.</summary>
    public bool IsCompressed => (FirstByte & Rsv1Bit) != 0;

    public bool IsControl => ((int)Opcode & 0x8) != 0;

    /// <summary>Whether it is a control frame that a server may send (RFC 6455 sections 5.1, 5.2 and 5.5).</summary>
    public bool IsLegalControl => Opcode is FrameOpcode.Close or FrameOpcode.Ping or FrameOpcode.Pong
        && IsFinal && ReservedBits == 0 && !IsMasked && PayloadLength <= ControlFrame.MaxPayload;

    /// <summary>Writes the header of an uncompressed frame without a mask.</summary>
    /// <param name="target">At least <see cref="MaxLength"/> bytes.</param>
    /// <param name="opcode">The opcode.</param>
    /// <param name="isFinal">The FIN bit.</param>
    /// <param name="payloadLength">The payload length, in bytes.</param>
    public static FrameHeader Write(Span<byte> target, FrameOpcode opcode, bool isFinal, int payloadLength)
    {
        int headerLength = 2;
        target[0] = (byte)((isFinal ? FinBit : 0) | (int)opcode);
        if (payloadLength < 126)
        {
            target[1] = (byte)payloadLength;
        }
        else if (payloadLength <= ushort.MaxValue)
        {
            target[1] = 126;
            BinaryPrimitives.WriteUInt16BigEndian(target[2..], (ushort)payloadLength);
            headerLength = 4;
        }
        else
        {
            target[1] = 127;
            BinaryPrimitives.WriteInt64BigEndian(target[2..], payloadLength);
            headerLength = MaxLength;
        }

        return new FrameHeader(target[0], IsMasked: false, headerLength, payloadLength);
    }

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

        header = new FrameHeader(bytes[0], (bytes[1] & MaskBit) != 0, headerLength, payloadLength);
        return true;
    }
}
