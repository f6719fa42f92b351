using System.Net;
using System.Net.Http;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Xunit;

namespace MessageWebSockets.Tests.Handshake;

/// <summary>How each thing that the framework says of a failed connect is told, without a network.</summary>
public sealed class HandshakeFailureTests : IDisposable
{
    private const string DuringHandshake =
        " the connection during the handshake. Is this a WebSocket endpoint, and does it allow this client?";
    private const string Closed = "closed" + DuringHandshake;
    private const string WasReset = "reset" + DuringHandshake;
    private const string NotWebSocket = "{peer} does not speak WebSocket as RFC 6455 demands: ";
    private const string IsEndpoint = ". Is this the address of a WebSocket endpoint?";
    private const string NoHttp2 = "{peer} does not offer WebSockets over HTTP/2 (RFC 8441). Use HTTP 1.1, the default.";
    private const string IsProxy = " Is this the address of a proxy, and does it allow this client?";
    private const string WantsCredentials = " It wants credentials, or others than it was given: give them as the proxy credential.";
    private const string HttpProxy = "http://proxy:3128/";
    private const string HttpsProxy = "https://proxy:3128/";
    private const string SpeaksTls =
        " Does the server speak TLS on this port (else try ws://), and do both sides allow a common TLS version?";

    private static readonly Uri s_uri = new("wss://server:81/p");
    private static readonly string s_peer = PeerText.Name(s_uri);
    private readonly X509Certificate2 _certificate = HandshakeInput.SelfSigned();

    public void Dispose() => _certificate.Dispose();

    // What the framework says, with the errors of sockets by their number; what is told; and its HRESULT.
    public static TheoryData<HttpRequestError, int, string, int> OnTheDirectWay() => new()
    {
        { HttpRequestError.Unknown, 0, NotWebSocket + "its answer is not an HTTP response" + IsEndpoint, HResults.InvalidServerResponse },
        {
            HttpRequestError.ConfigurationLimitExceeded,
            0,
            NotWebSocket + "its answer has more than 64 KiB of headers" + IsEndpoint,
            HResults.InvalidServerResponse
        },
        { HttpRequestError.VersionNegotiationError, 0, NoHttp2, HResults.InvalidServerResponse },
        { HttpRequestError.ExtendedConnectNotSupported, 0, NoHttp2, HResults.InvalidServerResponse },
        {
            HttpRequestError.UserAuthenticationError,
            0,
            "{peer} and this client could not agree on how to authenticate.",
            HResults.FromHttpStatus(401)
        },
        { HttpRequestError.ConnectionError, 0, @"Cannot connect to {peer}: innermost \e[2J.", HResults.CannotConnect },
        { HttpRequestError.ResponseEnded, 0, "{peer} " + Closed, HResults.ConnectionAborted },
        { HttpRequestError.Unknown, (int)SocketError.Shutdown, "{peer} " + Closed, HResults.ConnectionAborted },
        { HttpRequestError.Unknown, (int)SocketError.ConnectionReset, "{peer} " + WasReset, HResults.ConnectionReset },
        { HttpRequestError.Unknown, (int)SocketError.ConnectionAborted, "{peer} " + WasReset, HResults.ConnectionReset },
        { HttpRequestError.Unknown, (int)SocketError.NotConnected, "{peer} " + WasReset, HResults.ConnectionReset },
        {
            HttpRequestError.SecureConnectionError,
            0,
            @"The TLS handshake with {peer} failed: innermost \e[2J." + SpeaksTls,
            HResults.SecureChannel
        },
        {
            HttpRequestError.SecureConnectionError,
            (int)SocketError.ConnectionReset,
            "{peer} reset the connection during the TLS handshake." + SpeaksTls,
            HResults.ConnectionReset
        },
    };

    [Theory]
    [MemberData(nameof(OnTheDirectWay))]
    public void A_failure_of_the_server_is_told_as_what_it_is(HttpRequestError error, int socketError, string message, int hresult)
    {
        HttpRequestException cause = Cause(error, socketError);
        Expect(message, hresult, cause, Failure(HandshakeInput.Settings()).FromHttp(cause));
    }

