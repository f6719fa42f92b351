using System.Globalization;
using System.Text;
using System.Text.Json;

namespace MessageWebSockets.PowerShell.Messages;

/// <summary>The reply of a JSON-RPC peer to a request.</summary>
/// <param name="Result">The result as it is written; empty when there is none.</param>
/// <param name="Error">The error as it is written; empty when there is none.</param>
internal readonly record struct JsonRpcReply(ReadOnlyMemory<byte> Result, ReadOnlyMemory<byte> Error)
{
    // A longer text of the server would hide the error itself.
    private const int LongestData = 400;

    /// <summary>Whether the request failed.</summary>
    public bool IsError => !Error.IsEmpty;


    /// <summary>The error in words: its code, message and data; what is no object with these, as it is written.</summary>
    public string ErrorText()
    {
        if (JsonMembers.Find(Error, "code", "message", "data") is not [var code, var message, var data]
            || (code.IsEmpty && message.IsEmpty))
        {
            return Written(Error);
        }

        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"{Written(code)}: {TextOf(message)}");
        if (!JsonMembers.IsNull(data))
        {
            text.Append(CultureInfo.InvariantCulture, $" Data: {TextOf(data)}");
        }

        return text.ToString().TrimStart(':', ' ');
    }

    private static string TextOf(ReadOnlyMemory<byte> value)
    {
        Utf8JsonReader reader = value.IsEmpty ? default : JsonMembers.Read(value);
        if (reader.TokenType != JsonTokenType.String)
        {
            return Written(value);
        }

        try
        {
            return Short(reader.GetString()!);
        }
        catch (InvalidOperationException)
        {
            return Written(value);
        }
    }

    private static string Written(ReadOnlyMemory<byte> value)
    {
        const int LongestUtf8 = 4;
        return Short(Encoding.UTF8.GetString(value.Span[..Math.Min(value.Length, LongestData * LongestUtf8)]));
    }

    private static string Short(string text) => TerminalText.Escape(text, LongestData);
}
