using System.Buffers.Binary;

namespace MessageWebSockets.Fuzz;

/// <summary>Frames read as simply as can be, whatever is wrong with them: what a reader may have given of them, and no more.</summary>
internal static class PlainFrames
{
    private const byte Control = 8;

    /// <summary>The payload of all data frames, as far as it has come, with masks taken off.</summary>
    public static byte[] Payload(ReadOnlySpan<byte> frames)
    {
        List<byte> payload = [];
        while (frames.Length >= 2)
        {
            bool isControl = (frames[0] & Control) != 0;
            bool isMasked = (frames[1] & 0x80) != 0;
            int lengthBytes = (frames[1] & 0x7F) switch { 126 => 2, 127 => 8, _ => 0 };
            int headerLength = 2 + lengthBytes + (isMasked ? 4 : 0);
            if (frames.Length < headerLength)
            {
                break;
            }

            ulong length = lengthBytes switch
            {
                2 => BinaryPrimitives.ReadUInt16BigEndian(frames[2..]),
                8 => BinaryPrimitives.ReadUInt64BigEndian(frames[2..]),
                _ => (ulong)(frames[1] & 0x7F),
            };
            ReadOnlySpan<byte> key = isMasked ? frames.Slice(headerLength - 4, 4) : [];
            ReadOnlySpan<byte> bytes = frames[headerLength..];
            bytes = bytes[..(int)Math.Min(length, (ulong)bytes.Length)];
            for (int i = 0; i < bytes.Length && !isControl; i++)
            {
                payload.Add(isMasked ? (byte)(bytes[i] ^ key[i % 4]) : bytes[i]);
            }

            frames = frames[(headerLength + bytes.Length)..];
        }

        return [.. payload];
    }
}