    [Fact]
    public void The_end_of_an_answer_is_found_in_what_lies_below()
    {
        HttpRequestException cause =
            new(HttpRequestError.Unknown, "outer", new HttpIOException(HttpRequestError.ResponseEnded, "inner", new FormatException()));
        Expect("{peer} " + Closed, HResults.ConnectionAborted, cause, Failure(HandshakeInput.Settings()).FromHttp(cause));
    }

    public static TheoryData<HttpRequestError, int, string, int> ThroughAProxy() => new()
    {
        {
            HttpRequestError.Unknown,
            0,
            "Cannot connect to {peer}: the answer of the proxy {proxy} is not an HTTP response." + IsProxy,
            HResults.InvalidServerResponse
        },
        {
            HttpRequestError.ConfigurationLimitExceeded,
            0,
            "Cannot connect to {peer}: the answer of the proxy {proxy} has more than 64 KiB of headers.",
            HResults.InvalidServerResponse
        },
        {
            HttpRequestError.ProxyTunnelError,
            0,
            @"Cannot connect to {peer} through the proxy {proxy}: innermost \e[2J.",
            HResults.CannotConnect
        },
        {
            HttpRequestError.ConnectionError,
            0,
            @"Cannot connect to {peer} through the proxy {proxy}: innermost \e[2J.",
            HResults.CannotConnect
        },
        {
            HttpRequestError.Unknown,
            (int)SocketError.ConnectionReset,
            "Cannot connect to {peer}: the proxy {proxy} reset the connection." + IsProxy,
            HResults.ConnectionReset
        },
        {
            HttpRequestError.ResponseEnded,
            0,
            "Cannot connect to {peer}: the proxy {proxy} closed the connection without an answer." + IsProxy,
            HResults.ConnectionAborted
        },
        {
            HttpRequestError.SecureConnectionError,
            0,
            @"The TLS handshake with {peer} through the proxy {proxy} failed: innermost \e[2J." + SpeaksTls,
            HResults.SecureChannel
        },
    };

    [Theory]
    [MemberData(nameof(ThroughAProxy))]
    public void A_failure_of_a_proxy_is_told_as_that(HttpRequestError error, int socketError, string message, int hresult)
    {
        HttpRequestException cause = Cause(error, socketError);
        Expect(message, hresult, cause, Failure(HandshakeInput.Settings(), HttpProxy).FromHttp(cause));
    }

    [Theory]
    [InlineData(407, 407, WantsCredentials)]
    [InlineData(401, 407, WantsCredentials)]
    [InlineData(403, 403, " Does the proxy allow this address, and does it reach it?")]
    public void What_a_proxy_answers_is_no_answer_of_the_server(int status, int meaning, string advice)
    {
        HttpRequestException cause = new("x", null, (HttpStatusCode)status);
        MessageWebSocketException failure = Failure(HandshakeInput.Settings(), HttpProxy).FromHttp(cause);
        string message = $"Cannot connect to {{peer}}: the proxy {{proxy}} answered {status}.{advice}";
        Expect(message, HResults.FromHttpStatus(meaning), cause, failure);
        Assert.Equal((HttpStatusCode)status, failure.HttpStatusCode);
    }

    [Fact]
    public void What_breaks_off_HTTP_2_is_told_with_what_the_framework_knows_of_it()
    {
        HandshakeSettings settings = HandshakeInput.Settings() with { HttpVersion = HttpVersion.Version20 };
        HttpRequestException broken = new(HttpRequestError.Unknown, "outer", new HttpProtocolException(13, "It is broken.", null));
        HttpRequestException silent = new(HttpRequestError.Unknown, "outer", new IOException("inner"));
        const string Use = "{peer} does not offer WebSockets over HTTP/2 (RFC 8441): {why}. Use HTTP 1.1, the default.";
        Expect(
            Use.Replace("{why}", "It is broken", StringComparison.Ordinal),
            HResults.InvalidServerResponse,
            broken,
            Failure(settings).FromHttp(broken));
        Expect(
            Use.Replace("{why}", "it did not answer as HTTP/2 has it", StringComparison.Ordinal),
            HResults.InvalidServerResponse,
            silent,
            Failure(settings).FromHttp(silent));
    }

