using System.Net;
using System.Text.RegularExpressions;
using MessageWebSockets.Errors;

namespace MessageWebSockets.PowerShell.Errors;

/// <summary>Keeps secrets out of what is shown: messages, verbose and debug records.</summary>
internal static partial class Redaction
{
    private const string Hidden = "***";
    private const string HiddenUser = Hidden + "@";
    private const string Ellipsis = "...";

    // Longer than the names of the IANA registry.
    private const int LongestProtocol = 64;
    private const int ShownOfProtocol = 16;

    private const string ProtocolHeader = "Sec-WebSocket-Protocol";

    // What a server asks for, and no answer to it.
    private static readonly HashSet<string> Challenges =
        new(StringComparer.OrdinalIgnoreCase) { "WWW-Authenticate", "Proxy-Authenticate" };

    /// <summary>Whether a header tells who asks.</summary>
    public static bool IsCredential(string name, string value) =>
        IsSecretName(name) || (!Challenges.Contains(name) && Token().IsMatch(value));

    /// <summary>Whether a parameter of a query, as it stands there, tells who asks.</summary>
    public static bool IsCredentialParameter(string parameter)
    {
        string[] parts = parameter.Split('=', 2);
        string value = WebUtility.UrlDecode(parts[^1]);
        return value.Length > 0 && IsCredential(parts.Length == 2 ? WebUtility.UrlDecode(parts[0]) : "", value);
    }

    /// <summary>
    /// The value of a header, or asterisks where its name says that it is a secret. In others a token, a password in an address and the
    /// query of one are left out: a server may repeat what it was given in any header.
    /// </summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">Its value.</param>
    /// <param name="offered">The subprotocols that were offered; what follows one that announces a token is one.</param>
    public static string Header(string name, string value, IReadOnlyList<string> offered)
    {
        if (IsSecretName(name))
        {
            return Hidden;
        }

        if (name.Equals(ProtocolHeader, StringComparison.OrdinalIgnoreCase))
        {
            return string.Join(", ", value.Split(',', StringSplitOptions.TrimEntries).Select(one => Protocol(one, offered)));
        }

        string shown = Challenges.Contains(name) ? WithoutAddresses(value) : Text(value);
        return name.EndsWith("Location", StringComparison.OrdinalIgnoreCase) ? Query().Replace(shown, "$1...") : shown;
    }

    /// <summary>A text of any origin without tokens, and without passwords and queries of addresses.</summary>
    public static string Text(string text) => WithoutAddresses(Token().Replace(text, "$1" + Hidden));

    /// <summary>An address without user information, query and fragment: which parameter is a secret, only the server knows.</summary>
    public static string Of(Uri uri) => Of(uri.IsAbsoluteUri ? uri.ToString() : uri.OriginalString);

    /// <inheritdoc cref="Of(Uri)"/>
    public static string Of(string address) => Path(WithoutUserInfo(address));

    /// <summary>The path that a request names, without its query.</summary>
    public static string Path(string path) => Query().Replace(path, "$1...");

    /// <summary>
    /// The name of a subprotocol; shortened where it looks like the carrier of a token, for which browsers, that cannot set headers,
    /// have made a custom.
    /// </summary>
    public static string Protocol(string name)
    {
        if (JsonWebToken().IsMatch(name))
        {
            return Hidden;
        }

        // What is before the token says what it is for.
        if (PeerText.TokenPrefix(name) is > 0 and int prefix)
        {
            return string.Concat(name.AsSpan(0, Math.Min(prefix, LongestProtocol)), Hidden);
        }

        string shown = PeerText.SubProtocol(name);
        return shown != name && shown.EndsWith(Ellipsis, StringComparison.Ordinal)
            ? string.Concat(shown.AsSpan(0, Math.Min(shown.Length - Ellipsis.Length, LongestProtocol)), Hidden)
            : name.Length > LongestProtocol ? string.Concat(name.AsSpan(0, ShownOfProtocol), Hidden)
            : name;
    }

    /// <summary>As <see cref="Protocol(string)"/>, of one that a server may have chosen of those that were offered.</summary>
    public static string Protocol(string name, IReadOnlyList<string> offered) =>
        offered.Skip(1).Where((one, index) => one == name && PeerText.AnnouncesToken(offered[index])).Any() ? Hidden : Protocol(name);

    /// <summary>The subprotocol that was agreed on; null before there is one, empty where there is none.</summary>
    public static string? AgreedProtocol(WebSocketInformation information) =>
        information.Protocol is { } protocol ? Protocol(protocol, information.Handshake.OfferedProtocols) : null;

