using System.Diagnostics;
using System.Net;
using System.Net.Http;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace MessageWebSockets.Handshake;

/// <summary>
/// One request for an upgrade at one address, through the framework's HTTP handler, which brings TLS, proxies and authentication.
/// </summary>
/// <param name="settings">The settings of the connect.</param>
/// <param name="findings">Where what it finds is written.</param>
/// <param name="uri">The address.</param>
/// <param name="isEntrusted">False at an address that a redirect from another origin led to: it gets no credential, no client
/// certificate and none of the user's headers, and its certificate no leniency.</param>
internal sealed class HandshakeAttempt(HandshakeSettings settings, HandshakeFindings findings, Uri uri, bool isEntrusted)
{
    private const int MaxResponseHeaderKilobytes = 64;

    private readonly TransportConnector _transport = new(settings, findings);
    private readonly TlsHandshake _tls = new(settings, findings, isEntrusted);
    private readonly ConnectionRoute _route = new(uri, settings);
    private TimeSpan? _tlsTime;
    private TimeSpan? _upgradeTime;
    private long _requestSentAt;
    private bool _isQuestion;
    private TaskCompletionSource<Stream>? _taken;
    private UpgradeStream? _upgrade;

    // A SOCKS proxy has to answer as well before the server is spoken with.
    private string? SilentProxy => _transport.Newest is { FirstByte: null } && !_route.IsServerAsked ? _route.Proxy : null;

    private HandshakeFailure Failure => new(settings, findings, uri, _transport, _route, _tls);

    // The framework tells of a TLS handshake only when it is over, and one whose certificate is refused never is.
    private TimeSpan? TimeToRefusal => _tls.Refusal != CertificateRefusal.None && _tls.JudgedAt != 0
        ? Stopwatch.GetElapsedTime(_transport.OpenedAt, _tls.JudgedAt)
        : null;

    public ConnectTimings Timings(TimeSpan total) =>
        new(_transport.NameResolution, _transport.Tcp, _tlsTime ?? TimeToRefusal, _upgradeTime, total);

    /// <summary>Whether it failed in a way that may be for want of a client certificate, and would not have noticed.</summary>
    public bool MayHaveMissedCertificateRequest(MessageWebSocketException failure) =>
        _tls is { MayResume: true, Refusal: CertificateRefusal.None } && _transport.OpenedAt != 0 && findings.StatusCode is null
        && failure.Status is WebErrorStatus.CannotConnect or WebErrorStatus.ConnectionAborted or WebErrorStatus.ConnectionReset;

    /// <summary>
    /// Finds out, on a connection of its own and without the request, whether the server asks for a client certificate, for the failure
    /// of this attempt, which could not notice. The request went out once, and may have been read.
    /// </summary>
    /// <returns>The failure as it is to be told.</returns>
    public async Task<MessageWebSocketException> ExplainAsync(MessageWebSocketException failure, CancellationToken cancellationToken)
    {
        if (failure.InnerException is not HttpRequestException cause)
        {
            return failure;
        }

        HandshakeAttempt question =
            new(settings with { CustomValidation = null }, new HandshakeFindings(), uri, isEntrusted) { _isQuestion = true };
        try
        {
            await question.RunAsync(mayRedirect: false, cancellationToken).ConfigureAwait(false);
        }
        catch (MessageWebSocketException)
        {
            // It always ends so; what it met is what counts.
        }

        if (!question._tls.AsksForClientCertificate)
        {
            return failure;
        }

        _tls.NoteCertificateRequest();
        return Failure.FromHttp(cause);
    }

    /// <param name="mayRedirect">Whether a redirect may still be followed.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="MessageWebSocketException">The attempt failed; the findings hold what is known.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<HandshakeOutcome> RunAsync(bool mayRedirect, CancellationToken cancellationToken)
    {
        findings.Forget();
        findings.OfferedProtocols = settings.Protocols;

        // The framework goes on connecting for a while after its request was given up; with this it ends at once.
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        SocketsHttpHandler handler = CreateHandler(ended.Token);
        HttpResponseMessage? response = null;
        HandshakeOutcome outcome = default;
        try
        {
            string key = HandshakeRequest.CreateKey();
            using HttpRequestMessage request = HandshakeRequest.Create(settings, uri, key, isEntrusted);
            response = await SendAsync(handler, request, cancellationToken).ConfigureAwait(false);
            outcome = await ReadAsync(response, handler, key, mayRedirect, cancellationToken).ConfigureAwait(false);
            return outcome;
        }
        finally
        {
            _tls.EndAttempt(uri, hasAnswer: response is not null);
            if (outcome.Opened is null)
            {
                findings.SilentProxy = SilentProxy;
                await ended.CancelAsync().ConfigureAwait(false);
                response?.Dispose();
                handler.Dispose();
                _transport.Abort();
            }
        }
    }

