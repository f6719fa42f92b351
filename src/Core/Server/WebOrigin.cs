using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace MessageWebSockets.Server;

/// <summary>
/// An origin as browsers name it in a request (RFC 6454 section 6.2): scheme, host and port, without the port that goes without saying,
/// and international names in their ASCII form. Pages of extensions and applications have schemes of their own.
/// </summary>
/// <param name="Scheme">The scheme.</param>
/// <param name="Host">The host; empty for <c>file://</c>.</param>
/// <param name="Port">A colon and the port; empty for the one of the scheme.</param>
internal sealed partial record WebOrigin(string Scheme, string Host, string Port)
{
    /// <summary>Reads an origin, also with the slash behind it that addresses have.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out WebOrigin? origin)
    {
        origin = null;
        if (text is null || Form().Match(text) is not { Success: true } form || !Uri.TryCreate(text, UriKind.Absolute, out Uri? address))
        {
            return false;
        }

        // The scheme and host are lower-case in an address, as browsers send them.
        string host = address.HostNameType == UriHostNameType.IPv6 ? $"[{address.IdnHost}]" : address.IdnHost;
        bool isWeb = address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps;
        if (host.Length == 0 && isWeb)
        {
            return false;
        }

        string port = form.Groups["port"].ValueSpan.Length > 0 && !(isWeb && address.IsDefaultPort) ? $":{address.Port}" : "";
        origin = new WebOrigin(address.Scheme, host, port);
        return true;
    }

    public override string ToString() => $"{Scheme}://{Host}{Port}";

    [GeneratedRegex(
        @"\A[A-Za-z][A-Za-z0-9+.-]*://(?:\[[0-9A-Fa-f:.]+\]|[^\s/?#@:\\\[\]]*)(?::(?<port>[0-9]+))?/?\z", RegexOptions.NonBacktracking)]
    private static partial Regex Form();
}
