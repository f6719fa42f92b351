using System.Net;

namespace MessageWebSockets.Handshake;

/// <summary>
/// The way of one attempt to its server, directly or through a proxy, wherever that is named (settings, environment, system): which of
/// the two is being spoken with, and whether another connection may carry what this one carried.
/// </summary>
/// <param name="uri">The address of the server.</param>
/// <param name="settings">The settings of the connect.</param>
internal sealed class ConnectionRoute(Uri uri, HandshakeSettings settings)
{
    private RequestWatch? _request;
    private bool _isRequestUnwatched;

    /// <summary>The proxy, as messages name it; null on the direct way.</summary>
    public string? Proxy { get; private set; }

    /// <summary>Whether the proxy is an https:// one, so that the first TLS handshake of a transport is with it.</summary>
    public bool IsProxySecure { get; private set; }

    /// <summary>Whether the server itself was sent a request.</summary>
    public bool IsServerAsked { get; private set; }

    /// <summary>
    /// Whether one more transport connection may be opened: the first, or one for a request that an answer asked to be sent again, as a
    /// challenge does. The framework would also repeat, up to three times, what was answered by hanging up; a request of the user's
    /// may have been read then, and goes out once. A CONNECT holds nothing of the user's, and a proxy may close after its challenge.
    /// </summary>
    /// <param name="request">The request that the connection is for.</param>
    public bool AllowsConnection(Uri request) => _request is null
        ? !_isRequestUnwatched
        : _request.IsAnswered || (IsForProxy(request) && _request.WasAnswered);

    /// <summary>Says that a transport connection is being opened.</summary>
    /// <param name="target">What it leads to.</param>
    /// <param name="request">The request that it is for: with an HTTP proxy the CONNECT to the proxy's own address.</param>
    public void BeginTransport(DnsEndPoint target, Uri request)
    {
        IsProxySecure = false;
        if (settings.UnixSocketPath is not null)
        {
            return;
        }

        if (IsForProxy(request))
        {
            Proxy = PeerText.Name(request);
            IsProxySecure = request.Scheme == Uri.UriSchemeHttps;
        }
        else if (TransportConnector.NameOf(target.Host, target.Port) is var name
            && name != TransportConnector.NameOf(uri.IdnHost, uri.Port))
        {
            // SOCKS has no request of its own.
            Proxy = settings.Proxy is { } given ? PeerText.Name(given) : name;
        }
    }

    /// <summary>Says that a request is about to be written.</summary>
    /// <param name="request">Its address.</param>
    /// <param name="stream">What it is written to.</param>
    /// <returns>What to write it to in place of that.</returns>
    public Stream BeginRequest(Uri request, Stream stream)
    {
        IsServerAsked = !IsForProxy(request);
        if (IsServerAsked && settings.ServerCredential is null)
        {
            // Nobody here answers a challenge, so nothing is asked twice and nothing has to be watched.
            _isRequestUnwatched = true;
            _request = null;
            return stream;
        }

        _request = new RequestWatch();
        return new RequestStream(IsServerAsked ? stream : new ProxyAnswerStream(stream), _request);
    }

    /// <summary>Says that the connection stands: nothing is to be watched any more.</summary>
    public void End()
    {
        if (_request is not null)
        {
            _request.IsOver = true;
        }
    }

    /// <summary>Whether a request goes to an HTTP proxy itself, to ask for a tunnel.</summary>
    public static bool IsForProxy(Uri request) => request.Scheme == Uri.UriSchemeHttp || request.Scheme == Uri.UriSchemeHttps;
}
