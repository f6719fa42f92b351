using System.Text.RegularExpressions;

namespace MessageWebSockets.PowerShell;

/// <summary>Keeps secrets out of what is shown: messages, verbose and debug records.</summary>
internal static partial class Redaction
{
    private const string Hidden = "***";

    private static readonly HashSet<string> SecretHeaders = new(StringComparer.OrdinalIgnoreCase)
    {
        "Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie",
    };

    /// <summary>The value of a header, or asterisks where it is a secret.</summary>
    public static string Header(string name, string value) =>
        SecretHeaders.Contains(name) || SecretName().IsMatch(name) ? Hidden : value;

    /// <summary>An address without user information and without the values of query parameters that carry secrets.</summary>
    public static string Of(Uri uri) => Of(uri.IsAbsoluteUri ? uri.ToString() : uri.OriginalString);

    /// <inheritdoc cref="Of(Uri)"/>
    public static string Of(string address) =>
        SecretParameter().Replace(UserInfo().Replace(address, Hidden + "@", 1), "$1" + Hidden);

    /// <summary>An address without user information, and otherwise as it is.</summary>
    public static string WithoutUserInfo(string address) => UserInfo().Replace(address, Hidden + "@", 1);

    /// <summary>The address as a target of an error, which ends up in logs like its message: itself where it carries no secret.</summary>
    public static Uri Target(Uri uri)
    {
        string shown = Of(uri);
        return shown == uri.ToString() || !Uri.TryCreate(shown, UriKind.Absolute, out Uri? redacted) ? uri : redacted;
    }

    [GeneratedRegex("token|secret|password|passwd|api-?_?key|signature|credential", RegexOptions.IgnoreCase)]
    private static partial Regex SecretName();

    [GeneratedRegex(
        @"([?&](?:[^=&#]*(?:token|secret|passw(?:or)?d|passphrase|api[-_.]?key|access[-_.]?key|signature|credential|auth)[^=&#]*|key|sig|pwd|jwt)=)[^&#]*",
        RegexOptions.IgnoreCase)]
    private static partial Regex SecretParameter();

    [GeneratedRegex("(?<=^[a-z][a-z0-9+.-]*://)[^/?#]*@", RegexOptions.IgnoreCase)]
    private static partial Regex UserInfo();
}
