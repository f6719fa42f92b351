using System.Text;

namespace MessageWebSockets.PowerShell.Messages;

/// <summary>What is to be sent as text, and is looked at as a whole before its first byte goes out.</summary>
internal static class TextContent
{
    private const int ChunkSize = 64 * 1024;

    /// <summary>Whether a stream is UTF-8; it is at its beginning afterwards.</summary>
    public static bool IsUtf8(Stream content)
    {
        // The decoder keeps the bytes of a character that the chunks split.
        Decoder decoder = new UTF8Encoding(false, throwOnInvalidBytes: true).GetDecoder();
        byte[] chunk = new byte[ChunkSize];
        char[] characters = new char[chunk.Length + 1];
        try
        {
            int count;
            do
            {
                count = content.Read(chunk);
                decoder.GetChars(chunk.AsSpan(0, count), characters, flush: count == 0);
            }
            while (count > 0);
        }
        catch (DecoderFallbackException)
        {
            return false;
        }

        content.Position = 0;
        return true;
    }

    /// <summary>All of a stream that can be read only once, such as a pipe, in memory.</summary>
    /// <param name="content">The stream.</param>
    /// <param name="stopIfAsked">Called between two pieces.</param>
    /// <exception cref="IOException">It does not fit in 2 GiB.</exception>
    public static MemoryStream Keep(Stream content, Action stopIfAsked)
    {
        MemoryStream kept = new();
        byte[] chunk = new byte[ChunkSize];
        while (content.Read(chunk) is > 0 and int count)
        {
            stopIfAsked();
            kept.Write(chunk, 0, count);
        }

        kept.Position = 0;
        return kept;
    }
}
