using System.Globalization;
using System.Net;
using System.Net.Http;
using System.Net.Sockets;

namespace MessageWebSockets;

/// <summary>Tells a failed connect: what failed, with which peer, and what to try (the table "Errors" of the contract).</summary>
internal sealed class HandshakeFailure(
    Uri uri, MessageWebSocketControl control, MessageWebSocketInformation information, TransportConnector transport, TlsHandshake tls)
{
    // The types of a TLS record (RFC 8446 section 5.1).
    private const byte TlsAlert = 21;
    private const byte TlsHandshakeRecord = 22;

    private readonly string _peer = PeerText.Name(uri);

    // A TLS server answers an HTTP request with an alert (RFC 8446 section 6), if it answers.
    private bool AnsweredInTls => uri.Scheme == Uri.UriSchemeWs && control.Proxy?.Scheme != Uri.UriSchemeHttps && transport.FirstByte is TlsAlert or TlsHandshakeRecord;

    public static MessageWebSocketException ConnectTimeout(Uri uri, TimeSpan timeout, Exception cause) =>
        new(
            $"Cannot connect to {PeerText.Name(uri)}: no WebSocket within {timeout.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture)} s. "
            + "Is a firewall or proxy in between, or is the server too busy? Raise ConnectTimeout to wait longer.",
            HResults.Timeout,
            cause)
        {
            PeerUri = uri,
        };

    public MessageWebSocketException InvalidResponse(string why, Exception? cause = null) =>
        Create($"{_peer} does not speak WebSocket as RFC 6455 demands: {why}. Is this the address of a WebSocket endpoint?", HResults.InvalidServerResponse, cause);

    public MessageWebSocketException TooManyRedirects(HttpResponseMessage response, string body) => WithResponse(
        $"The handshake was redirected {control.MaximumRedirection} times and {_peer} redirects once more. Raise MaximumRedirection, or connect to the final address.",
        HResults.RedirectFailed,
        response,
        body);

    /// <param name="response">The response that came instead of a connection.</param>
    /// <param name="body">The beginning of its body.</param>
    /// <param name="redirectRefusal">Why the redirect it is was not followed; null if redirects are off or it is none.</param>
    public MessageWebSocketException FromResponse(HttpResponseMessage response, string body, string? redirectRefusal)
    {
        int status = (int)response.StatusCode;
        string phrase = string.IsNullOrEmpty(response.ReasonPhrase) ? response.StatusCode.ToString() : response.ReasonPhrase;
        return WithResponse(
            $"{_peer} answered the WebSocket handshake with {status.ToString(CultureInfo.InvariantCulture)} {PeerText.Clean(phrase)} instead of a connection. "
            + (redirectRefusal ?? AdviceFor(status)),
            HResults.FromHttpStatus(status),
            response,
            body);
    }

    public MessageWebSocketException FromHttp(HttpRequestException e)
    {
        if (transport.Failure is { } failure)
        {
            return FromTransport(failure, e);
        }

        if (tls.Refusal != CertificateRefusal.None)
        {
            return new CertificateFailure(uri, control, information, e).Tell(tls.Refusal);
        }

        SocketError? socketError = Find<SocketException>(e)?.SocketErrorCode;

        // A socket that was open and is not connected has been reset; a broken pipe is what a write meets once the peer has ended the connection.
        bool isReset = transport.WasReset || socketError is SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.NotConnected;
        bool isEnd = socketError == SocketError.Shutdown || e.HttpRequestError == HttpRequestError.ResponseEnded
            || Find<HttpIOException>(e)?.HttpRequestError == HttpRequestError.ResponseEnded;
        return e.HttpRequestError switch
        {
            HttpRequestError.ProxyTunnelError => FromProxy(e),

            // With TLS 1.3 a server tells only after the handshake that it does not like the client's certificate, if it tells at all.
            _ when tls.AsksForClientCertificate && information.HandshakeStatusCode is null => FromTls(e, isReset: false),
            HttpRequestError.SecureConnectionError => FromTls(e, isReset),
            _ when AnsweredInTls => InvalidResponse("its answer is TLS and not HTTP; a server that speaks TLS needs wss://", e),
            _ when isReset =>
                Create($"{_peer} reset the connection during the handshake. Is this a WebSocket endpoint, and does it allow this client?", HResults.ConnectionReset, e),
            _ when isEnd =>
                Create($"{_peer} closed the connection during the handshake. Is this a WebSocket endpoint, and does it allow this client?", HResults.ConnectionAborted, e),
            HttpRequestError.ConfigurationLimitExceeded => InvalidResponse("its answer has more than 64 KiB of headers", e),
            HttpRequestError.VersionNegotiationError or HttpRequestError.ExtendedConnectNotSupported =>
                Create($"{_peer} does not offer WebSockets over HTTP/2 (RFC 8441). Use HTTP 1.1, the default.", HResults.InvalidServerResponse, e),
            HttpRequestError.UserAuthenticationError =>
                Create($"{_peer} and this client could not agree on how to authenticate.", HResults.FromHttpStatus((int)HttpStatusCode.Unauthorized), e),
            HttpRequestError.ConnectionError =>
                Create($"Cannot connect to {_peer}{ThroughProxy()}: {PeerText.Clean(Innermost(e).Message)}", HResults.CannotConnect, e),
            _ => InvalidResponse("its answer is not an HTTP response", e),
        };
    }

    private static string AdviceFor(int status) => status switch
    {
        200 => "This address serves ordinary pages; is the path right?",
        >= 300 and < 400 => "It points elsewhere: connect to that address, or allow redirects with MaximumRedirection.",
        401 => "It wants credentials, or others than it was given.",
        403 => "It refuses this client; check the credentials, the Origin header and the rights.",
        404 => "Is the path right?",
        407 => "The proxy wants credentials: give them as the proxy credential.",
        426 => "It wants another protocol version.",
        429 or 503 => "It is too busy; try again later.",
        >= 500 and < 600 => "The server, or one behind it, failed; its log says more.",
        _ => "Is this the address of a WebSocket endpoint?",
    };

    private static T? Find<T>(Exception? e)
        where T : Exception
    {
        while (e is not null and not T)
        {
            e = e.InnerException;
        }

        return (T?)e;
    }

    private static Exception Innermost(Exception e) => e.InnerException is { } inner ? Innermost(inner) : e;

    private MessageWebSocketException FromTransport(TransportFailure failure, Exception cause)
    {
        // What was connected to is not the address: so it is a proxy, the given one or the system's.
        bool isProxy = control.UnixSocketPath is null && failure.Target != TransportConnector.NameOf(uri.IdnHost, uri.Port);
        string peer = isProxy ? $"{_peer} through the proxy {failure.Target}" : control.UnixSocketPath is { } path ? $"{_peer} at {path}" : _peer;
        if (failure.IsNameResolution)
        {
            string host = failure.Target[..failure.Target.LastIndexOf(':')];
            return Create($"Cannot connect to {peer}: the name {host} is not known. Is it spelled right, and does this machine's DNS know it?", HResults.NameNotResolved, cause);
        }

        if (failure.Cause.SocketErrorCode == SocketError.ConnectionReset)
        {
            // The peer took the connection and reset it before the system had reported it open.
            return Create($"{peer} reset the connection during the handshake. Does it allow this client?", HResults.ConnectionReset, cause);
        }

        bool isRefused = failure.Cause.SocketErrorCode == SocketError.ConnectionRefused;
        string tried = failure.Tried.Count > 0 ? $" ({string.Join(", ", failure.Tried)})" : "";
        string what = isRefused ? "connection refused" : PeerText.Clean(failure.Cause.Message);
        string advice = isRefused ? "Is the server running and the port right?" : "Is the address right, and is there a way to it from this machine?";
        return Create($"Cannot connect to {peer}: {what}{tried}. {advice}", HResults.CannotConnect, cause);
    }

    private MessageWebSocketException FromProxy(HttpRequestException e)
    {
        string proxy = control.Proxy is { } given ? $"the proxy {PeerText.Name(given)}" : "the proxy";
        if (e.StatusCode is not { } status)
        {
            return Create($"Cannot connect to {_peer} through {proxy}: {PeerText.Clean(Innermost(e).Message)}", HResults.CannotConnect, e);
        }

        string advice = status == HttpStatusCode.ProxyAuthenticationRequired
            ? "It wants credentials, or others than it was given: give them as the proxy credential."
            : "Does the proxy allow this address, and does it reach it?";
        return new MessageWebSocketException($"Cannot connect to {_peer}: {proxy} answered {(int)status}. {advice}", HResults.FromHttpStatus((int)status), e)
        {
            PeerUri = uri,
            HttpStatusCode = status,
        };
    }

    private MessageWebSocketException FromTls(HttpRequestException e, bool isReset)
    {
        string peer = tls.IsProxyRefused ? $"the proxy {PeerText.Name(control.Proxy!)}" : _peer;
        string advice = tls switch
        {
            { IsProxyRefused: true } => "Its certificate is not valid; a root of its own can be given as TrustedRoots.",
            { AsksForClientCertificate: true, HasClientCertificate: false } => "The server asks for a client certificate: give it as ClientCertificate.",
            { AsksForClientCertificate: true } => "The server asks for a client certificate; does it accept the one it was given?",
            _ => "Does the server speak TLS on this port (else try ws://), and do both sides allow a common TLS version?",
        };
        return isReset
            ? Create($"{peer} reset the connection during the TLS handshake. {advice}", HResults.ConnectionReset, e)
            : Create($"The TLS handshake with {peer} failed: {PeerText.Clean(Innermost(e).Message.TrimEnd('.'))}. {advice}", HResults.SecureChannel, e);
    }

    private string ThroughProxy() => control.Proxy is { } proxy ? $" through {PeerText.Name(proxy)}" : "";

    private MessageWebSocketException Create(string message, int hresult, Exception? cause) => new(message, hresult, cause) { PeerUri = uri };

    private MessageWebSocketException WithResponse(string message, int hresult, HttpResponseMessage response, string body) => new(message, hresult)
    {
        PeerUri = uri,
        HttpStatusCode = response.StatusCode,
        ResponseHeaders = information.HandshakeHeaders,
        ResponseBody = body,
    };
}
