using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Text;
using System.Text.Unicode;

namespace MessageWebSockets.Server;

/// <summary>The client's half of the opening handshake, as a server reads it (RFC 6455 section 4.2.1, RFC 9112).</summary>
internal sealed class UpgradeRequest
{
    /// <summary>A longer request is refused; browsers and proxies stay far below.</summary>
    public const int MaxBytes = 16 * 1024;

    // Their number has a limit of its own: short ones take many times their bytes in memory.
    private const int MostHeaders = 100;

    private const string LineEnd = "\r\n";

    private readonly Dictionary<string, List<string>> _headers = new(StringComparer.OrdinalIgnoreCase);

    private UpgradeRequest(string method, string target)
    {
        Method = method;
        Target = target;
    }

    public string Method { get; }

    /// <summary>The path and query that were asked for.</summary>
    public string Target { get; }

    /// <summary>The path alone, as it was sent.</summary>
    public string Path => Target.Split('?', 2)[0];

    /// <summary>The headers; where one came several times, its values are joined with commas (RFC 9110 section 5.2).</summary>
    public IReadOnlyDictionary<string, string> Headers() =>
        _headers.ToDictionary(
            static header => header.Key, static header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase);

    /// <summary>The values of a header, one for each time it came.</summary>
    public IReadOnlyList<string> ValuesOf(string name) => _headers.TryGetValue(name, out List<string>? values) ? values : [];

    /// <summary>The members of a header that is a comma-separated list.</summary>
    public IEnumerable<string> ListOf(string name) =>
        ValuesOf(name).SelectMany(static value => value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));

    /// <summary>Reads a request, its closing empty line included.</summary>
    /// <exception cref="UpgradeRefusedException">It is no HTTP/1.1 request.</exception>
    public static UpgradeRequest Parse(ReadOnlySpan<byte> bytes)
    {
        // Header values may have bytes above 127: UTF-8 by today's custom, else Latin-1, which maps each byte to one character.
        string text = (Utf8.IsValid(bytes) ? Encoding.UTF8 : Encoding.Latin1).GetString(bytes);
        string[] lines = text.Split(LineEnd);
        string[] words = lines[0].Split(' ');
        if (words.Length != 3 || !HttpToken.IsValid(words[0]) || !words[2].StartsWith("HTTP/", StringComparison.Ordinal))
        {
            throw Malformed("This is no HTTP request.");
        }

        // RFC 6455 section 4.1 asks for 1.1 at least, and a later version would not come in this form.
        if (words[2] != "HTTP/1.1")
        {
            throw new UpgradeRefusedException(HttpStatusCode.HttpVersionNotSupported, "WebSocket needs HTTP/1.1.");
        }

        if (!TryReadTarget(words[1], out string? target))
        {
            throw Malformed("The request target is neither a path nor an address.");
        }

        // The last two are what is behind the empty line at the end.
        if (lines.Length - 3 > MostHeaders)
        {
            throw new UpgradeRefusedException(
                HttpStatusCode.RequestHeaderFieldsTooLarge, $"The request has more than {MostHeaders} headers.");
        }

        UpgradeRequest request = new(words[0], target);
        foreach (string line in lines.AsSpan(1))
        {
            if (line.Length == 0)
            {
                return request;
            }

            request.AddHeader(line);
        }

        throw Malformed("The request has no end.");
    }

    private static bool TryReadTarget(string text, [NotNullWhen(true)] out string? target)
    {
        target = text;
        bool isVisible = text.All(static c => c is > ' ' and < '\x7f' and not '#');
        if (text.StartsWith('/'))
        {
            return isVisible;
        }

        // A server has to take the form that proxies are sent, too (RFC 9112 section 3.2.2).
        if (isVisible && Uri.TryCreate(text, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https" or "ws" or "wss")
        {
            target = address.PathAndQuery;
            return true;
        }

        return false;
    }

    private static UpgradeRefusedException Malformed(string explanation) => new(HttpStatusCode.BadRequest, explanation);

    private void AddHeader(string line)
    {
        // White space before the colon, and lines that begin with it, are how requests are smuggled (RFC 9112 section 5).
        int colon = line.IndexOf(':', StringComparison.Ordinal);
        if (colon <= 0 || !HttpToken.IsValid(line.AsSpan(0, colon)))
        {
            throw Malformed("A header line has no valid name.");
        }

        string value = line[(colon + 1)..].Trim(' ', '\t');
        // Those of Latin-1 as well (128 to 159): terminals take them for control characters too.
        if (value.Any(static c => char.IsControl(c) && c != '\t'))
        {
            throw Malformed("A header value contains control characters.");
        }

        string name = line[..colon];
        if (!_headers.TryGetValue(name, out List<string>? values))
        {
            _headers[name] = values = [];
        }

        values.Add(value);
    }
}
