using System.IO.Compression;

namespace MessageWebSockets.Tests.Framing;

/// <summary>What a stream of frames has compressed, decompressed all in one and by nothing of ours.</summary>
internal static class CompressedMessages
{
    private static readonly byte[] s_tail = [0x00, 0x00, 0xFF, 0xFF];
    private static readonly byte[] s_emptyBlock = [0x00, 0x00, 0x00, 0xFF, 0xFF];

    /// <summary>Whether the message of this number, from 0, is compressed and ends where no message may.</summary>
    public static bool EndsWithinBlock(ReadOnlySpan<byte> stream, int number)
    {
        List<byte> before = [];
        List<byte> message = [];
        bool isCompressed = false;
        while (FrameHeader.TryParse(stream, out FrameHeader header) && header.HeaderLength + header.PayloadLength <= stream.Length)
        {
            ReadOnlySpan<byte> payload = stream.Slice(header.HeaderLength, (int)header.PayloadLength);
            stream = stream[(header.HeaderLength + payload.Length)..];
            if (header.IsControl)
            {
                continue;
            }

            isCompressed = header.Opcode == FrameOpcode.Continuation ? isCompressed : header.IsCompressed;
            message.AddRange(payload);
            if (header.IsFinal)
            {
                if (number-- == 0)
                {
                    return isCompressed && EndsWithinBlock(before, message);
                }

                before.AddRange(isCompressed ? [.. message, .. s_tail] : []);
                message.Clear();
            }
        }

        return false;
    }

    // Behind the end of a message any number of empty blocks yield nothing.
    private static bool EndsWithinBlock(List<byte> before, List<byte> message)
    {
        byte[] blocks = [.. Enumerable.Repeat(s_emptyBlock, 100).SelectMany(block => block)];
        return Decompress([.. before, .. message]) != Decompress([.. before, .. message, .. s_tail, .. blocks]);
    }

    // How much it yields; null for what cannot be decompressed.
    private static long? Decompress(byte[] compressed)
    {
        using DeflateStream inflate = new(new MemoryStream(compressed), CompressionMode.Decompress);
        byte[] buffer = new byte[4096];
        long length = 0;
        try
        {
            int count;
            while ((count = inflate.Read(buffer)) > 0)
            {
                length += count;
            }
        }
        catch (InvalidDataException)
        {
            return null;
        }

        return length;
    }
}