    /// <summary>
    /// Opens a connection as for the request, proxies and TLS included, and hands it over in place of sending that: for requests and frames
    /// that this library would not write.
    /// </summary>
    /// <exception cref="MessageWebSocketException">There is no connection; the findings hold what is known.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<BareConnection> OpenAsync(CancellationToken cancellationToken)
    {
        findings.Forget();
        _taken = new TaskCompletionSource<Stream>(TaskCreationOptions.RunContinuationsAsynchronously);
        CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        SocketsHttpHandler handler = CreateHandler(ended.Token);
        HttpRequestMessage request = HandshakeRequest.Create(settings, uri, HandshakeRequest.CreateKey(), isEntrusted);
        Task<HttpResponseMessage> asking = SendAsync(handler, request, ended.Token);
        if (await Task.WhenAny(_taken.Task, asking).ConfigureAwait(false) == _taken.Task)
        {
            return new BareConnection(await _taken.Task.ConfigureAwait(false), _transport.Newest!, findings, handler, asking, ended);
        }

        try
        {
            using HttpResponseMessage unasked = await asking.ConfigureAwait(false);
            throw Failure.InvalidResponse("it answered before it was asked");
        }
        finally
        {
            findings.SilentProxy = SilentProxy;
            await ended.CancelAsync().ConfigureAwait(false);
            handler.Dispose();
            _transport.Abort();
            ended.Dispose();
        }
    }

    private async Task<HttpResponseMessage> SendAsync(
        SocketsHttpHandler handler, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using HttpMessageInvoker invoker = new(handler, disposeHandler: false);
        try
        {
            HttpResponseMessage response = await invoker.SendAsync(request, cancellationToken).ConfigureAwait(false);
            long sentAt = _requestSentAt != 0 ? _requestSentAt : _transport.OpenedAt;
            _upgradeTime = sentAt != 0 ? Stopwatch.GetElapsedTime(sentAt) : null;
            return response;
        }
        catch (HttpRequestException e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw Failure.FromHttp(e);
        }
        catch (HttpIOException e)
        {
            // As the framework tells of an HTTP/2 connection that broke before there was a request on it.
            cancellationToken.ThrowIfCancellationRequested();
            throw Failure.FromHttp(new HttpRequestException(e.HttpRequestError, e.Message, e));
        }
        catch (SocketException e)
        {
            // The framework asks a new socket for its peer, and lets out what it answers when that peer has reset it meanwhile.
            cancellationToken.ThrowIfCancellationRequested();
            throw Failure.FromHttp(new HttpRequestException(HttpRequestError.ConnectionError, e.Message, e));
        }
    }

    private async Task<HandshakeOutcome> ReadAsync(
        HttpResponseMessage message, SocketsHttpHandler handler, string key, bool mayRedirect, CancellationToken cancellationToken)
    {
        HandshakeResponse response = new(message);
        findings.ResponseUri = uri;
        findings.StatusCode = message.StatusCode;
        findings.Headers = response.Headers();
        bool isHttp2 = settings.HttpVersion == HttpVersion.Version20;
        if (message.StatusCode == (isHttp2 ? HttpStatusCode.OK : HttpStatusCode.SwitchingProtocols))
        {
            return new HandshakeOutcome(Accept(message, response, handler, isHttp2 ? null : key), null);
        }

        Redirection redirection = Redirection.Of(uri, message);
        if (redirection.Target is not null && mayRedirect)
        {
            return new HandshakeOutcome(null, redirection.Target);
        }

        AnswerBody body = await AnswerBody.ReadAsync(message.Content, cancellationToken).ConfigureAwait(false);
        ResponseFailure refused = new(settings, findings.Headers, uri, message, body);
        throw redirection.Target is not null && settings.MaximumRedirection > 0
            ? refused.TooManyRedirects(redirection.Target)
            : refused.Tell(redirection);
    }

