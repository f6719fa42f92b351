using System.Globalization;
using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Security.Authentication;

namespace MessageWebSockets;

/// <summary>Tells a failed connect: what failed, with which peer, and what to try (the table "Errors" of the contract).</summary>
internal sealed class HandshakeFailure(
    Uri uri,
    MessageWebSocketControl control,
    MessageWebSocketInformation information,
    TransportConnector transport,
    bool certificateRefused)
{
    public MessageWebSocketException TooManyRedirects(int followed) =>
        Create($"{uri} redirects more than {followed} times. Raise MaximumRedirection, or connect to the final address.", HResults.RedirectFailed, null);

    public MessageWebSocketException InvalidResponse(string why, Exception? cause = null) =>
        Create($"{uri} does not speak WebSocket as RFC 6455 demands: {why}. Is this the address of a WebSocket endpoint?", HResults.InvalidServerResponse, cause);

    public MessageWebSocketException FromResponse(HttpResponseMessage response, string body)
    {
        int status = (int)response.StatusCode;
        string phrase = string.IsNullOrEmpty(response.ReasonPhrase) ? response.StatusCode.ToString() : response.ReasonPhrase;
        return new MessageWebSocketException(
            $"{uri} answered the WebSocket handshake with {status.ToString(CultureInfo.InvariantCulture)} {Clean(phrase)} instead of a connection. {AdviceFor(status)}",
            HResults.FromHttpStatus(status))
        {
            PeerUri = uri,
            HttpStatusCode = response.StatusCode,
            ResponseHeaders = information.HandshakeHeaders,
            ResponseBody = body,
        };
    }

    public MessageWebSocketException FromHttp(HttpRequestException e)
    {
        if (transport.Failure is { } failure)
        {
            return FromTransport(failure, e);
        }

        if (certificateRefused || HasFatalCertificateErrors())
        {
            return FromCertificate(e);
        }

        SocketError? socketError = Find<SocketException>(e)?.SocketErrorCode;
        return e.HttpRequestError switch
        {
            HttpRequestError.ProxyTunnelError => FromProxy(e),
            HttpRequestError.SecureConnectionError => FromTls(e, socketError),
            _ when socketError is SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown =>
                Create($"{uri} reset the connection during the handshake. Is this a WebSocket endpoint, and does it allow this client?", HResults.ConnectionReset, e),
            HttpRequestError.ResponseEnded =>
                Create($"{uri} closed the connection during the handshake. Is this a WebSocket endpoint, and does it allow this client?", HResults.ConnectionAborted, e),
            HttpRequestError.ConfigurationLimitExceeded =>
                Create($"{uri} answered the handshake with more than 64 KiB of headers.", HResults.InvalidServerResponse, e),
            HttpRequestError.VersionNegotiationError or HttpRequestError.ExtendedConnectNotSupported =>
                Create($"{uri} does not offer WebSockets over HTTP/2 (RFC 8441). Use HTTP 1.1, the default.", HResults.InvalidServerResponse, e),
            HttpRequestError.UserAuthenticationError =>
                Create($"{uri} and this client could not agree on how to authenticate.", HResults.FromHttpStatus((int)HttpStatusCode.Unauthorized), e),
            HttpRequestError.ConnectionError =>
                Create($"Cannot connect to {uri}{ThroughProxy()}: {Clean(Innermost(e).Message)}", HResults.CannotConnect, e),
            _ => InvalidResponse("its answer is not an HTTP response" + (uri.Scheme == Uri.UriSchemeWs ? "; a server that speaks TLS needs wss://" : ""), e),
        };
    }

    public static MessageWebSocketException ConnectTimeout(Uri uri, TimeSpan timeout, Exception cause) =>
        new(
            $"Cannot connect to {uri}: no WebSocket within {timeout.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture)} s. "
            + "Is a firewall or proxy in between, or is the server too busy? Allow more time to wait longer.",
            HResults.Timeout,
            cause)
        {
            PeerUri = uri,
        };

    private MessageWebSocketException FromTransport(TransportFailure failure, Exception cause)
    {
        bool isProxy = control.Proxy is { } proxy && control.UnixSocketPath is null
            && failure.Target == $"{proxy.IdnHost}:{proxy.Port}" && proxy.IdnHost + proxy.Port != uri.IdnHost + uri.Port;
        string peer = isProxy ? $"the proxy {control.Proxy}" : uri.ToString();
        if (failure.IsNameResolution)
        {
            string host = failure.Target[..failure.Target.LastIndexOf(':')];
            return Create($"Cannot connect to {peer}: the name {host} is not known. Is it spelled right, and does this machine's DNS know it?", HResults.NameNotResolved, cause);
        }

        string tried = failure.Tried.Count > 0 ? $" ({string.Join(", ", failure.Tried)})" : "";
        string advice = failure.Cause.SocketErrorCode == SocketError.ConnectionRefused
            ? "Is the server running and the port right?"
            : "Is the address right, and is there a way to it from this machine?";
        string what = failure.Cause.SocketErrorCode == SocketError.ConnectionRefused ? "connection refused" : Clean(failure.Cause.Message);
        return Create($"Cannot connect to {peer}: {what}{tried}. {advice}", HResults.CannotConnect, cause);
    }

    private MessageWebSocketException FromProxy(HttpRequestException e)
    {
        int status = (int?)e.StatusCode ?? 0;
        string proxy = control.Proxy?.ToString() ?? "the proxy";
        return status == 0
            ? Create($"Cannot connect to {uri} through {proxy}: {Clean(Innermost(e).Message)}", HResults.CannotConnect, e)
            : new MessageWebSocketException(
                $"Cannot connect to {uri}: {proxy} answered {status}. "
                + (status == 407 ? "It wants credentials: give them as the proxy credential." : "Does the proxy allow this address?"),
                HResults.FromHttpStatus(status),
                e)
            {
                PeerUri = uri,
                HttpStatusCode = e.StatusCode,
            };
    }

    private MessageWebSocketException FromTls(HttpRequestException e, SocketError? socketError)
    {
        if (socketError is SocketError.ConnectionReset or SocketError.ConnectionAborted)
        {
            return Create(
                $"{uri} reset the connection during the TLS handshake. Does it want a client certificate, or another TLS version?",
                HResults.ConnectionReset,
                e);
        }

        return Create(
            $"The TLS handshake with {uri} failed: {Clean(Innermost(e).Message)} Does the server speak TLS on this port (else try ws://), "
            + "does it want a client certificate, and do both sides allow a common TLS version?",
            HResults.SecureChannel,
            e);
    }

    private MessageWebSocketException FromCertificate(Exception cause)
    {
        string host = uri.IdnHost;
        string subject = information.ServerCertificate is { } certificate
            ? $" ({Clean(certificate.Subject)}, issued by {Clean(certificate.Issuer)})"
            : "";
        if (certificateRefused)
        {
            string by = control.PinnedCertificateSha256.Count > 0 && information.ServerCertificate is { } actual
                && !CertificatePin.Matches(control.PinnedCertificateSha256, actual)
                ? "matches none of the pinned SHA-256 hashes"
                : "was rejected by the custom validation";
            return new MessageWebSocketException($"The certificate of {host} {by}{subject}.", HResults.CertificateInvalid, cause)
            {
                Status = WebErrorStatus.CertificateIsInvalid,
                PeerUri = uri,
            };
        }

        ChainValidationResult[] errors =
            [.. information.ServerCertificateErrors.Where(error => !control.IgnorableServerCertificateErrors.Contains(error))];
        string advice = errors.All(ServerCertificateValidation.CanBeIgnored)
            ? $" To connect all the same, ignore: {string.Join(", ", errors)}."
            : " This cannot be ignored.";
        if (errors.Length != 1)
        {
            // Untrusted and incomplete are one cause: no chain to a trusted root.
            bool isAuthority = errors.All(e => e is ChainValidationResult.Untrusted or ChainValidationResult.IncompleteChain);
            return new MessageWebSocketException(
                $"The certificate of {host} has several errors: {string.Join(", ", errors)}{subject}.{advice}",
                isAuthority ? HResults.CertificateAuthority : HResults.CertificateInvalid,
                cause)
            {
                Status = isAuthority ? WebErrorStatus.CertificateIsInvalid : WebErrorStatus.CertificateContainsErrors,
                PeerUri = uri,
            };
        }

        (string what, int hresult) = errors[0] switch
        {
            ChainValidationResult.InvalidName => ("is for another name", HResults.CertificateName),
            ChainValidationResult.Expired => (Validity(), HResults.CertificateDate),
            ChainValidationResult.Untrusted => ("does not lead to a root that this machine trusts", HResults.CertificateAuthority),
            ChainValidationResult.IncompleteChain => ("does not lead to a trusted root: an intermediate certificate is missing", HResults.CertificateAuthority),
            ChainValidationResult.Revoked => ("was revoked", HResults.CertificateRevoked),
            ChainValidationResult.WrongUsage => ("is not meant for a server", HResults.CertificateInvalid),
            ChainValidationResult.RevocationInformationMissing => ("does not say where its revocation can be looked up, or the answer is not usable", HResults.CertificateInvalid),
            ChainValidationResult.RevocationFailure => ("could not be checked for revocation: the service does not answer", HResults.CertificateInvalid),
            ChainValidationResult error => ($"is not valid: {error}", HResults.CertificateInvalid),
        };
        return new MessageWebSocketException($"The certificate of {host} {what}{subject}.{advice}", hresult, cause) { PeerUri = uri };
    }

    private string Validity()
    {
        if (information.ServerCertificate is not { } certificate)
        {
            return "is not valid now";
        }

        return certificate.NotBefore > DateTime.Now
            ? $"is not valid before {certificate.NotBefore.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}"
            : $"expired on {certificate.NotAfter.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}";
    }

    private bool HasFatalCertificateErrors() =>
        information.ServerCertificateErrors.Any(error => !control.IgnorableServerCertificateErrors.Contains(error));

    private string ThroughProxy() => control.Proxy is { } proxy ? $" through {proxy}" : "";

    private MessageWebSocketException Create(string message, int hresult, Exception? cause) => new(message, hresult, cause) { PeerUri = uri };

    private static string AdviceFor(int status) => status switch
    {
        200 => "This address serves ordinary pages; is the path right?",
        >= 300 and < 400 => "It points elsewhere: connect to that address, or allow redirects with MaximumRedirection.",
        401 => "It wants credentials.",
        403 => "It refuses this client; check the credentials, the Origin header and the rights.",
        404 => "Is the path right?",
        407 => "The proxy wants credentials: give them as the proxy credential.",
        426 => "It wants another protocol version.",
        429 or 503 => "It is too busy; try again later.",
        >= 500 => "The server, or one behind it, failed; its log says more.",
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

    // What a server or certificate says ends up on terminals.
    private static string Clean(string text) => string.Concat(text.Select(c => char.IsControl(c) ? '\uFFFD' : c));
}