    public static TheoryData<string?, int, string, int> WithoutAConnection() => new()
    {
        {
            null,
            (int)SocketError.ConnectionRefused,
            "Cannot connect to {peer}: connection refused (10.0.0.1:81). Is the server running and the port right?",
            HResults.CannotConnect
        },
        {
            HttpProxy,
            (int)SocketError.ConnectionRefused,
            "Cannot connect to {peer} through the proxy {proxy}: connection refused (10.0.0.1:81). "
                + "Is the proxy running and the port right?",
            HResults.CannotConnect
        },
        {
            null,
            (int)SocketError.HostUnreachable,
            "Cannot connect to {peer}: {system} (10.0.0.1:81). Is the address right, and is there a way to it from this machine?",
            HResults.CannotConnect
        },
        {
            null,
            (int)SocketError.ConnectionReset,
            "{peer} reset the connection during the handshake. Does it allow this client?",
            HResults.ConnectionReset
        },
        {
            HttpProxy,
            (int)SocketError.ConnectionReset,
            "{peer} through the proxy {proxy} reset the connection during the handshake. Does it allow this client?",
            HResults.ConnectionReset
        },
    };

    [Theory]
    [MemberData(nameof(WithoutAConnection))]
    public void A_transport_that_did_not_come_about_is_told_with_what_was_tried(string? proxy, int error, string message, int hresult)
    {
        SocketException refused = new(error);
        TransportConnector transport = new(HandshakeInput.Settings(), new HandshakeFindings());
        SetFailure(transport, new TransportFailure("server:81", ["10.0.0.1:81"], refused, IsNameResolution: false));
        HttpRequestException cause = new(HttpRequestError.ConnectionError, "outer", refused);
        MessageWebSocketException failure = Failure(HandshakeInput.Settings(), proxy, transport: transport).FromHttp(cause);
        Expect(message.Replace("{system}", refused.Message, StringComparison.Ordinal), hresult, cause, failure);
    }

    [Fact]
    public void A_certificate_of_a_proxy_is_not_taken_for_that_of_the_server()
    {
        HandshakeSettings settings = HandshakeInput.Settings() with
        {
            IgnorableServerCertificateErrors = [ChainValidationResult.InvalidName],
        };
        TlsHandshake tls = new(settings, new HandshakeFindings(), isEntrusted: true);
        HandshakeFailure failure = Failure(settings, HttpsProxy, tls);
        RemoteCertificateValidationCallback validate = tls.CreateOptions(s_uri).RemoteCertificateValidationCallback!;
        Assert.False(validate(
            this, _certificate, null, SslPolicyErrors.RemoteCertificateNameMismatch | SslPolicyErrors.RemoteCertificateNotAvailable));
        HttpRequestException cause = Cause(HttpRequestError.SecureConnectionError, 0);
        Expect(
            "Cannot connect to {peer}. The certificate of the proxy {proxy} is not valid: InvalidName, OtherErrors. "
                + "What is ignored for the server is not for a proxy; a root of its own can be given as TrustedRoots.",
            HResults.SecureChannel,
            cause,
            failure.FromHttp(cause),
            HttpsProxy);
    }

    [Theory]
    [InlineData(
        "",
        "{peer} was offered no subprotocol, and RequireSubProtocol asks for one: what looks like a token is not offered to "
            + "another origin that a redirect leads to.")]
    [InlineData(
        "one,bearer-1234567890",
        "{peer} agreed to none of the subprotocols offered (one, bearer-...), and RequireSubProtocol asks for one.")]
    public void A_subprotocol_that_is_missing_is_told_with_what_was_offered(string offered, string message)
    {
        MessageWebSocketException failure = Failure(HandshakeInput.Settings())
            .NoProtocolAgreed(offered.Split(',', StringSplitOptions.RemoveEmptyEntries));
        Expect(message, HResults.InvalidServerResponse, null, failure);
        Assert.True(failure.IsSubProtocolRefused);
    }

