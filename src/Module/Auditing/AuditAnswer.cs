using System.Globalization;
using System.Net;
using System.Net.Http;
using System.Text;

namespace MessageWebSockets.PowerShell.Auditing;

/// <summary>The head of the answer to a request, as it came.</summary>
internal sealed class AuditAnswer
{
    private const int ShownCharacters = 100;

    // A limit of requests answers so, and gateways for a server that they cannot reach, or that hung up on them.
    private static readonly int[] s_codesForAnyone = [429, 502, 503, 504];

    private readonly List<(string Name, string Value)> _headers = [];

    private AuditAnswer(int status, string reason)
    {
        Status = status;
        Reason = reason;
    }

    public int Status { get; }

    public string Reason { get; }

    /// <summary>Whether the server switches to the WebSocket protocol.</summary>
    public bool IsUpgrade => Status == (int)HttpStatusCode.SwitchingProtocols;

    /// <summary>Whether it may be said whatever was asked: by a limit of requests, or by a gateway that got no answer itself.</summary>
    public bool IsForAnyone => s_codesForAnyone.Contains(Status);

    /// <summary>What <see cref="IsForAnyone"/> means, for evidence.</summary>
    public string ForAnyoneText => Status == (int)HttpStatusCode.TooManyRequests
        ? $"answered with {Text}, which limits requests of any kind"
        : $"answered with {Text}, which a gateway says of a server that it got no answer from";

    /// <summary>The status with its reason, for people.</summary>
    public string Text =>
        TerminalText.Escape(Reason.Length == 0 ? Status.ToString(CultureInfo.InvariantCulture) : $"{Status} {Reason}", ShownCharacters);

    /// <summary>What the answer says of who gave it; null where it says nothing.</summary>
    public string? Server => ValuesOf("Server").FirstOrDefault();

    /// <summary>The values of a header, one for each time it came.</summary>
    public IEnumerable<string> ValuesOf(string name) =>
        _headers.Where(header => header.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(static header => header.Value);

    /// <summary>The members of a header that is a list.</summary>
    public IEnumerable<string> ListOf(string name) =>
        ValuesOf(name).SelectMany(static value => value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));

    /// <summary>The answer as the library's own checks read it; its content is empty.</summary>
    public HttpResponseMessage ToMessage()
    {
        HttpResponseMessage message = new((HttpStatusCode)Status);
        foreach ((string name, string value) in _headers)
        {
            message.Headers.TryAddWithoutValidation(name, value);
        }

        return message;
    }

    /// <summary>
    /// Whose answer it is, where another one answered than the usual handshake: what stands in front of the server, most likely.
    /// </summary>
    /// <param name="usual">The answer to an ordinary handshake.</param>
    /// <returns>Empty where that cannot be told.</returns>
    public string By(AuditAnswer usual)
    {
        if (ValuesOf("Via").FirstOrDefault() is { } via && !usual.ValuesOf("Via").Any())
        {
            return $" (by a proxy, Via: {Shown(via)})";
        }

        // Many name themselves in no 101: that one of the two names nobody tells nothing.
        return Server is { } server && usual.Server is { } other && server != other
            ? $" (by {Shown(server)}, and not by who answers the ordinary handshake, {Shown(other)})"
            : "";
    }

    /// <summary>Reads the head of an answer.</summary>
    /// <returns>Null where it is no HTTP answer.</returns>
    public static AuditAnswer? Parse(ReadOnlySpan<byte> head)
    {
        string[] lines = Encoding.Latin1.GetString(head).Split('\n');
        string[] words = lines[0].TrimEnd('\r').Split(' ', 3);
        if (words.Length < 2 || !words[0].StartsWith("HTTP/", StringComparison.Ordinal) || words[1].Length != 3
            || !int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out int status))
        {
            return null;
        }

        AuditAnswer answer = new(status, words.Length > 2 ? words[2].Trim() : "");
        foreach (string line in lines.Skip(1))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0)
            {
                answer._headers.Add((line[..colon].Trim(), line[(colon + 1)..].Trim()));
            }
        }

        return answer;
    }

    /// <summary>Text of the server, fit to stand in evidence.</summary>
    public static string Shown(string text) => TerminalText.Escape(text, ShownCharacters);
}
