using System.Runtime.InteropServices;
using System.Security.Cryptography;
using MessageWebSockets.Framing;

namespace MessageWebSockets.PowerShell.Auditing;

/// <summary>Frames of a client, allowed or not: the header is that of <see cref="FrameHeader"/>, with what a check changes in it.</summary>
internal static class ProbeFrame
{
    private const int MaskLength = sizeof(uint);
    private const byte MaskBit = 0x80;

    /// <param name="opcode">Any value of four bits.</param>
    /// <param name="payload">The payload.</param>
    /// <param name="isFinal">The FIN bit.</param>
    /// <param name="reserved">The reserved bits, where they are.</param>
    /// <param name="isMasked">Whether it is masked, as every frame of a client has to be.</param>
    public static byte[] Create(
        FrameOpcode opcode, ReadOnlySpan<byte> payload, bool isFinal = true, byte reserved = 0, bool isMasked = true)
    {
        Span<byte> header = stackalloc byte[FrameHeader.MaxLength];
        int length = FrameHeader.Write(header, opcode, isFinal, payload.Length).HeaderLength;
        header[0] |= reserved;
        if (!isMasked)
        {
            return [.. header[..length], .. payload];
        }

        header[1] |= MaskBit;
        byte[] frame = new byte[length + MaskLength + payload.Length];
        header[..length].CopyTo(frame);
        Span<byte> key = frame.AsSpan(length, MaskLength);
        RandomNumberGenerator.Fill(key);
        FrameMask.Apply(payload, frame.AsSpan(length + MaskLength), MemoryMarshal.Read<uint>(key));
        return frame;
    }

    /// <summary>A close frame with any code.</summary>
    public static byte[] Close(int code) => Create(FrameOpcode.Close, [(byte)(code >> 8), (byte)code]);
}
