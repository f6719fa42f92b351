using System.Management.Automation;

namespace MessageWebSockets.PowerShell;

/// <summary>How a message looks in the default views, whether it is a live object or a copy from another process.</summary>
public static class MessageText
{
    /// <summary>The payload in one line: text with visible escapes, bytes in hexadecimal, cut to the width with an ellipsis.</summary>
    /// <param name="message">A <see cref="WsMessage"/>, or a deserialized one.</param>
    /// <param name="width">The most characters to return.</param>
    public static string OneLine(object? message, int width)
    {
        (bool isText, string? text, ReadOnlyMemory<byte> bytes) = Payload(message, width);
        return isText ? TerminalText.Escape(text, width) : Hex(bytes.Span, width);
    }

    /// <summary>The bytes in hexadecimal, separated by spaces and cut to the width with an ellipsis.</summary>
    /// <param name="bytes">Any bytes; no more of them are looked at than fit.</param>
    /// <param name="width">The most characters to return.</param>
    public static string Hex(ReadOnlySpan<byte> bytes, int width)
    {
        if (width <= 0 || bytes.IsEmpty)
        {
            return "";
        }

        // Two digits and a space a byte, without the last space.
        if ((bytes.Length * 3L) - 1 <= width)
        {
            return Format(bytes);
        }

        int shown = (width - 1) / 3;
        return shown == 0 ? "…" : Format(bytes[..shown]) + " …";
    }

    private static (bool IsText, string? Text, ReadOnlyMemory<byte> Bytes) Payload(object? message, int width)
    {
        PSObject wrapped = PSObject.AsPSObject(message);
        if (wrapped.BaseObject is WsMessage live)
        {
            // Decoding 64 MiB to show one line of it would cost more than everything else.
            return live.MessageType == SocketMessageType.Utf8
                ? (true, Start(live, width), default)
                : (false, null, live.AsMemory());
        }

        return string.Equals(wrapped.Properties["MessageType"]?.Value?.ToString(), nameof(SocketMessageType.Utf8), StringComparison.Ordinal)
            ? (true, wrapped.Properties["Text"]?.Value?.ToString(), default)
            : (false, null, Unwrap(wrapped.Properties["Bytes"]?.Value) as byte[]);
    }

    private static string Start(WsMessage message, int width)
    {
        const int LongestUtf8 = 4;
        ReadOnlySpan<byte> payload = message.AsMemory().Span;
        long enough = (Math.Max(width, 0) + 1L) * LongestUtf8;
        return payload.Length <= enough ? message.Text : System.Text.Encoding.UTF8.GetString(payload[..(int)enough]);
    }

    private static object? Unwrap(object? value) => value is PSObject wrapped ? wrapped.BaseObject : value;

    private static string Format(ReadOnlySpan<byte> bytes) =>
        string.Create((bytes.Length * 3) - 1, bytes.ToArray(), static (characters, source) =>
        {
            for (int index = 0; index < source.Length; index++)
            {
                characters[index * 3] = "0123456789ABCDEF"[source[index] >> 4];
                characters[(index * 3) + 1] = "0123456789ABCDEF"[source[index] & 0xF];
                if (index + 1 < source.Length)
                {
                    characters[(index * 3) + 2] = ' ';
                }
            }
        });
}