    private OpenedConnection Accept(HttpResponseMessage message, HandshakeResponse response, SocketsHttpHandler handler, string? key)
    {
        try
        {
            if (key is not null)
            {
                response.CheckUpgrade(key);
            }

            string? protocol = response.AgreedProtocol(settings.Protocols);
            if (protocol is null && settings.RequiresProtocol)
            {
                throw Failure.NoProtocolAgreed(settings.Protocols);
            }

            findings.Compression = response.AgreedCompression(settings.Compression);
            findings.Protocol = protocol ?? "";
            _route.End();
            Stream? taken = _upgrade?.TakeOver();
            if (taken is not null)
            {
                // It knows the connection no more: of the answer nothing was disposed of.
                handler.Dispose();
            }

            return new OpenedConnection(
                taken ?? message.Content.ReadAsStream(), taken is null ? handler : null, protocol, findings.Compression)
            {
                Transport = _transport.Newest,
                IsHttp2 = key is null,
            };
        }
        catch (FormatException e)
        {
            throw Failure.InvalidResponse(PeerText.Clean(e.Message));
        }
    }

    private SocketsHttpHandler CreateHandler(CancellationToken ended)
    {
        SocketsHttpHandler handler = new()
        {
            AllowAutoRedirect = false,
            UseCookies = settings.Cookies is not null,
            Credentials = isEntrusted ? settings.ServerCredential : null,
            UseProxy = settings.UseProxy && settings.UnixSocketPath is null,
            MaxResponseHeadersLength = MaxResponseHeaderKilobytes,
            ConnectTimeout = Timeout.InfiniteTimeSpan,
            ActivityHeadersPropagator = null,
            SslOptions = _tls.CreateOptions(uri),
            ConnectCallback = (context, _) => ConnectAsync(context, ended),
            PlaintextStreamFilter = (context, _) => FilterAsync(context, ended),
        };
        if (settings.Cookies is not null)
        {
            if (settings.Cookies.GetCookieHeader(uri).AsSpan().ContainsAnyExceptInRange('\0', '\u00FF'))
            {
                throw Failure.UnsendableCookie();
            }

            // As they came: in an answer, each byte is a character.
            handler.CookieContainer = settings.Cookies;
            handler.RequestHeaderEncodingSelector = static (name, _) => name == "Cookie" ? Encoding.Latin1 : null;
        }

        if (settings.Proxy is not null)
        {
            handler.Proxy = new WebProxy(settings.Proxy) { Credentials = settings.ProxyCredential };
        }
        else
        {
            handler.DefaultProxyCredentials = settings.ProxyCredential;
        }

        return handler;
    }

    private ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        Uri request = context.InitialRequestMessage.RequestUri!;
        if (!_route.AllowsConnection(request))
        {
            throw _transport.EndWithoutAnswer();
        }

        _route.BeginTransport(context.DnsEndPoint, request);
        _tls.BeginTransport(_route.IsProxySecure);
        return _transport.ConnectAsync(context.DnsEndPoint, cancellationToken);
    }

    // Runs once a connection stands, TLS and proxy tunnel included, and before a request is written: ours, or the one for the tunnel.
    private async ValueTask<Stream> FilterAsync(SocketsHttpPlaintextStreamFilterContext context, CancellationToken cancellationToken)
    {
        HttpRequestMessage request = context.InitialRequestMessage;
        if (ConnectionRoute.IsForProxy(request.RequestUri!))
        {
            return _route.BeginRequest(request.RequestUri!, context.PlaintextStream);
        }

        if (context.PlaintextStream is SslStream stream)
        {
            _tlsTime = Stopwatch.GetElapsedTime(_transport.OpenedAt);
            findings.TlsProtocol = stream.SslProtocol;
            await _tls.RequestCustomValidationAsync(cancellationToken).ConfigureAwait(false);
        }

        if (_isQuestion)
        {
            throw new IOException("The question is answered.");
        }

        if (_taken is not null)
        {
            _taken.TrySetResult(context.PlaintextStream);
            return new WithheldStream();
        }

        HandshakeRequest.AddHost(request, settings, isEntrusted);
        _requestSentAt = Stopwatch.GetTimestamp();

        // An HTTP/2 connection carries the WebSocket as one of its streams.
        _upgrade = settings.HttpVersion == HttpVersion.Version20 ? null : new UpgradeStream(context.PlaintextStream);
        return _route.BeginRequest(request.RequestUri!, _upgrade ?? context.PlaintextStream);
    }
}
