using Microsoft.AspNetCore.WebUtilities;

namespace MessageWebSockets.TestServer;

/// <summary>The head of an HTTP request as it came. Repeated headers are joined by a comma, as RFC 9110 5.3 allows.</summary>
public sealed record RawRequest(string Method, string Target, IReadOnlyDictionary<string, string> Headers, string Head)
{
    public string Path => Target.Split('?', 2)[0];

    public string? Key => Headers.GetValueOrDefault("Sec-WebSocket-Key");

    /// <summary>The subprotocols offered, in the client's order.</summary>
    public IReadOnlyList<string> SubProtocols =>
        Headers.GetValueOrDefault("Sec-WebSocket-Protocol")
            ?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];

    public bool OffersDeflate =>
        Headers.GetValueOrDefault("Sec-WebSocket-Extensions")?.Contains("permessage-deflate", StringComparison.OrdinalIgnoreCase) == true;

    /// <summary>The first value of a query parameter; null without one.</summary>
    public string? Query(string name)
    {
        int mark = Target.IndexOf('?', StringComparison.Ordinal);
        return mark >= 0 && QueryHelpers.ParseQuery(Target[mark..]).TryGetValue(name, out var values) ? values[0] : null;
    }

    internal static RawRequest Parse(string head)
    {
        string[] lines = head.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        string[] start = lines.Length > 0 ? lines[0].Split(' ') : [];
        if (start.Length < 3)
        {
            throw new InvalidDataException("The peer's first line is not an HTTP request.");
        }

        Dictionary<string, string> headers = new(StringComparer.OrdinalIgnoreCase);
        foreach (string line in lines.Skip(1))
        {
            string[] parts = line.Split(':', 2);
            string value = parts.Length > 1 ? parts[1].Trim() : "";
            headers[parts[0]] = headers.TryGetValue(parts[0], out string? earlier) ? $"{earlier}, {value}" : value;
        }

        return new RawRequest(start[0], start[1], headers, head);
    }
}
