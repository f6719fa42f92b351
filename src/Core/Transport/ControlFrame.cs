using System.Security.Cryptography;

namespace MessageWebSockets;

/// <summary>Writes the control frames that the framing above cannot send (RFC 6455 section 5.5).</summary>
internal static class ControlFrame
{
    /// <summary>The longest payload of a control frame, in bytes.</summary>
    public const int MaxPayload = 125;

    private const int MaskLength = 4;

    /// <summary>A final, masked frame: a client masks everything it sends (RFC 6455 section 5.3).</summary>
    public static byte[] Create(FrameOpcode opcode, ReadOnlySpan<byte> payload)
    {
        byte[] frame = new byte[2 + MaskLength + payload.Length];
        frame[0] = (byte)(0x80 | (int)opcode);
        frame[1] = (byte)(0x80 | payload.Length);
        Span<byte> mask = frame.AsSpan(2, MaskLength);
        RandomNumberGenerator.Fill(mask);
        for (int i = 0; i < payload.Length; i++)
        {
            frame[2 + MaskLength + i] = (byte)(payload[i] ^ mask[i % MaskLength]);
        }

        return frame;
    }
}
