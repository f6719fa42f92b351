using System.Diagnostics;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace MessageWebSockets;

/// <summary>
/// One connect: the HTTP upgrade of RFC 6455 section 4, or the extended CONNECT of RFC 8441, with its redirects, through the
/// framework's HTTP handler, which brings TLS, proxies and authentication.
/// </summary>
internal sealed class OpeningHandshake(
    MessageWebSocketControl control,
    MessageWebSocketInformation information,
    RequestHeaders requestHeaders,
    Func<WebSocketServerCustomValidationRequestedEventArgs, CancellationToken, Task>? customValidation)
{
    private const int MaxBodyBytes = 64 * 1024;
    private const int MaxResponseHeaderKilobytes = 64;
    private static readonly TimeSpan BodyPatience = TimeSpan.FromSeconds(2);

    // RFC 6455 section 1.3
    private static readonly byte[] AcceptGuid = Encoding.ASCII.GetBytes("258EAFA5-E914-47DA-95CA-C5AB0DC85B11");

    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly string[] _offeredProtocols = [.. control.SupportedProtocols];

    private TransportConnector _transport = new(control, information);
    private TimeSpan? _tls;
    private TimeSpan? _upgrade;
    private long _requestSentAt;
    private bool _certificateRefused;

    /// <summary>What may follow a token of a connect that ended: the exception with its status, never with a secret.</summary>
    private HandshakeFailure Failure(Uri uri) => new(uri, control, information, _transport, _certificateRefused);

    /// <exception cref="MessageWebSocketException">The connect failed; Information holds what is known.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; also for the connect timeout.</exception>
    public async Task<OpenedConnection> RunAsync(Uri uri, CancellationToken cancellationToken)
    {
        try
        {
            Uri current = uri;
            bool crossedHosts = false;
            for (int redirects = 0; ; redirects++)
            {
                (OpenedConnection? opened, Uri? redirect) = await AttemptAsync(current, crossedHosts, cancellationToken).ConfigureAwait(false);
                if (opened is not null)
                {
                    return opened;
                }

                if (redirects >= control.MaximumRedirection)
                {
                    throw Failure(uri).TooManyRedirects(control.MaximumRedirection);
                }

                crossedHosts |= !IsSameOrigin(current, redirect!);
                current = redirect!;
            }
        }
        finally
        {
            information.ConnectTimings = new ConnectTimings(_transport.NameResolution, _transport.Tcp, _tls, _upgrade, Stopwatch.GetElapsedTime(_started));
        }
    }

    // Scheme included: what was entrusted to wss must not go to ws of the same host.
    private static bool IsSameOrigin(Uri a, Uri b) =>
        a.Scheme == b.Scheme && a.Port == b.Port && a.IdnHost.Equals(b.IdnHost, StringComparison.OrdinalIgnoreCase);

    private async Task<(OpenedConnection? Opened, Uri? Redirect)> AttemptAsync(Uri uri, bool crossedHosts, CancellationToken cancellationToken)
    {
        _transport = new TransportConnector(control, information);
        _tls = null;
        _upgrade = null;
        _requestSentAt = 0;
        SocketsHttpHandler handler = CreateHandler(uri, crossedHosts);
        HttpResponseMessage? response = null;
        bool keep = false;
        try
        {
            string key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(16));
            using HttpRequestMessage request = CreateRequest(uri, key, crossedHosts);
            using HttpMessageInvoker invoker = new(handler, disposeHandler: false);
            try
            {
                response = await invoker.SendAsync(request, cancellationToken).ConfigureAwait(false);
            }
            catch (HttpRequestException e)
            {
                cancellationToken.ThrowIfCancellationRequested();
                throw Failure(uri).FromHttp(e);
            }

            long sent = _requestSentAt != 0 ? _requestSentAt : _transport.OpenedAt;
            _upgrade = sent != 0 ? Stopwatch.GetElapsedTime(sent) : null;
            information.HandshakeStatusCode = response.StatusCode;
            information.HandshakeHeaders = ResponseHeadersOf(response);
            HttpStatusCode success = control.HttpVersion == HttpVersion.Version20 ? HttpStatusCode.OK : HttpStatusCode.SwitchingProtocols;
            if (response.StatusCode != success)
            {
                if (control.MaximumRedirection > 0 && RedirectTarget(uri, response) is { } target)
                {
                    return (null, target);
                }

                string body = await ReadBodyAsync(response, cancellationToken).ConfigureAwait(false);
                throw Failure(uri).FromResponse(response, body);
            }

            OpenedConnection opened = Accept(uri, response, handler, key);
            keep = true;
            return (opened, null);
        }
        finally
        {
            if (!keep)
            {
                response?.Dispose();
                handler.Dispose();
            }
        }
    }

    private SocketsHttpHandler CreateHandler(Uri uri, bool crossedHosts)
    {
        SocketsHttpHandler handler = new()
        {
            AllowAutoRedirect = false,
            UseCookies = control.Cookies is not null,
            Credentials = crossedHosts ? null : control.ServerCredential,
            UseProxy = control.UseProxy && control.UnixSocketPath is null,
            MaxResponseHeadersLength = MaxResponseHeaderKilobytes,
            ConnectTimeout = Timeout.InfiniteTimeSpan,
            ActivityHeadersPropagator = null,
            ConnectCallback = (context, token) => _transport.ConnectAsync(context.DnsEndPoint, token),
            PlaintextStreamFilter = FilterAsync,
        };
        if (control.Cookies is not null)
        {
            handler.CookieContainer = control.Cookies;
        }

        if (control.Proxy is not null)
        {
            handler.Proxy = new WebProxy(control.Proxy) { Credentials = control.ProxyCredential };
        }
        else
        {
            handler.DefaultProxyCredentials = control.ProxyCredential;
        }

        if (uri.Scheme == Uri.UriSchemeWss)
        {
            handler.SslOptions = CreateSslOptions(crossedHosts);
        }

        return handler;
    }

    private SslClientAuthenticationOptions CreateSslOptions(bool crossedHosts)
    {
        SslClientAuthenticationOptions options = new()
        {
            EnabledSslProtocols = control.SslProtocols,
            CertificateRevocationCheckMode = control.RevocationMode,
            RemoteCertificateValidationCallback = ValidateServerCertificate,
        };
        if (control.TrustedRoots is { Count: > 0 } roots)
        {
            options.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = control.RevocationMode,
                RevocationFlag = X509RevocationFlag.ExcludeRoot,
            };
            options.CertificateChainPolicy.CustomTrustStore.AddRange(roots);
            options.CertificateChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.1", "Server Authentication"));
        }

        if (control.ClientCertificate is { } certificate && !crossedHosts)
        {
            options.ClientCertificates = [certificate];
            options.LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate;
        }

        return options;
    }

    private bool ValidateServerCertificate(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors policyErrors)
    {
        // The TLS of an https:// proxy comes here as well: it is validated as the framework does and is not the server's.
        if (control.Proxy is { Scheme: "https" } proxy && sender is SslStream stream
            && stream.TargetHostName.Equals(proxy.IdnHost, StringComparison.OrdinalIgnoreCase) && information.ServerCertificate is null
            && !stream.TargetHostName.Equals(_serverHost, StringComparison.OrdinalIgnoreCase))
        {
            return policyErrors == SslPolicyErrors.None;
        }

        IReadOnlyList<ChainValidationResult> errors = ServerCertificateValidation.ErrorsOf(policyErrors, chain);
        information.ServerCertificateErrors = errors;
        information.ServerCertificateErrorSeverity = ServerCertificateValidation.SeverityOf(errors);
        if (certificate is null)
        {
            return false;
        }

        // Copies, because the framework disposes what it hands to this callback.
        X509Certificate2 server = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
        information.ServerCertificate = server;
        information.ServerIntermediateCertificates = IntermediatesOf(chain);
        if (control.PinnedCertificateSha256.Count > 0 && !CertificatePin.Matches(control.PinnedCertificateSha256, server))
        {
            _certificateRefused = true;
            return false;
        }

        return errors.All(control.IgnorableServerCertificateErrors.Contains);
    }

    private string _serverHost = "";

    private static List<X509Certificate2> IntermediatesOf(X509Chain? chain)
    {
        List<X509Certificate2> intermediates = [];
        for (int i = 1; i < (chain?.ChainElements.Count ?? 0); i++)
        {
            X509Certificate2 element = chain!.ChainElements[i].Certificate;
            bool isRoot = element.SubjectName.RawData.AsSpan().SequenceEqual(element.IssuerName.RawData);
            if (!isRoot)
            {
                intermediates.Add(X509CertificateLoader.LoadCertificate(element.RawData));
            }
        }

        return intermediates;
    }

    // Runs once the connection to the server stands, TLS and proxy tunnel included, and before the request is written.
    private async ValueTask<Stream> FilterAsync(SocketsHttpPlaintextStreamFilterContext context, CancellationToken cancellationToken)
    {
        bool isProxyTunnel = context.InitialRequestMessage.RequestUri?.Scheme is not ("ws" or "wss")
            || (context.InitialRequestMessage.Method == HttpMethod.Connect && context.InitialRequestMessage.Headers.Protocol is null);
        if (isProxyTunnel && control.HttpVersion != HttpVersion.Version20)
        {
            return context.PlaintextStream;
        }

        if (context.PlaintextStream is SslStream tls)
        {
            _tls = Stopwatch.GetElapsedTime(_transport.OpenedAt);
            information.TlsProtocol = tls.SslProtocol;
            if (customValidation is not null && information.ServerCertificate is not null)
            {
                WebSocketServerCustomValidationRequestedEventArgs args = new(information);
                await customValidation(args, cancellationToken).ConfigureAwait(false);
                if (args.IsRejected)
                {
                    _certificateRefused = true;
                    throw new System.Security.Authentication.AuthenticationException("The certificate was rejected.");
                }
            }
        }

        _requestSentAt = Stopwatch.GetTimestamp();
        return context.PlaintextStream;
    }

    private HttpRequestMessage CreateRequest(Uri uri, string key, bool crossedHosts)
    {
        _serverHost = uri.IdnHost;
        HttpRequestMessage request;
        if (control.HttpVersion == HttpVersion.Version20)
        {
            request = new HttpRequestMessage(HttpMethod.Connect, uri)
            {
                Version = HttpVersion.Version20,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            };
            request.Headers.Protocol = "websocket";
        }
        else
        {
            // The ws scheme stays in the request: rewritten to http it would lose its upgrade in an HTTP proxy.
            request = new HttpRequestMessage(HttpMethod.Get, uri)
            {
                Version = HttpVersion.Version11,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            };
            request.Headers.TryAddWithoutValidation("Connection", "Upgrade");
            request.Headers.TryAddWithoutValidation("Upgrade", "websocket");
            request.Headers.TryAddWithoutValidation("Sec-WebSocket-Key", key);
        }

        request.Headers.TryAddWithoutValidation("Sec-WebSocket-Version", "13");
        if (_offeredProtocols.Length > 0)
        {
            request.Headers.TryAddWithoutValidation("Sec-WebSocket-Protocol", string.Join(", ", _offeredProtocols));
        }

        if (control.Compression is { } compression)
        {
            request.Headers.TryAddWithoutValidation("Sec-WebSocket-Extensions", CompressionNegotiation.CreateOffer(compression));
        }

        foreach ((string name, string value) in requestHeaders.Values)
        {
            // Any header may carry a secret, and only some are known by name: another host gets none of them.
            if (!crossedHosts)
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return request;
    }

    private OpenedConnection Accept(Uri uri, HttpResponseMessage response, SocketsHttpHandler handler, string key)
    {
        HttpResponseHeaders headers = response.Headers;
        if (control.HttpVersion != HttpVersion.Version20)
        {
            if (!headers.Upgrade.Any(u => "websocket".Equals(u.Name, StringComparison.OrdinalIgnoreCase)))
            {
                throw Failure(uri).InvalidResponse("its 101 response lacks 'Upgrade: websocket'");
            }

            if (!headers.Connection.Any(c => "upgrade".Equals(c, StringComparison.OrdinalIgnoreCase)))
            {
                throw Failure(uri).InvalidResponse("its 101 response lacks 'Connection: Upgrade'");
            }

            string[] accepts = ValuesOf(headers, "Sec-WebSocket-Accept");
            if (accepts.Length != 1 || accepts[0].Trim() != AcceptFor(key))
            {
                throw Failure(uri).InvalidResponse(accepts.Length == 0
                    ? "its 101 response lacks Sec-WebSocket-Accept"
                    : "its Sec-WebSocket-Accept does not match the key that was sent");
            }
        }

        string? protocol = AcceptProtocol(uri, ValuesOf(headers, "Sec-WebSocket-Protocol"));
        WebSocketDeflateOptions? compression;
        try
        {
            compression = CompressionNegotiation.ReadAnswer(ValuesOf(headers, "Sec-WebSocket-Extensions"), control.Compression);
        }
        catch (FormatException e)
        {
            throw Failure(uri).InvalidResponse(e.Message);
        }

        information.Protocol = protocol ?? "";
        information.Compression = compression;
        return new OpenedConnection(response.Content.ReadAsStream(), handler, protocol, compression);
    }

    private string? AcceptProtocol(Uri uri, string[] values)
    {
        if (values.Length == 0)
        {
            return null;
        }

        string chosen = values[0].Trim();
        if (values.Length > 1 || chosen.Contains(','))
        {
            throw Failure(uri).InvalidResponse("it chose more than one subprotocol");
        }

        // Case-sensitive: RFC 6455 section 4.1 compares with the strings of the request.
        return _offeredProtocols.Contains(chosen, StringComparer.Ordinal)
            ? chosen
            : throw Failure(uri).InvalidResponse(_offeredProtocols.Length == 0
                ? $"it chose the subprotocol '{chosen}' and none was offered"
                : $"it chose the subprotocol '{chosen}', which is not one of those offered ({string.Join(", ", _offeredProtocols)})");
    }

    private static string AcceptFor(string key)
    {
        byte[] input = [.. Encoding.ASCII.GetBytes(key), .. AcceptGuid];
#pragma warning disable CA5350 // RFC 6455 section 4.2.2 prescribes SHA-1; nothing secret depends on it.
        return Convert.ToBase64String(SHA1.HashData(input));
#pragma warning restore CA5350
    }

    private static string[] ValuesOf(HttpResponseHeaders headers, string name) =>
        headers.TryGetValues(name, out IEnumerable<string>? values) ? [.. values] : [];

    private static Dictionary<string, IReadOnlyList<string>> ResponseHeadersOf(HttpResponseMessage response)
    {
        Dictionary<string, IReadOnlyList<string>> headers = new(StringComparer.OrdinalIgnoreCase);
        foreach ((string name, HeaderStringValues values) in response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated))
        {
            headers[name] = [.. values];
        }

        return headers;
    }

    private static Uri? RedirectTarget(Uri uri, HttpResponseMessage response)
    {
        if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308) || response.Headers.Location is not { } location)
        {
            return null;
        }

        if (!Uri.TryCreate(uri, location, out Uri? target))
        {
            return null;
        }

        string? scheme = target.Scheme switch
        {
            "http" or "ws" => Uri.UriSchemeWs,
            "https" or "wss" => Uri.UriSchemeWss,
            _ => null,
        };
        bool isDowngrade = uri.Scheme == Uri.UriSchemeWss && scheme == Uri.UriSchemeWs;
        if (scheme is null || isDowngrade || target.UserInfo.Length > 0)
        {
            return null;
        }

        UriBuilder builder = new(target) { Scheme = scheme, Port = target.IsDefaultPort ? -1 : target.Port, Fragment = "" };
        return builder.Uri;
    }

    private static async Task<string> ReadBodyAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        // The body only helps a person; a server that is slow with it must not hold the error back.
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(BodyPatience);
        byte[] buffer = new byte[MaxBodyBytes];
        int count = 0;
        try
        {
            using Stream body = await response.Content.ReadAsStreamAsync(patience.Token).ConfigureAwait(false);
            while (count < buffer.Length)
            {
                int read = await body.ReadAsync(buffer.AsMemory(count), patience.Token).ConfigureAwait(false);
                if (read == 0)
                {
                    break;
                }

                count += read;
            }
        }
        catch (Exception e) when (e is IOException or HttpRequestException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }

        return Encoding.UTF8.GetString(buffer, 0, count);
    }
}
