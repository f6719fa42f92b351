using System.Buffers;
using System.Text;

namespace MessageWebSockets.Framing;

/// <summary>Finds where a chunk of UTF-8 text can be cut without splitting a character.</summary>
internal static class Utf8Boundary
{
    private const int LongestUnfinished = 3;

    /// <summary>The number of bytes at the end of a chunk that begin a character which the next chunk has to finish.</summary>
    /// <param name="chunk">Text from a character boundary on.</param>
    /// <returns>0 to 3. Bytes that no continuation could make valid count as finished: they are not worth waiting for.</returns>
    internal static int UnfinishedLength(ReadOnlySpan<byte> chunk)
    {
        for (var length = 1; length <= LongestUnfinished && length <= chunk.Length; length++)
        {
            var tail = chunk[^length..];
            var isContinuation = (tail[0] & 0xC0) == 0x80;
            if (!isContinuation)
            {
                return Rune.DecodeFromUtf8(tail, out _, out _) == OperationStatus.NeedMoreData ? length : 0;
            }
        }

        return 0;
    }
}
