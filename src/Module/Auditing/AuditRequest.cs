using System.Text;

namespace MessageWebSockets.PowerShell.Auditing;

/// <summary>The request of a handshake, in the hands of a check: whatever it sets is sent, allowed or not.</summary>
internal sealed class AuditRequest
{
    public const string KeyHeader = "Sec-WebSocket-Key";
    public const string VersionHeader = "Sec-WebSocket-Version";
    public const string ProtocolHeader = "Sec-WebSocket-Protocol";
    public const string ExtensionHeader = "Sec-WebSocket-Extensions";

    private readonly List<(string Name, string Value)> _headers = [];

    public string Method { get; set; } = "GET";

    public required string Target { get; init; }

    public string HttpVersion { get; set; } = "HTTP/1.1";

    /// <summary>The Sec-WebSocket-Key; empty where there is none.</summary>
    public string Key => ValueOf(KeyHeader) ?? "";

    public string? ValueOf(string name) => _headers.Find(header => header.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;

    /// <summary>Puts a header in place of all of its name.</summary>
    public void Set(string name, string value)
    {
        Remove(name);
        Add(name, value);
    }

    /// <summary>Adds a header, also where there is one of its name.</summary>
    public void Add(string name, string value) => _headers.Add((name, value));

    public void Remove(string name) => _headers.RemoveAll(header => header.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    public byte[] ToBytes()
    {
        StringBuilder text = new();
        text.Append(Method).Append(' ').Append(Target).Append(' ').Append(HttpVersion).Append("\r\n");
        foreach ((string name, string value) in _headers)
        {
            text.Append(name).Append(": ").Append(value).Append("\r\n");
        }

        return Encoding.Latin1.GetBytes(text.Append("\r\n").ToString());
    }
}
