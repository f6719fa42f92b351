using System.Management.Automation;
using System.Numerics;
using System.Text.Json;

namespace MessageWebSockets.PowerShell;

/// <summary>
/// Reads JSON into the objects that ConvertFrom-Json makes of it, in microseconds: invoking that cmdlet for each message would take
/// many times as long.
/// </summary>
internal static class JsonText
{
    // As ConvertFrom-Json.
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 1024, AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    /// <summary>The objects a JSON text stands for.</summary>
    /// <exception cref="JsonException">The text is no JSON, or has names that a PowerShell object cannot hold.</exception>
    public static object? Read(ReadOnlyMemory<byte> utf8)
    {
        using JsonDocument document = JsonDocument.Parse(utf8, Options);
        return Convert(document.RootElement);
    }

    public static object? Convert(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => ConvertObject(element),
        JsonValueKind.Array => ConvertArray(element),
        JsonValueKind.String => ConvertString(element),
        JsonValueKind.Number => ConvertNumber(element),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    private static PSObject ConvertObject(JsonElement element)
    {
        PSObject result = new();
        foreach (JsonProperty property in element.EnumerateObject())
        {
            if (property.Name.Length == 0)
            {
                throw new JsonException("it has a property without a name, which no object of PowerShell can have");
            }

            PSMemberInfoCollection<PSPropertyInfo> properties = result.Properties;
            if (properties[property.Name] is { } same)
            {
                if (!string.Equals(same.Name, property.Name, StringComparison.Ordinal))
                {
                    throw new JsonException($"the names '{same.Name}' and '{property.Name}' differ in case only, which PowerShell does not tell apart");
                }

                // The last one counts, as everywhere.
                properties.Remove(property.Name);
            }

            properties.Add(new PSNoteProperty(property.Name, Convert(property.Value)), preValidated: true);
        }

        return result;
    }

    private static object?[] ConvertArray(JsonElement element)
    {
        object?[] items = new object?[element.GetArrayLength()];
        int index = 0;
        foreach (JsonElement item in element.EnumerateArray())
        {
            items[index++] = Convert(item);
        }

        return items;
    }

    private static object ConvertString(JsonElement element)
    {
        // Date and time in ISO 8601 become DateTime, as ConvertFrom-Json has it; a date alone stays text.
        const int ShortestDateTime = 19;
        string text = element.GetString()!;
        return text.Length >= ShortestDateTime && text[10] == 'T' && element.TryGetDateTime(out DateTime time) ? time : text;
    }

    private static object ConvertNumber(JsonElement element)
    {
        if (element.TryGetInt64(out long number))
        {
            return number;
        }

        string text = element.GetRawText();
        return text.AsSpan().ContainsAny(".eE") ? element.GetDouble() : BigInteger.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
    }
}
