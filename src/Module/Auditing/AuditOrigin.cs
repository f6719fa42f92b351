using System.Diagnostics.CodeAnalysis;
using MessageWebSockets.Server;

namespace MessageWebSockets.PowerShell.Auditing;

/// <summary>An origin of pages that may connect, and those that are taken for it by servers which compare carelessly.</summary>
internal sealed class AuditOrigin
{
    private readonly WebOrigin _origin;

    private AuditOrigin(WebOrigin origin) => _origin = origin;

    public static bool TryParse(string text, [NotNullWhen(true)] out AuditOrigin? origin)
    {
        origin = WebOrigin.TryParse(text, out WebOrigin? parsed) && parsed.Host.Length > 0 ? new AuditOrigin(parsed) : null;
        return origin is not null;
    }

    public override string ToString() => _origin.ToString();

    /// <summary>Origins of others: the host as a prefix, as a suffix, with another character for a dot, and without TLS.</summary>
    public IEnumerable<string> LookAlikes()
    {
        string host = _origin.Host;
        yield return With(_origin.Scheme, $"{host}.evil.example");
        yield return With(_origin.Scheme, $"evil{host}");
        if (Uri.CheckHostName(host) == UriHostNameType.Dns && host.IndexOf('.', StringComparison.Ordinal) is >= 0 and int dot)
        {
            yield return With(_origin.Scheme, $"{host[..dot]}x{host[(dot + 1)..]}");
        }

        if (_origin.Scheme == Uri.UriSchemeHttps)
        {
            yield return With(Uri.UriSchemeHttp, host);
        }
    }

    private string With(string scheme, string host) => (_origin with { Scheme = scheme, Host = host }).ToString();
}
