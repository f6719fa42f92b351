using System.Text.Json;

namespace MessageWebSockets.PowerShell.Messages;

/// <summary>Finds members of a JSON object without making objects of the rest.</summary>
internal static class JsonMembers
{
    // As deep as ConvertFrom-Json reads, and what it overlooks.
    private static readonly JsonReaderOptions Options =
        new() { MaxDepth = 1024, AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    /// <summary>The values of members as they are written, in the order of the names; empty for one that is missing.</summary>
    /// <param name="utf8">The text.</param>
    /// <param name="names">The names of the members.</param>
    /// <returns>Null when the text is no JSON, or no object.</returns>
    public static ReadOnlyMemory<byte>[]? Find(ReadOnlyMemory<byte> utf8, params scoped ReadOnlySpan<string> names)
    {
        Utf8JsonReader reader = new(utf8.Span, Options);
        try
        {
            return Find(ref reader, utf8, names);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Reads the one value of a slice that <see cref="Find(ReadOnlyMemory{byte}, ReadOnlySpan{string})"/> gave.</summary>
    public static Utf8JsonReader Read(ReadOnlyMemory<byte> value)
    {
        Utf8JsonReader reader = new(value.Span, Options);
        reader.Read();
        return reader;
    }

    /// <summary>Whether a member is missing, or null, which says no more.</summary>
    public static bool IsNull(ReadOnlyMemory<byte> value) => value.IsEmpty || Read(value).TokenType == JsonTokenType.Null;

    /// <summary>Whether a value is the number, in whatever way it is written: 1, 1.0 and 1e0 are the same.</summary>
    public static bool IsNumber(ReadOnlyMemory<byte> value, long number)
    {
        Utf8JsonReader reader = Read(value);
        return reader.TokenType == JsonTokenType.Number
            && (reader.TryGetInt64(out long integer) ? integer == number : reader.TryGetDouble(out double real) && real == number);
    }

    /// <summary>Whether two values are the same: numbers in whatever way they are written, texts with whatever escapes.</summary>
    public static bool AreEqual(ReadOnlyMemory<byte> one, ReadOnlyMemory<byte> other)
    {
        if (one.IsEmpty || other.IsEmpty || one.Span.SequenceEqual(other.Span))
        {
            return one.Length == other.Length;
        }

        Utf8JsonReader first = Read(one);
        Utf8JsonReader second = Read(other);
        try
        {
            return first.TokenType == second.TokenType && first.TokenType switch
            {
                JsonTokenType.String => first.GetString() == second.GetString(),
                JsonTokenType.Number => first.TryGetDecimal(out decimal a) && second.TryGetDecimal(out decimal b)
                    ? a == b
                    : first.TryGetDouble(out double c) && second.TryGetDouble(out double d) && c == d,
                _ => false,
            };
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, written as an escape.
            return false;
        }
    }

    /// <summary>The elements of an array as they are written.</summary>
    /// <returns>Null when the text is no JSON, or no array.</returns>
    public static IReadOnlyList<ReadOnlyMemory<byte>>? Elements(ReadOnlyMemory<byte> utf8)
    {
        Utf8JsonReader reader = new(utf8.Span, Options);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
            {
                return null;
            }

            List<ReadOnlyMemory<byte>> elements = [];
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                int start = (int)reader.TokenStartIndex;
                reader.Skip();
                elements.Add(utf8[start..(int)reader.BytesConsumed]);
            }

            // To the end, where a second value would be a fault.
            reader.Read();
            return elements;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static ReadOnlyMemory<byte>[]? Find(ref Utf8JsonReader reader, ReadOnlyMemory<byte> utf8, scoped ReadOnlySpan<string> names)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return null;
        }

        ReadOnlyMemory<byte>[] values = new ReadOnlyMemory<byte>[names.Length];
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            int index = IndexOf(ref reader, names);
            reader.Read();
            int start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (index >= 0)
            {
                // Of a name that comes twice the last value counts, as everywhere.
                values[index] = utf8[start..(int)reader.BytesConsumed];
            }
        }

        // To the end, where a second value would be a fault.
        reader.Read();
        return values;
    }

    private static int IndexOf(ref Utf8JsonReader reader, scoped ReadOnlySpan<string> names)
    {
        for (int index = 0; index < names.Length; index++)
        {
            if (Is(ref reader, names[index]))
            {
                return index;
            }
        }

        return -1;
    }

    private static bool Is(ref Utf8JsonReader reader, string name)
    {
        try
        {
            return reader.ValueTextEquals(name);
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, written as an escape.
            return false;
        }
    }
}
