using System.IO.Compression;

namespace MessageWebSockets.TestServer;

/// <summary>
/// Compressed zeros, about a thousandth of their size. The first block fills the window with zeros, so every block after the
/// second compresses to the same bytes and need not be compressed again.
/// </summary>
internal static class DeflateBomb
{
    private const int BlockSize = 1024 * 1024;
    private const int FlushMarkLength = 4;

    /// <summary>The payload of a permessage-deflate message of <paramref name="mebibytes"/> MiB once inflated.</summary>
    public static byte[] Build(int mebibytes)
    {
        byte[] zeros = new byte[BlockSize];
        using MemoryStream compressed = new();
        using DeflateStream deflate = new(compressed, CompressionLevel.SmallestSize);
        deflate.Write(zeros);
        deflate.Flush();
        byte[] first = compressed.ToArray();
        deflate.Write(zeros);
        deflate.Flush();
        byte[] next = compressed.ToArray()[first.Length..];

        using MemoryStream bomb = new();
        bomb.Write(first);
        for (int i = 1; i < mebibytes; i++)
        {
            bomb.Write(next);
        }

        // RFC 7692 7.2.1: the mark of the last flush stays off the wire.
        return bomb.ToArray()[..^FlushMarkLength];
    }
}
