using System.Globalization;
using System.Net;
using System.Net.Http;
using System.Net.Sockets;

namespace MessageWebSockets.Handshake;

/// <summary>Tells a failed connect: what failed, with which peer, and what to try (the table "Errors" of the contract).</summary>
/// <param name="settings">The settings of the connect.</param>
/// <param name="findings">What is known of the connect.</param>
/// <param name="uri">The address.</param>
/// <param name="transport">The transport connections that were made.</param>
/// <param name="route">The way they took.</param>
/// <param name="tls">The TLS handshakes on them.</param>
internal sealed class HandshakeFailure(
    HandshakeSettings settings, HandshakeFindings findings, Uri uri, TransportConnector transport, ConnectionRoute route, TlsHandshake tls)
{
    // The types of a TLS record (RFC 8446 section 5.1).
    private const byte TlsAlert = 21;
    private const byte TlsHandshakeRecord = 22;

    private readonly string _peer = PeerText.Name(uri);

    // A TLS server answers an HTTP request with an alert (RFC 8446 section 6), if it answers.
    private bool AnsweredInTls =>
        uri.Scheme == Uri.UriSchemeWs && !route.IsProxySecure && transport.FirstByte is TlsAlert or TlsHandshakeRecord;

    // Not every TLS server does.
    private string EndAdvice => uri.Scheme == Uri.UriSchemeWs && transport.Newest is { FirstByte: null }
        ? "Is this a WebSocket endpoint, does it allow this client, and does it speak TLS (then try wss://)?"
        : "Is this a WebSocket endpoint, and does it allow this client?";

    private string ThroughProxy => route.Proxy is { } proxy ? $" through the proxy {proxy}" : "";

    /// <param name="uri">The address.</param>
    /// <param name="timeout">How long the connect was to take at most.</param>
    /// <param name="findings">What is known of the connect, and with it what was waited for.</param>
    /// <param name="cause">What ended the wait.</param>
    public static MessageWebSocketException ConnectTimeout(Uri uri, TimeSpan timeout, HandshakeFindings findings, Exception cause)
    {
        string within = $"within {timeout.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture)} s";
        string why = findings switch
        {
            { WaitsForJudgement: true } =>
                $"TLS stands, but ServerCustomValidationRequested was not done with the certificate {within}. "
                + "Does a handler block, or is there a deferral that nobody completes?",
            { SilentProxy: { } proxy } =>
                $"the proxy {proxy} took the connection and said nothing {within}. Is this the address of a proxy of that kind, "
                + "and does it reach the server?",
            _ => $"no WebSocket {within}. Is a firewall or proxy in between, or is the server too busy?",
        };
        Uri asked = findings.AskedUri ?? uri;
        string redirected = asked == uri ? "" : $", where {PeerText.Name(uri)} redirected";
        return new MessageWebSocketException(
            $"Cannot connect to {PeerText.Name(asked)}{redirected}: {why} Raise ConnectTimeout to wait longer.", HResults.Timeout, cause)
        {
            PeerUri = asked,
        };
    }

    public MessageWebSocketException NoProtocolAgreed(IReadOnlyList<string> offered) => new(
        offered.Count == 0
            ? $"{_peer} was offered no subprotocol, and RequireSubProtocol asks for one: what looks like a token is not offered to "
                + "another origin that a redirect leads to."
            : $"{_peer} agreed to none of the subprotocols offered "
                + $"({string.Join(", ", offered.Select((_, index) => PeerText.SubProtocol(offered, index)))}), "
                + "and RequireSubProtocol asks for one.",
        HResults.InvalidServerResponse)
    {
        PeerUri = uri,
        IsSubProtocolRefused = true,
    };

    public MessageWebSocketException InvalidResponse(string why, Exception? cause = null) =>
        Create(
            $"{_peer} does not speak WebSocket as RFC 6455 demands: {why}. Is this the address of a WebSocket endpoint?",
            HResults.InvalidServerResponse,
            cause);

    public MessageWebSocketException FromHttp(HttpRequestException e)
    {
        if (transport.Failure is { } failure)
        {
            return FromTransport(failure, e);
        }

        if (tls.Refusal != CertificateRefusal.None)
        {
            return new CertificateFailure(uri, tls, findings, e).Tell(tls.Refusal);
        }

        SocketError? socketError = Find<SocketException>(e)?.SocketErrorCode;

        // A socket that was open and is not connected has been reset; a broken pipe is what a write meets once the peer has ended the
        // connection.
        bool isReset = transport.WasReset
            || socketError is SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.NotConnected;
        bool isEnd = socketError == SocketError.Shutdown || e.HttpRequestError == HttpRequestError.ResponseEnded
            || Find<HttpIOException>(e)?.HttpRequestError == HttpRequestError.ResponseEnded;

        // Until the tunnel stands it is the proxy that is spoken with; what TLS meets in the tunnel is the server's.
        if (route.Proxy is { } proxy && !route.IsServerAsked
            && (tls.IsWithProxy || e.HttpRequestError != HttpRequestError.SecureConnectionError))
        {
            return FromProxy(e, proxy, isReset, isEnd);
        }

        return e.HttpRequestError switch
        {
            // With TLS 1.3 a server tells only after the handshake that it does not like the client's certificate, if it tells at all.
            _ when tls.AsksForClientCertificate && findings.StatusCode is null => FromTls(e, isReset: false),
            HttpRequestError.SecureConnectionError => FromTls(e, isReset),
            _ when AnsweredInTls => Create(
                $"{_peer} answered the request in TLS and not in HTTP; a server that speaks TLS needs wss:// in place of ws://.",
                HResults.InvalidServerResponse,
                e),
            _ when isReset =>
                Create($"{_peer}{ThroughProxy} reset the connection during the handshake. {EndAdvice}", HResults.ConnectionReset, e),
            _ when isEnd =>
                Create($"{_peer}{ThroughProxy} closed the connection during the handshake. {EndAdvice}", HResults.ConnectionAborted, e),
            HttpRequestError.ConfigurationLimitExceeded => InvalidResponse("its answer has more than 64 KiB of headers", e),
            HttpRequestError.VersionNegotiationError or HttpRequestError.ExtendedConnectNotSupported => NoHttp2(e),
            HttpRequestError.UserAuthenticationError =>
                Create(
                    $"{_peer} and this client could not agree on how to authenticate.",
                    HResults.FromHttpStatus((int)HttpStatusCode.Unauthorized),
                    e),
            HttpRequestError.ConnectionError =>
                Create($"Cannot connect to {_peer}{ThroughProxy}: {PeerText.Clean(Innermost(e).Message)}", HResults.CannotConnect, e),
            _ when settings.HttpVersion == HttpVersion.Version20 => NoHttp2(e, $": {Http2Fault(e)}"),
            _ => InvalidResponse("its answer is not an HTTP response", e),
        };
    }

    /// <summary>A cookie that was set here cannot be a part of a header.</summary>
    public MessageWebSocketException UnsendableCookie() => Create(
        $"Cannot connect to {_peer}: a cookie that Cookies has for it contains characters beyond U+00FF, which no header can carry. "
        + "Encode it as the server expects, for example with Uri.EscapeDataString.",
        HResults.CannotConnect,
        cause: null);

    private MessageWebSocketException NoHttp2(HttpRequestException e, string why = "") => Create(
        $"{_peer} does not offer WebSockets over HTTP/2 (RFC 8441){why}. Use HTTP 1.1, the default.", HResults.InvalidServerResponse, e);

    private static string Http2Fault(HttpRequestException e) => Find<HttpProtocolException>(e) is { } fault
        ? PeerText.Http2(fault)
        : "it did not answer as HTTP/2 has it";

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
        string peer = settings.UnixSocketPath is { } path ? $"{_peer} at {path}" : _peer + ThroughProxy;
        if (failure.IsNameResolution)
        {
            string host = failure.Target[..failure.Target.LastIndexOf(':')];
            return Create(
                $"Cannot connect to {peer}: the name {host} is not known. Is it spelled right, and does this machine's DNS know it?",
                HResults.NameNotResolved,
                cause);
        }

        if (failure.Cause.SocketErrorCode == SocketError.ConnectionReset)
        {
            // The peer took the connection and reset it before the system had reported it open.
            return Create($"{peer} reset the connection during the handshake. Does it allow this client?", HResults.ConnectionReset, cause);
        }

        string tried = failure.Tried.Count > 0 ? $" ({string.Join(", ", failure.Tried)})" : "";
        (string what, string advice) = settings.UnixSocketPath is { } socket
            ? UnixSocketFailure.Describe(socket, failure.Cause)
            : failure.Cause.SocketErrorCode == SocketError.ConnectionRefused
                ? ("connection refused" + tried, $"Is the {(route.Proxy is null ? "server" : "proxy")} running and the port right?")
                : (PeerText.Clean(failure.Cause.Message) + tried, "Is the address right, and is there a way to it from this machine?");
        return Create($"Cannot connect to {peer}: {what}. {advice}", HResults.CannotConnect, cause);
    }

    private MessageWebSocketException FromProxy(HttpRequestException e, string proxy, bool isReset, bool isEnd)
    {
        if (tls.IsWithProxy)
        {
            string why = tls.ProxyErrors.Count > 0
                ? $"The certificate of the proxy {proxy} is not valid: {string.Join(", ", tls.ProxyErrors)}. "
                    + "What is ignored for the server is not for a proxy; a root of its own can be given as TrustedRoots."
                : $"The TLS handshake with the proxy {proxy} failed: {PeerText.Clean(Innermost(e).Message.TrimEnd('.'))}. "
                    + "Does the proxy speak TLS on this port (else name it as http://)?";
            return Create($"Cannot connect to {_peer}. {why}", isReset ? HResults.ConnectionReset : HResults.SecureChannel, e);
        }

        if (e.StatusCode is { } status)
        {
            // Some proxies say 401 of their own credentials. It is not the server's 401: the server's credentials are none of theirs.
            bool wantsCredentials = status is HttpStatusCode.ProxyAuthenticationRequired or HttpStatusCode.Unauthorized;
            int meaning = wantsCredentials ? (int)HttpStatusCode.ProxyAuthenticationRequired : (int)status;
            string advice = wantsCredentials
                ? "It wants credentials, or others than it was given: give them as the proxy credential."
                : "Does the proxy allow this address, and does it reach it?";
            return new MessageWebSocketException(
                $"Cannot connect to {_peer}: the proxy {proxy} answered {(int)status}. {advice}", HResults.FromHttpStatus(meaning), e)
            {
                PeerUri = uri,
                HttpStatusCode = status,
            };
        }

        const string Advice = "Is this the address of a proxy, and does it allow this client?";
        return e.HttpRequestError switch
        {
            _ when isReset =>
                Create($"Cannot connect to {_peer}: the proxy {proxy} reset the connection. {Advice}", HResults.ConnectionReset, e),
            _ when isEnd => Create(
                $"Cannot connect to {_peer}: the proxy {proxy} closed the connection without an answer. {Advice}",
                HResults.ConnectionAborted,
                e),

            // SOCKS tells nothing but that it did not work.
            HttpRequestError.ProxyTunnelError or HttpRequestError.ConnectionError =>
                Create(
                    $"Cannot connect to {_peer} through the proxy {proxy}: {PeerText.Clean(Innermost(e).Message)}",
                    HResults.CannotConnect,
                    e),
            HttpRequestError.ConfigurationLimitExceeded =>
                Create(
                    $"Cannot connect to {_peer}: the answer of the proxy {proxy} has more than 64 KiB of headers.",
                    HResults.InvalidServerResponse,
                    e),
            _ => Create(
                $"Cannot connect to {_peer}: the answer of the proxy {proxy} is not an HTTP response. {Advice}",
                HResults.InvalidServerResponse,
                e),
        };
    }

    private MessageWebSocketException FromTls(HttpRequestException e, bool isReset)
    {
        string advice = tls switch
        {
            { AsksForClientCertificate: true, HasClientCertificate: false } =>
                "The server asks for a client certificate: give it as ClientCertificate.",
            { AsksForClientCertificate: true } => "The server asks for a client certificate; does it accept the one it was given?",
            _ => "Does the server speak TLS on this port (else try ws://), and do both sides allow a common TLS version?",
        };
        return isReset
            ? Create($"{_peer}{ThroughProxy} reset the connection during the TLS handshake. {advice}", HResults.ConnectionReset, e)
            : Create(
                $"The TLS handshake with {_peer}{ThroughProxy} failed: {PeerText.Clean(Innermost(e).Message.TrimEnd('.'))}. {advice}",
                HResults.SecureChannel,
                e);
    }

    private MessageWebSocketException Create(string message, int hresult, Exception? cause) =>
        new(message, hresult, cause) { PeerUri = uri };
}
