using System.Diagnostics.CodeAnalysis;

namespace MessageWebSockets.PowerShell.Auditing;

/// <summary>An origin as browsers send it (RFC 6454 section 6.2), and those that are taken for it by servers which compare carelessly.</summary>
internal sealed class AuditOrigin
{
    private readonly Uri _uri;

    private AuditOrigin(Uri uri) => _uri = uri;

    public static bool TryParse(string text, [NotNullWhen(true)] out AuditOrigin? origin)
    {
        origin = Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https" && uri.PathAndQuery == "/" && uri.UserInfo.Length == 0
            ? new AuditOrigin(uri)
            : null;
        return origin is not null;
    }

    public override string ToString() => Text(_uri.Scheme, Host, _uri.IsDefaultPort ? "" : $":{_uri.Port}");

    /// <summary>Origins of others: the host as a prefix, as a suffix, with another character for a dot, and without TLS.</summary>
    public IEnumerable<string> LookAlikes()
    {
        string port = _uri.IsDefaultPort ? "" : $":{_uri.Port}";
        yield return Text(_uri.Scheme, $"{Host}.evil.example", port);
        yield return Text(_uri.Scheme, $"evil{Host}", port);
        if (_uri.HostNameType == UriHostNameType.Dns && Host.Contains('.', StringComparison.Ordinal))
        {
            int dot = Host.IndexOf('.', StringComparison.Ordinal);
            yield return Text(_uri.Scheme, $"{Host[..dot]}x{Host[(dot + 1)..]}", port);
        }

        if (_uri.Scheme == Uri.UriSchemeHttps)
        {
            yield return Text(Uri.UriSchemeHttp, Host, port);
        }
    }

    private string Host => _uri.HostNameType == UriHostNameType.IPv6 ? $"[{_uri.IdnHost.Trim('[', ']')}]" : _uri.IdnHost;

    private static string Text(string scheme, string host, string port) => $"{scheme}://{host}{port}";
}
