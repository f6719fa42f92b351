using System.Security.Cryptography;
using System.Text;

namespace MessageWebSockets.Handshake;

/// <summary>The key of the opening handshake and the proof that its receiver understood it.</summary>
internal static class HandshakeKey
{
    private const int KeyBytes = 16;

    // RFC 6455 section 1.3
    private static readonly byte[] AcceptGuid = Encoding.ASCII.GetBytes("258EAFA5-E914-47DA-95CA-C5AB0DC85B11");

    /// <summary>Whether a Sec-WebSocket-Key is one: 16 bytes in base64 (RFC 6455 section 4.2.1).</summary>
    public static bool IsValid(string key)
    {
        Span<byte> bytes = stackalloc byte[KeyBytes + 2];

        // 24 characters, lest white space, which the decoder skips, passes.
        return key.Length == 24 && Convert.TryFromBase64String(key, bytes, out int count) && count == KeyBytes;
    }

    /// <summary>The Sec-WebSocket-Accept that belongs to a key (RFC 6455 section 4.2.2).</summary>
    public static string AcceptFor(string key)
    {
        byte[] input = [.. Encoding.ASCII.GetBytes(key), .. AcceptGuid];
#pragma warning disable CA5350 // RFC 6455 section 4.2.2 prescribes SHA-1; nothing secret depends on it.
        return Convert.ToBase64String(SHA1.HashData(input));
#pragma warning restore CA5350
    }
}
