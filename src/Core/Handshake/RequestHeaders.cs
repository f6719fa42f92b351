using System.Net.Http;

namespace MessageWebSockets.Handshake;

/// <summary>The headers a user adds to the handshake request; what could break or forge the request is refused here.</summary>
internal sealed class RequestHeaders
{
    // The handshake writes these itself; a second value would contradict it.
    private static readonly HashSet<string> OwnedByHandshake = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Upgrade", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Accept", "Sec-WebSocket-Extensions",
        "Content-Length", "Transfer-Encoding",
    };

    // They describe a body, which a handshake does not have, and the framework would drop them without a word.
    private static readonly HashSet<string> OwnedByBody = new(StringComparer.OrdinalIgnoreCase)
    {
        "Allow", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Location", "Content-MD5", "Content-Range",
        "Content-Type", "Expires", "Last-Modified",
    };

    private readonly Dictionary<string, string> _values = new(StringComparer.OrdinalIgnoreCase);

    public IEnumerable<KeyValuePair<string, string>> Values => _values;

    /// <summary>The value of a header; null where it is not set.</summary>
    public string? ValueOf(string name) => _values.GetValueOrDefault(name);

    /// <exception cref="ArgumentException">The name or value cannot be sent, or the handshake owns the header.</exception>
    public void Set(string name, string? value)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!HttpToken.IsValid(name))
        {
            throw new ArgumentException(
                $"'{Printable(name)}' is no header name: a name is made of ASCII letters, "
                + "digits and !#$%&'*+-.^_`|~ (RFC 9110 section 5.6.2).",
                nameof(name));
        }

        if (OwnedByHandshake.Contains(name))
        {
            throw new ArgumentException(
                $"The header {name} belongs to the WebSocket handshake and cannot be set; "
                + "subprotocols and compression have settings of their own.",
                nameof(name));
        }

        if (name.Equals("Sec-WebSocket-Protocol", StringComparison.OrdinalIgnoreCase))
        {
            throw new ArgumentException(
                "Subprotocols are offered through Control.SupportedProtocols, not through the header Sec-WebSocket-Protocol.",
                nameof(name));
        }

        if (OwnedByBody.Contains(name))
        {
            throw new ArgumentException(
                $"The header {name} describes a body, and the request of a WebSocket handshake has none.", nameof(name));
        }

        if (value is null)
        {
            _values.Remove(name);
            return;
        }

        // The value itself is not shown: it may be a secret.
        if (value.Any(c => char.IsControl(c) && c != '\t'))
        {
            throw new ArgumentException(
                $"The value of the header {name} contains a line break, NUL or another control character, which no header can carry.",
                nameof(value));
        }

        if (!System.Text.Ascii.IsValid(value))
        {
            throw new ArgumentException(
                $"The value of the header {name} contains characters outside ASCII; encode it as its receiver expects, "
                + "for example percent-encoded.",
                nameof(value));
        }

        if (name.Equals("Host", StringComparison.OrdinalIgnoreCase) && !IsHost(value))
        {
            throw new ArgumentException(
                "The value of the header Host is no host name with an optional port (RFC 9110 section 7.2).", nameof(value));
        }

        _values[name] = value;
    }

    public RequestHeaders Copy()
    {
        RequestHeaders copy = new();
        CopyTo(copy);
        return copy;
    }

    public void CopyTo(RequestHeaders other)
    {
        foreach ((string name, string value) in _values)
        {
            other._values[name] = value;
        }
    }

    // As the framework reads it, which would leave out what it does not take.
    private static bool IsHost(string value)
    {
        using HttpRequestMessage request = new();
        try
        {
            request.Headers.Host = value;
            return value.Length > 0;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private static string Printable(string text) => string.Concat(text.Select(c => char.IsControl(c) ? $"\\u{(int)c:x4}" : c.ToString()));
}