    [Theory]
    [InlineData(0, HResults.SecureChannel)]
    [InlineData((int)SocketError.ConnectionReset, HResults.ConnectionReset)]
    public void TLS_with_a_proxy_is_told_as_that(int socketError, int hresult)
    {
        HttpRequestException cause = Cause(HttpRequestError.SecureConnectionError, socketError);
        string innermost = PeerText.Clean((cause.InnerException!.InnerException ?? cause.InnerException).Message.TrimEnd('.'));
        string message = $"Cannot connect to {{peer}}. The TLS handshake with the proxy {{proxy}} failed: {innermost}. "
            + "Does the proxy speak TLS on this port (else name it as http://)?";
        Expect(message, hresult, cause, Failure(HandshakeInput.Settings(), HttpsProxy).FromHttp(cause), HttpsProxy);
    }

    [Theory]
    [InlineData(false, "The server asks for a client certificate: give it as ClientCertificate.")]
    [InlineData(true, "The server asks for a client certificate; does it accept the one it was given?")]
    public void A_server_that_asks_for_a_certificate_is_told_as_that_whatever_it_did_then(bool hasCertificate, string advice)
    {
        HandshakeSettings settings = HandshakeInput.Settings() with { ClientCertificate = hasCertificate ? _certificate : null };
        TlsHandshake tls = new(settings, new HandshakeFindings(), isEntrusted: true);
        Assert.Equal((hasCertificate, false), (tls.HasClientCertificate, tls.AsksForClientCertificate));
        tls.NoteCertificateRequest();
        Assert.True(tls.AsksForClientCertificate);
        HttpRequestException cause = Cause(HttpRequestError.Unknown, (int)SocketError.ConnectionReset);
        string reset = PeerText.Clean(cause.InnerException!.Message.TrimEnd('.'));
        Expect(
            $"The TLS handshake with {{peer}} failed: {reset}. {advice}",
            HResults.SecureChannel,
            cause,
            Failure(settings, tls: tls).FromHttp(cause));
    }

    [Theory]
    [InlineData(false, null, "no WebSocket within 1.5 s. Is a firewall or proxy in between, or is the server too busy?")]
    [InlineData(
        true,
        null,
        "TLS stands, but ServerCustomValidationRequested was not done with the certificate within 1.5 s. "
            + "Does a handler block, or is there a deferral that nobody completes?")]
    [InlineData(
        false,
        "proxy:1",
        "the proxy proxy:1 took the connection and said nothing within 1.5 s. Is this the address of a proxy of that kind, "
            + "and does it reach the server?")]
    public void A_timeout_says_what_was_waited_for(bool waitsForJudgement, string? silentProxy, string why)
    {
        HandshakeFindings findings = new() { WaitsForJudgement = waitsForJudgement, SilentProxy = silentProxy };
        OperationCanceledException cause = new();
        MessageWebSocketException failure = HandshakeFailure.ConnectTimeout(s_uri, TimeSpan.FromSeconds(1.5), findings, cause);
        Expect($"Cannot connect to {{peer}}: {why} Raise ConnectTimeout to wait longer.", HResults.Timeout, cause, failure);
    }

    // A refusal, as its number, and what it is told as.
    public static TheoryData<int, ChainValidationResult[], string, int> Certificates() => new()
    {
        {
            (int)CertificateRefusal.Pin,
            [],
            "matches none of the pinned SHA-256 hashes{names}. If the server changed its certificate, pin the new one.",
            HResults.CertificateInvalid
        },
        { (int)CertificateRefusal.Handler, [], "was rejected by the custom validation{names}.", HResults.CertificateInvalid },
        {
            (int)CertificateRefusal.Errors,
            [ChainValidationResult.InvalidName],
            "is for another name{names}. To connect all the same, ignore: InvalidName.",
            HResults.CertificateName
        },
        {
            (int)CertificateRefusal.Errors,
            [ChainValidationResult.Untrusted, ChainValidationResult.IncompleteChain],
            "has several errors: Untrusted, IncompleteChain{names}. To connect all the same, ignore: Untrusted, IncompleteChain.",
            HResults.CertificateAuthority
        },
        {
            (int)CertificateRefusal.Errors,
            [ChainValidationResult.Untrusted, ChainValidationResult.InvalidName],
            "has several errors: Untrusted, InvalidName{names}. To connect all the same, ignore: Untrusted, InvalidName.",
            HResults.CertificateInvalid
        },
        {
            (int)CertificateRefusal.Errors,
            [ChainValidationResult.Untrusted],
            "does not lead to a root that is trusted here{names}. To connect all the same, ignore: Untrusted.",
            HResults.CertificateAuthority
        },
        {
            (int)CertificateRefusal.Errors,
            [ChainValidationResult.IncompleteChain],
            "does not lead to a trusted root: an intermediate or root certificate is missing{names}. "
                + "To connect all the same, ignore: IncompleteChain.",
            HResults.CertificateAuthority
        },
        {
            (int)CertificateRefusal.Errors,
            [ChainValidationResult.WrongUsage],
            "is not meant for a server{names}. To connect all the same, ignore: WrongUsage.",
            HResults.CertificateInvalid
        },
    };

