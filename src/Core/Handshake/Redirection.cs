using System.Net.Http;
using System.Net.Http.Headers;

namespace MessageWebSockets.Handshake;

/// <summary>Where a redirect leads, and whether it may be followed there.</summary>
/// <param name="Target">The address to try next; null when the response is no redirect that can be followed.</param>
/// <param name="Refusal">Why a redirect is not followed; null when the response is none, or is followed.</param>
internal sealed record Redirection(Uri? Target, string? Refusal)
{
    private static readonly Redirection None = new(null, null);

    public static Redirection Of(Uri uri, HttpResponseMessage response)
    {
        if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308)
            || !response.Headers.NonValidated.TryGetValues("Location", out HeaderStringValues locations))
        {
            return None;
        }

        // The field has one value (RFC 9110 section 10.2.2). Of several nobody can say which is meant, and joined they look like one more.
        string[] addresses = [.. locations.Distinct(StringComparer.Ordinal)];
        if (addresses.Length > 1)
        {
            return new Redirection(
                null, "It redirects to several addresses at once (its Location headers differ), which is never followed.");
        }

        // Not Headers.Location: on Unix that takes the relative address "/path" for a file.
        if (!Uri.TryCreate(uri, addresses[0], out Uri? target))
        {
            return new Redirection(null, "It redirects to something that is no address.");
        }

        string? scheme = target.Scheme switch
        {
            "http" or "ws" => Uri.UriSchemeWs,
            "https" or "wss" => Uri.UriSchemeWss,
            _ => null,
        };
        if (scheme is null)
        {
            return new Redirection(
                null, $"It redirects to an address that begins with {PeerText.Clean(target.Scheme)}:, which is no WebSocket address.");
        }

        if (uri.Scheme == Uri.UriSchemeWss && scheme == Uri.UriSchemeWs)
        {
            return new Redirection(null, $"It redirects from TLS to plain text ({PeerText.Name(target)}), which is never followed.");
        }

        if (target.UserInfo.Length > 0)
        {
            return new Redirection(null, "It redirects to an address with a user name in it, which is never followed.");
        }

        UriBuilder builder = new(target) { Scheme = scheme, Port = target.IsDefaultPort ? -1 : target.Port, Fragment = "" };
        return new Redirection(builder.Uri, null);
    }

    // The scheme counts: what was entrusted to wss must not go to ws of the same host.
    public static bool IsSameOrigin(Uri a, Uri b) =>
        a.Scheme == b.Scheme && a.Port == b.Port && a.IdnHost.Equals(b.IdnHost, StringComparison.OrdinalIgnoreCase);
}
