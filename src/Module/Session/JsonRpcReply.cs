using System.Text.Json;

namespace MessageWebSockets.PowerShell;

/// <summary>Tells the reply to a request from everything else a JSON-RPC peer sends.</summary>
internal static class JsonRpcReply
{
    /// <summary>
    /// Whether a message answers the request of an id. A peer numbers its own requests as it likes: what has a method is a request or
    /// notification of its, whatever its id.
    /// </summary>
    public static bool IsFor(WsMessage message, long id)
    {
        Utf8JsonReader reader = new(message.AsMemory().Span, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip });
        try
        {
            return Scan(ref reader, id);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static bool Scan(ref Utf8JsonReader reader, long id)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return false;
        }

        bool isOurs = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isId = reader.ValueTextEquals("id"u8);
            if (reader.ValueTextEquals("method"u8))
            {
                return false;
            }

            reader.Read();
            if (isId)
            {
                isOurs = reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out long number) && number == id;
                if (!isOurs)
                {
                    return false;
                }
            }
            else
            {
                reader.Skip();
            }
        }

        return isOurs;
    }
}