    [Theory]
    [MemberData(nameof(Certificates))]
    public void A_certificate_that_was_refused_is_named_with_the_reason(
        int refusal, ChainValidationResult[] errors, string what, int hresult)
    {
        foreach (X509Certificate2? certificate in (X509Certificate2?[])[null, _certificate])
        {
            HandshakeFindings findings = new()
            {
                ServerCertificates = certificate is null ? null : new ServerCertificates(certificate, null),
                ServerCertificateErrors = errors,
            };
            AuthenticationException cause = new();
            TlsHandshake tls = new(HandshakeInput.Settings(), findings, isEntrusted: true);
            MessageWebSocketException failure = new CertificateFailure(s_uri, tls, findings, cause).Tell((CertificateRefusal)refusal);
            string names = certificate is null ? "" : " (CN=test, issued by CN=test)";
            string message = what.Replace("{names}", names, StringComparison.Ordinal);
            Expect($"The certificate of server {message}", hresult, cause, failure);
            Assert.Equal(StatusOf(errors) ?? WebErrorStatus.CertificateIsInvalid, failure.Status);
        }
    }

    private static WebErrorStatus? StatusOf(ChainValidationResult[] errors) => errors switch
    {
        [ChainValidationResult.InvalidName] => WebErrorStatus.CertificateCommonNameIsIncorrect,
        [_, ChainValidationResult.InvalidName] => WebErrorStatus.CertificateContainsErrors,
        [ChainValidationResult.WrongUsage] => WebErrorStatus.CertificateContainsErrors,
        _ => null,
    };

    private static void Expect(
        string message, int hresult, Exception? cause, MessageWebSocketException failure, string proxy = HttpProxy)
    {
        string expected = message.Replace("{peer}", s_peer, StringComparison.Ordinal)
            .Replace("{proxy}", PeerText.Name(new Uri(proxy)), StringComparison.Ordinal);
        Assert.Equal((expected, hresult), (failure.Message, failure.HResult));
        Assert.Equal((s_uri, cause), (failure.PeerUri, failure.InnerException));
    }

    private static HttpRequestException Cause(HttpRequestError error, int socketError) => new(
        error,
        "outer",
        socketError == 0 ? new IOException("middle", new FormatException("innermost \u001b[2J.")) : new SocketException(socketError));

    private static HandshakeFailure Failure(
        HandshakeSettings settings, string? proxy = null, TlsHandshake? tls = null, TransportConnector? transport = null)
    {
        HandshakeFindings findings = new();
        ConnectionRoute route = new(s_uri, settings);
        tls ??= new TlsHandshake(settings, findings, isEntrusted: true);
        if (proxy is not null)
        {
            route.BeginTransport(new DnsEndPoint("proxy", 3128), new Uri(proxy));
            tls.BeginTransport(route.IsProxySecure);
        }

        return new HandshakeFailure(
            settings, findings, s_uri, transport ?? new TransportConnector(settings, findings), route, tls);
    }

    // No address of this machine resets a connection before it stands, or is out of reach.
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_Failure")]
    private static extern void SetFailure(TransportConnector transport, TransportFailure failure);
}
