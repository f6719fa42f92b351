using System.Buffers;
using System.Net;
using System.Net.Http;
using System.Text;
using System.Text.RegularExpressions;

namespace MessageWebSockets.Errors;

/// <summary>
/// Makes what concerns a peer fit to stand in a message: without secrets, on one line, and without what could steer a terminal.
/// </summary>
internal static partial class PeerText
{
    private const int MostCharacters = 200;
    private const int LongestOpenSegment = 32;
    private const int ShownOfLongSegment = 8;
    private const int ShortestToken = 8;
    private const int Hidden = -1;

    // {" in base64url, with which the header of one begins.
    private const string JsonWebToken = "eyJ";

    // Words alone are no token.
    private static readonly SearchValues<char> TokenCharacters = SearchValues.Create("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");

    /// <summary>An address as messages name it. Its query is left out: servers take tokens there.</summary>
    public static string Name(Uri uri)
    {
        string address = uri.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);
        return uri.Query.Length > 0 ? $"{address}?..." : address;
    }

    /// <summary>Text that a peer chose, with visible escapes for what could steer a terminal, and its length bounded.</summary>
    public static string Clean(string text)
    {
        StringBuilder cleaned = new(Math.Min(text.Length, MostCharacters));
        for (int index = 0; index < text.Length; index++)
        {
            // A character of two units is not cut in the middle.
            bool isPair = char.IsHighSurrogate(text[index]) && index + 1 < text.Length && char.IsLowSurrogate(text[index + 1]);
            string piece = isPair ? text.Substring(index++, 2) : MustEscape(text[index]) ? Escape(text[index]) : text[index].ToString();
            if (cleaned.Length + piece.Length > MostCharacters)
            {
                return cleaned.Append("...").ToString();
            }

            cleaned.Append(piece);
        }

        return cleaned.ToString();
    }

    /// <summary>Whether a character could steer a terminal, or makes a text read as another.</summary>
    public static bool MustEscape(char c) => c switch
    {
        < ' ' => true,
        < '\x7f' => false,
        <= '\x9f' => true,

        // Directional marks, overrides and isolates reorder what stands around them on the screen; then line and paragraph
        // separators and the byte order mark.
        '\u061c' or '\u200e' or '\u200f' or (>= '\u2028' and <= '\u202e') or (>= '\u2066' and <= '\u2069') or '\ufeff' => true,
        _ => char.IsSurrogate(c),
    };

    /// <summary>The visible form of a character.</summary>
    public static string Escape(char c) => c switch
    {
        '\0' => @"\0",
        '\a' => @"\a",
        '\b' => @"\b",
        '\t' => @"\t",
        '\n' => @"\n",
        '\v' => @"\v",
        '\f' => @"\f",
        '\r' => @"\r",
        '\x1b' => @"\e",
        _ => $@"\u{(int)c:x4}",
    };

    /// <summary>Text that a peer chose on one line: each run of white space is one blank.</summary>
    public static string OneLine(string text) => Clean(WhiteSpace().Replace(text, " ").Trim());

    /// <summary>What a close frame says: "with code 4401 (who are you)".</summary>
    public static string Close(ushort code, string reason) =>
        code == 1005 ? "without a code" : $"with code {code}{(reason.Length > 0 ? $" ({OneLine(reason)})" : "")}";

    /// <summary>What the framework says of a fault of HTTP/2, without the name of its kind and the full stop.</summary>
    public static string Http2(HttpProtocolException fault) =>
        Clean(fault.Message.Replace($" ({fault.HttpRequestError})", "", StringComparison.Ordinal).TrimEnd('.'));

    /// <summary>The text of a page of HTML, without its markup.</summary>
    public static string OfHtml(string html) => WebUtility.HtmlDecode(Markup().Replace(Unshown().Replace(html, " "), " "));

    /// <summary>
    /// A subprotocol as messages name it. Browsers cannot set headers, so servers take tokens as subprotocols, such as
    /// base64url.bearer.authorization.k8s.io.TOKEN: what stands where a token does is left out.
    /// </summary>
    public static string SubProtocol(string name)
    {
        string[] segments = name.Split('.');
        int secret = Array.FindIndex(segments, static segment => SecretWord().IsMatch(segment));
        StringBuilder shown = new();
        for (int i = 0; i < segments.Length; i++)
        {
            int open = OpenCharacters(segments, i, secret);
            if (open == Hidden)
            {
                return Clean(shown.Append("...").ToString());
            }

            shown.Append(i > 0 ? "." : "").Append(segments[i].AsSpan(0, open));
            if (open < segments[i].Length)
            {
                return Clean(shown.Append("...").ToString());
            }
        }

        return Clean(shown.ToString());
    }

    /// <summary>
    /// One of the subprotocols that are offered: what follows one that announces a token, as in "access_token, TOKEN", is one.
    /// </summary>
    public static string SubProtocol(IReadOnlyList<string> offered, int index) =>
        index > 0 && AnnouncesToken(offered[index - 1]) ? "..." : SubProtocol(offered[index]);

    /// <summary>
    /// Whether one of the subprotocols that are offered is or has a token, or announces the one behind it. In doubt it does: this also
    /// finds what <see cref="SubProtocol(string)"/> shows whole.
    /// </summary>
    public static bool CarriesToken(IReadOnlyList<string> offered, int index) =>
        TokenPrefix(offered[index]) > 0 || SubProtocol(offered, index) != offered[index]
        || (index + 1 < offered.Count && AnnouncesToken(offered[index]));

    /// <summary>How much of a subprotocol says that the rest of it is a token, as access_token- does; 0 where nothing does.</summary>
    public static int TokenPrefix(string name) => SecretName().Match(name).Length;

    /// <summary>Whether what follows a subprotocol in the offer is a token.</summary>
    public static bool AnnouncesToken(string name) => TokenAnnouncement().IsMatch(name);

    // How much of a segment is no token.
    private static int OpenCharacters(string[] segments, int index, int secret)
    {
        string segment = segments[index];
        bool isLast = index == segments.Length - 1;
        if (secret >= 0 && index > secret && (isLast || !PlainWord().IsMatch(segment)))
        {
            // The words that go on a name, as in bearer.authorization.k8s.io, are no token; what comes last after a secret word is one.
            return Hidden;
        }

        if (index == secret)
        {
            // Without a point the token follows a dash or an underscore: bearer-TOKEN.
            Match word = SecretWord().Match(segment);
            int dash = segment.IndexOfAny(['-', '_', '~', '!', '|', '+', '*'], word.Index + word.Length);
            if (dash >= 0 && segment.Length - dash > ShortestToken && segment.AsSpan(dash).ContainsAny(TokenCharacters))
            {
                return dash + 1;
            }
        }

        bool isLong = segment.Length > LongestOpenSegment
            || (segment.Length > ShownOfLongSegment && segment.StartsWith(JsonWebToken, StringComparison.Ordinal));
        return isLong ? ShownOfLongSegment : segment.Length;
    }

    [GeneratedRegex(@"\s+", RegexOptions.NonBacktracking)]
    private static partial Regex WhiteSpace();

    [GeneratedRegex(@"<[^>]*>", RegexOptions.NonBacktracking)]
    private static partial Regex Markup();

    [GeneratedRegex(
        @"<(?:script|style)\b.*?</(?:script|style)\s*>|<!--.*?-->",
        RegexOptions.NonBacktracking | RegexOptions.IgnoreCase | RegexOptions.Singleline)]
    private static partial Regex Unshown();

    [GeneratedRegex("bearer|token|secret|passw|api-?_?key|auth|jwt|credential", RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex SecretWord();

    [GeneratedRegex(
        "^(?:.*[-_.])?(?:token|secret|api[-_.]?key|bearer|authorization|jwt|credential|auth)$",
        RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex TokenAnnouncement();

    // A word, what goes on a name behind a point, as in bearer.authorization.k8s.io, and something behind it. The names of the IANA
    // registry have none of these words.
    [GeneratedRegex(
        "^.*(?:token|secret|passw(?:or)?d|api[-_.]?key|bearer|auth(?:orization)?|jwt|credential)[-_.=:]+"
        + @"(?:(?<=\.)(?-i:[a-z][a-z0-9-]{0,15}\.)+)?(?=.)",
        RegexOptions.IgnoreCase)]
    private static partial Regex SecretName();

    [GeneratedRegex("^[a-z][a-z0-9-]{0,15}$", RegexOptions.NonBacktracking)]
    private static partial Regex PlainWord();
}
