using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MessageWebSockets.Errors;
using MessageWebSockets.PowerShell.Views;

namespace MessageWebSockets.PowerShell;

/// <summary>Text made safe for a terminal: what a server sent must not move the cursor, change colours or set the window title.</summary>
public static class TerminalText
{
    private static readonly EscapedValue s_values = new(EscapeLines);

    /// <summary>The text with control, line-separating and direction-changing characters as visible escapes.</summary>
    /// <param name="text">Any text.</param>
    public static string Escape(string? text) => Escape(text, int.MaxValue);

    /// <summary>A time as the views write it, whatever the culture of the session; empty for none.</summary>
    /// <param name="time">The time, or that of a copy.</param>
    /// <param name="format">A format of .NET.</param>
    public static string Time(DateTime? time, string format) => time?.ToString(format, CultureInfo.InvariantCulture) ?? "";

    /// <summary>The properties of an object on one line, with visible escapes.</summary>
    /// <param name="value">An object without a type, as JSON stands for one.</param>
    public static string OfProperties(PSObject value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return Escape($"@{{{string.Join("; ", value.Properties.Select(static property => $"{property.Name}={property.Value}"))}}}");
    }

    /// <summary>What a certificate says of itself, with visible escapes in its names.</summary>
    /// <param name="certificate">The certificate.</param>
    public static string OfCertificate(PSObject certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        X509Certificate2 shown = (X509Certificate2)certificate.BaseObject;
        string text = shown.ToString();
        foreach (string name in new[] { shown.Subject, shown.Issuer }.Where(static name => name.Length > 0))
        {
            // The line ends in it as well.
            text = text.Replace(name, Escape(name), StringComparison.Ordinal);
        }

        return EscapeLines(text);
    }

    /// <summary>As <see cref="Escape(string)"/>, cut to a width; where it is cut it ends in an ellipsis.</summary>
    /// <param name="text">Any text; no more of it is looked at than fits.</param>
    /// <param name="width">The most characters to return.</param>
    public static string Escape(string? text, int width)
    {
        if (string.IsNullOrEmpty(text) || width <= 0)
        {
            return "";
        }

        StringBuilder escaped = new(Math.Min(text.Length, width));
        int lengthWithRoomForEllipsis = 0;
        for (int index = 0; index < text.Length; index++)
        {
            if (escaped.Length < width)
            {
                lengthWithRoomForEllipsis = escaped.Length;
            }

            char c = text[index];
            if (char.IsHighSurrogate(c) && index + 1 < text.Length && char.IsLowSurrogate(text[index + 1]))
            {
                escaped.Append(c).Append(text[++index]);
            }
            else if (PeerText.MustEscape(c))
            {
                escaped.Append(PeerText.Escape(c));
            }
            else
            {
                escaped.Append(c);
            }

            if (escaped.Length > width)
            {
                escaped.Length = lengthWithRoomForEllipsis;
                return escaped.Append('…').ToString();
            }
        }

        return escaped.ToString();
    }

    /// <summary>
    /// As <see cref="Escape(string)"/>, for a text of several lines: line ends and tabs stay. What was JSON is the same JSON.
    /// </summary>
    /// <param name="text">Any text.</param>
    public static string EscapeLines(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return "";
        }

        StringBuilder escaped = new(text.Length);
        for (int index = 0; index < text.Length; index++)
        {
            char c = text[index];
            bool isLineEnd = c == '\n' || (c == '\r' && index + 1 < text.Length && text[index + 1] == '\n');
            if (char.IsHighSurrogate(c) && index + 1 < text.Length && char.IsLowSurrogate(text[index + 1]))
            {
                escaped.Append(c).Append(text[++index]);
            }
            else if (PeerText.MustEscape(c) && !isLineEnd && c != '\t')
            {
                // In the form that JSON has too.
                escaped.Append(CultureInfo.InvariantCulture, $@"\u{(int)c:x4}");
            }
            else
            {
                escaped.Append(c);
            }
        }

        return escaped.ToString();
    }

    /// <summary>
    /// What was read of JSON, with visible escapes in every string and name in it; itself where none needs one. Strings keep their lines.
    /// </summary>
    /// <param name="value">A string, number, list, hashtable or object without a type, as ConvertFrom-Json makes them.</param>
    public static object? EscapeValues(object? value) => s_values.Of(value);

    /// <summary>Headers with visible escapes in their values, for views.</summary>
    /// <param name="headers">The headers, with one value or several each.</param>
    public static IDictionary? Escape(object? headers) => (headers is PSObject wrapped ? wrapped.BaseObject : headers) switch
    {
        IReadOnlyDictionary<string, string> single => single.ToDictionary(
            static header => header.Key, static header => Escape(header.Value), StringComparer.OrdinalIgnoreCase),
        IReadOnlyDictionary<string, IReadOnlyList<string>> several => several.ToDictionary(
            static header => header.Key,
            static header => header.Value.Select(static value => Escape(value)).ToArray(),
            StringComparer.OrdinalIgnoreCase),
        _ => null,
    };
}
