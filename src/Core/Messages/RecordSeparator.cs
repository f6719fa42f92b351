using System.Text;

namespace MessageWebSockets.Messages;

/// <summary>What ends each record of a protocol that puts several of them into one WebSocket message.</summary>
/// <remarks>
/// What is empty or white space alone is no record, and gets no separator when it is sent: STOMP's heartbeat is a bare line end.
/// </remarks>
internal sealed class RecordSeparator(string text)
{
    private const string WhiteSpace = " \t\r\n";

    private static readonly System.Buffers.SearchValues<byte> s_whiteSpace = System.Buffers.SearchValues.Create(
        Encoding.ASCII.GetBytes(WhiteSpace));

    private readonly byte[] _bytes = Encoding.UTF8.GetBytes(text);

    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Whether bytes are no record.</summary>
    public static bool IsBlank(ReadOnlySpan<byte> bytes) => bytes.IndexOfAnyExcept(s_whiteSpace) < 0;

    /// <summary>Whether a message is to be sent with the separator behind it.</summary>
    public bool IsMissingIn(ReadOnlySpan<byte> message) => !message.EndsWith(_bytes) && !IsBlank(message);

    /// <summary>A message with the separator behind it.</summary>
    public byte[] Append(ReadOnlySpan<byte> message) => [.. message, .. _bytes];

    /// <summary>The length of the beginning of a separator at the end of some bytes, which what follows may complete.</summary>
    public int LengthBegunIn(ReadOnlySpan<byte> bytes)
    {
        for (int length = Math.Min(_bytes.Length - 1, bytes.Length); length > 0; length--)
        {
            if (bytes.EndsWith(_bytes.AsSpan(0, length)))
            {
                return length;
            }
        }

        return 0;
    }
}
