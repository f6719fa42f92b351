using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace MessageWebSockets.PowerShell.Messages;

/// <summary>
/// Where requests and replies carry their number: names of members, as in d.requestId. Behind them may be ":string", for protocols
/// that want the number as a text.
/// </summary>
internal sealed class IdPath
{
    private const string TextMark = ":string";

    private readonly string[] _names;
    private readonly bool _isText;

    private IdPath(string[] names, bool isText)
    {
        _names = names;
        _isText = isText;
    }

    /// <summary>The path that a text names; null when it names none.</summary>
    public static IdPath? Parse(string text)
    {
        bool isText = text.EndsWith(TextMark, StringComparison.Ordinal);
        string[] names = (isText ? text[..^TextMark.Length] : text).Split('.');
        return names.Any(static name => string.IsNullOrWhiteSpace(name) || name.Contains(':', StringComparison.Ordinal))
            ? null
            : new IdPath(names, isText);
    }

    /// <summary>The value at the path as it is written; empty when there is none, or it is null.</summary>
    /// <returns>Null when the text is no JSON, or no object.</returns>
    public ReadOnlyMemory<byte>? Find(ReadOnlyMemory<byte> utf8)
    {
        if (JsonMembers.Find(utf8, _names[0]) is not [var value])
        {
            return null;
        }

        foreach (string name in _names.AsSpan(1))
        {
            value = JsonMembers.Find(value, name) is [var inner] ? inner : default;
        }

        return JsonMembers.IsNull(value) ? default(ReadOnlyMemory<byte>) : value;
    }

    /// <summary>A request with a number; one that has its own keeps that.</summary>
    /// <param name="request">The JSON of the request.</param>
    /// <param name="number">The number for one that has none.</param>
    /// <param name="id">The value that the reply has to have.</param>
    /// <exception cref="FormatException">The request is no JSON object, or has something else in the way of the path.</exception>
    public string Number(string request, long number, out ReadOnlyMemory<byte> id)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(request);
        id = Find(utf8) ?? throw new FormatException("It is no JSON object, and so has no place for a number.");
        if (!id.IsEmpty)
        {
            return request;
        }

        string digits = number.ToString(CultureInfo.InvariantCulture);
        string value = _isText ? $"\"{digits}\"" : digits;
        id = Encoding.UTF8.GetBytes(value);
        return Insert(utf8, value);
    }

    /// <summary>The number of a message, as a number or as the text of one; null where it has none.</summary>
    public long? NumberOf(string message) => Find(Encoding.UTF8.GetBytes(message)) is { } id ? NumberOf(id) : null;

    /// <summary>The number that an id is, or is the text of; null where it is something else.</summary>
    public static long? NumberOf(ReadOnlyMemory<byte> id)
    {
        if (id.IsEmpty)
        {
            return null;
        }

        Utf8JsonReader reader = JsonMembers.Read(id);
        long number = 0;
        bool isNumber = reader.TokenType switch
        {
            JsonTokenType.Number => reader.TryGetInt64(out number),
            JsonTokenType.String => long.TryParse(reader.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out number),
            _ => false,
        };
        return isNumber ? number : null;
    }

    // The rest of the request keeps the form that its writer gave it.
    private string Insert(byte[] utf8, string value)
    {
        ReadOnlyMemory<byte> scope = utf8;
        int depth = 0;
        while (true)
        {
            if (JsonMembers.Find(scope, _names[depth]) is not [var found])
            {
                throw new FormatException($"Its '{_names[depth - 1]}' is no object, and so has no place for '{_names[depth]}'.");
            }

            if (JsonMembers.IsNull(found))
            {
                string inner = _names[(depth + 1)..].Reverse().Aggregate(value, static (json, name) => $"{{{Quoted(name)}:{json}}}");
                return found.IsEmpty
                    ? Add(utf8, scope, $"{Quoted(_names[depth])}:{inner}")
                    : Replace(utf8, OffsetOf(found), found.Length, inner);
            }

            scope = found;
            depth++;
        }
    }

    private static string Add(byte[] utf8, ReadOnlyMemory<byte> scope, string member)
    {
        int behindBrace = OffsetOf(scope) + scope.Span.IndexOf((byte)'{') + 1;
        bool isAlone = utf8.AsSpan(behindBrace).TrimStart(" \t\r\n"u8)[0] == '}';
        return Replace(utf8, behindBrace, 0, isAlone ? member : member + ",");
    }

    private static string Replace(byte[] utf8, int start, int length, string by) =>
        string.Concat(Encoding.UTF8.GetString(utf8.AsSpan(0, start)), by, Encoding.UTF8.GetString(utf8.AsSpan(start + length)));

    private static string Quoted(string name) => JsonSerializer.Serialize(name);

    private static int OffsetOf(ReadOnlyMemory<byte> slice) =>
        MemoryMarshal.TryGetArray(slice, out ArraySegment<byte> segment) ? segment.Offset : throw new InvalidOperationException();
}
