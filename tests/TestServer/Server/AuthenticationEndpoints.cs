using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace MessageWebSockets.TestServer;

/// <summary>Challenges with 401 until user "user", password "pass" come; echoes afterwards.</summary>
internal static partial class AuthenticationEndpoints
{
    private const string User = "user";
    private const string Password = "pass";
    private const string Realm = "test";

    // Fixed is enough here: what is under test is the client's arithmetic.
    private const string Nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093";

    public static Task BasicAsync(HttpContext context)
    {
        string expected = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{Password}"));
        return Credentials(context) is { Scheme: "Basic" } sent && sent.Parameter == expected
            ? EchoEndpoint.EchoAsync(context)
            : ChallengeAsync(context, $"Basic realm=\"{Realm}\", charset=\"UTF-8\"");
    }

    /// <summary>?algorithm=MD5|SHA-256, RFC 7616 with qop=auth.</summary>
    public static Task DigestAsync(HttpContext context)
    {
        string algorithm = context.Request.Query["algorithm"].FirstOrDefault() ?? "SHA-256";
        return Credentials(context) is { Scheme: "Digest", Parameter: { } parameter } && IsRightDigest(context, parameter, algorithm)
            ? EchoEndpoint.EchoAsync(context)
            : ChallengeAsync(context, $"Digest realm=\"{Realm}\", qop=\"auth\", algorithm={algorithm}, nonce=\"{Nonce}\"");
    }

    private static AuthenticationHeaderValue? Credentials(HttpContext context) =>
        AuthenticationHeaderValue.TryParse(context.Request.Headers.Authorization, out AuthenticationHeaderValue? value) ? value : null;

    private static Task ChallengeAsync(HttpContext context, string challenge)
    {
        context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        context.Response.Headers.WWWAuthenticate = challenge;
        return context.Response.WriteAsync("Who are you?");
    }

    private static bool IsRightDigest(HttpContext context, string parameter, string algorithm)
    {
        Dictionary<string, string> sent = DigestField().Matches(parameter).ToDictionary(
            match => match.Groups["name"].Value, match => match.Groups["value"].Value.Trim('"'), StringComparer.OrdinalIgnoreCase);
        string Field(string name) => sent.GetValueOrDefault(name) ?? "";
        string who = Hash(algorithm, $"{User}:{Realm}:{Password}");
        string what = Hash(algorithm, $"{context.Request.Method}:{Field("uri")}");
        string expected = Hash(algorithm, $"{who}:{Nonce}:{Field("nc")}:{Field("cnonce")}:{Field("qop")}:{what}");
        return Field("username") == User && Field("nonce") == Nonce && Field("response") == expected;
    }

    private static string Hash(string algorithm, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
#pragma warning disable CA5351 // RFC 7616 still has MD5, and so have servers in the field.
        return Convert.ToHexStringLower(algorithm == "MD5" ? MD5.HashData(bytes) : SHA256.HashData(bytes));
#pragma warning restore CA5351
    }

    [GeneratedRegex("""(?<name>\w+)=(?<value>"[^"]*"|[^,\s]+)""")]
    private static partial Regex DigestField();
}