    /// <summary>The names of subprotocols that are offered, in their order: what follows one that announces a token is one.</summary>
    public static IEnumerable<string> Protocols(IEnumerable<string> names)
    {
        bool isToken = false;
        foreach (string name in names)
        {
            yield return isToken ? Hidden : Protocol(name);
            isToken = PeerText.AnnouncesToken(name);
        }
    }

    /// <summary>
    /// An address without user information, and otherwise as it is. Of a text that is none, as user:password@host, all that is before
    /// the last @ may be a password, which may hold any character.
    /// </summary>
    public static string WithoutUserInfo(string address)
    {
        if (UserInfo().Match(address) is { Success: true } given && IsAddress(address))
        {
            return string.Concat(address.AsSpan(0, given.Index), HiddenUser, address.AsSpan(given.Index + given.Length));
        }

        if (IsAddress(address) || HostAlone().IsMatch(address) || At().Matches(address) is not { Count: > 0 } all)
        {
            return address;
        }

        int start = AnyScheme().Match(address).Length;
        return string.Concat(address.AsSpan(0, start), HiddenUser, address.AsSpan(Math.Max(start, all[^1].Index + all[^1].Length)));
    }

    /// <summary>What <see cref="WithoutUserInfo(string)"/> left, without the sign that there was something.</summary>
    public static string WithoutHiddenUser(string address) => address.Replace(HiddenUser, "", StringComparison.Ordinal);

    /// <summary>The address as a target of an error, which ends up in logs like its message: itself where it carries no secret.</summary>
    public static Uri Target(Uri uri)
    {
        string shown = Of(uri);
        return shown == uri.ToString() || !Uri.TryCreate(shown, UriKind.RelativeOrAbsolute, out Uri? redacted) ? uri : redacted;
    }

    private static string WithoutAddresses(string text) =>
        AnyQuery().Replace(AnyUserInfo().Replace(text, "://" + HiddenUser), "$1...");

    private static bool IsAddress(string text) =>
        Authority().IsMatch(text) && Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && uri.Host.Length > 0;

    private static bool IsSecretName(string name) => !Challenges.Contains(name) && SecretName().IsMatch(name);

    // Not Author and Authority, and not Bypass.
    [GeneratedRegex(
        "token|secret|passw|passphrase|pwd|(?:^|[-_])pass$|jwt|api[-_]?key|key$|signature|credential|session|cookie|auth(?!or(?!iz))",
        RegexOptions.IgnoreCase)]
    private static partial Regex SecretName();

    // A scheme of HTTP with what goes with it, and a JSON Web Token. These patterns read what a stranger sent, in linear time.
    [GeneratedRegex(
        @"(\b(?:Bearer|Basic|Negotiate|NTLM)\s+)[^\s,;""]{4,}|eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_.-]*",
        RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex Token();

    [GeneratedRegex(@"(\?|://[^\s?#""<>]*#)[^\s""<>]+", RegexOptions.NonBacktracking)]
    private static partial Regex AnyQuery();

    [GeneratedRegex(@"://[^\s/?#""<>]*@", RegexOptions.NonBacktracking)]
    private static partial Regex AnyUserInfo();

    [GeneratedRegex("([?#])[^?#].*$", RegexOptions.Singleline)]
    private static partial Regex Query();

    // Its header begins with {".
    [GeneratedRegex("^eyJ")]
    private static partial Regex JsonWebToken();

    [GeneratedRegex(@"^\s*[a-z][a-z0-9+.-]*:[/\\]{2}", RegexOptions.IgnoreCase)]
    private static partial Regex Authority();

    [GeneratedRegex(@"(?<=^\s*[a-z][a-z0-9+.-]*:[/\\]{2,})[^/\\?#]*@", RegexOptions.IgnoreCase)]
    private static partial Regex UserInfo();

    // Of a text that is no address: what may be meant as its scheme, with too few slashes or too many.
    [GeneratedRegex(@"^\s*(?:(?:wss?|https?)(?::[/\\]*|[/\\]+)|[a-z][a-z0-9+.-]*:[/\\]{2,}|[/\\]+)?", RegexOptions.IgnoreCase)]
    private static partial Regex AnyScheme();

    // A host with nothing before it, whatever query follows; a port of digits, because user:password@host has the form of host:port.
    [GeneratedRegex(
        @"^\s*(?:[a-z][a-z0-9+.-]*:[/\\]{2,}|[/\\]+)?(?:[\p{L}\p{N}._-]+|\[[^\]@]*\])(?::[0-9]+)?(?:[/\\][^?#@:]*)?(?=$|[?#])",
        RegexOptions.IgnoreCase)]
    private static partial Regex HostAlone();

    // Encoded, too, and the wide form, which names of hosts are read with.
    [GeneratedRegex("@|\uff20|%40")]
    private static partial Regex At();
}
