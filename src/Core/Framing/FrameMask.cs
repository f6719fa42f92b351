using System.Numerics;
using System.Runtime.InteropServices;

namespace MessageWebSockets.Framing;

/// <summary>Masks what a client sends, and takes the mask off it again, which is the same (RFC 6455 section 5.3).</summary>
internal static class FrameMask
{
    /// <summary>The key for what follows so many bytes of a payload.</summary>
    public static uint Turned(uint key, int done)
    {
        int bits = done % sizeof(uint) * 8;
        return BitConverter.IsLittleEndian ? BitOperations.RotateRight(key, bits) : BitOperations.RotateLeft(key, bits);
    }

    /// <summary>Writes a payload with its mask put on or taken off.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="target">At least as long.</param>
    /// <param name="key">The masking key; its bytes count in memory order, the first one for the first byte of the payload.</param>
    public static void Apply(ReadOnlySpan<byte> payload, Span<byte> target, uint key)
    {
        int done = 0;
        if (Vector.IsHardwareAccelerated && payload.Length >= Vector<byte>.Count)
        {
            Vector<byte> keys = Vector.AsVectorByte(new Vector<uint>(key));
            for (; done <= payload.Length - Vector<byte>.Count; done += Vector<byte>.Count)
            {
                (new Vector<byte>(payload[done..]) ^ keys).CopyTo(target[done..]);
            }
        }

        // The vector's length is a multiple of the key's, so the rest begins at the key's first byte.
        Span<byte> keyBytes = stackalloc byte[sizeof(uint)];
        MemoryMarshal.Write(keyBytes, key);
        for (int i = done; i < payload.Length; i++)
        {
            target[i] = (byte)(payload[i] ^ keyBytes[(i - done) % sizeof(uint)]);
        }
    }
}
