using System.Globalization;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;

namespace MessageWebSockets.Handshake;

/// <summary>Tells an answer to the handshake that is no connection: the status, the server's own words, and what to try.</summary>
/// <param name="settings">The settings of the connect.</param>
/// <param name="headers">The headers of the answer.</param>
/// <param name="uri">The address that answered.</param>
/// <param name="response">The answer.</param>
/// <param name="body">The beginning of its body.</param>
internal sealed class ResponseFailure(
    HandshakeSettings settings,
    IReadOnlyDictionary<string, IReadOnlyList<string>> headers,
    Uri uri,
    HttpResponseMessage response,
    AnswerBody body)
{
    private const int ShortestSecret = 8;

    // Of nginx alone, which mostly says 400 in their place.
    private const int CertificateError = 495;
    private const int CertificateMissing = 496;
    private const int HttpAtHttpsPort = 497;

    // They hold what a server may repeat in its answer and nobody else should read.
    private static readonly string[] SecretHeaders =
        ["auth", "cookie", "token", "secret", "passw", "key", "signature", "credential", "session"];

    // What nginx, Apache, Go and Tomcat say of a request that came without TLS to a port for TLS.
    private static readonly string[] PlainAtTls =
    [
        "plain HTTP request was sent to HTTPS port",
        "speaking plain HTTP to an SSL-enabled server port",
        "sent an HTTP request to an HTTPS server",
        "combination of host and port requires TLS",
    ];

    // What nginx and IIS say of one that came without the client certificate they want, and nginx of one with another certificate.
    private static readonly string[] CertificateWanted =
        ["No required SSL certificate was sent", "Client certificate required", "The SSL certificate error"];

    private readonly string _peer = PeerText.Name(uri);
    private readonly TimeSpan? _retryAfter = RetryAfterHeader.Of(response, DateTimeOffset.UtcNow);

    /// <param name="redirection">Where the answer leads, followed or not.</param>
    public MessageWebSocketException Tell(Redirection redirection)
    {
        int status = (int)response.StatusCode;
        string phrase = string.IsNullOrWhiteSpace(response.ReasonPhrase) ? response.StatusCode.ToString() : response.ReasonPhrase;
        string to = redirection.Target is { } target ? $", a redirect to {PeerText.Name(target)}," : "";
        return Create(
            $"{_peer} answered the WebSocket handshake with {status.ToString(CultureInfo.InvariantCulture)} {PeerText.Clean(phrase)}{to} "
            + "instead of a connection."
            + $"{Words()} {redirection.Refusal ?? AdviceFor(status, redirection.Target is not null)}",
            HResults.FromHttpStatus(status));
    }

    public MessageWebSocketException TooManyRedirects(Uri target) => Create(
        $"The handshake was redirected {settings.MaximumRedirection} times and {_peer} redirects once more, to {PeerText.Name(target)}. "
        + (target == uri
            ? "It redirects to itself; is this the address of a WebSocket endpoint?"
            : "Raise MaximumRedirection, or connect to the final address."),
        HResults.RedirectFailed);

    private static string ServerAdvice(TimeSpan? retryAfter) => retryAfter switch
    {
        null => "It is too busy; try again later.",
        { } time when time >= RetryAfterHeader.Longest => $"It is too busy, for {(int)time.TotalDays} days or more.",
        { } time =>
            $"It is too busy; it asks to try again in {Math.Ceiling(time.TotalSeconds).ToString(CultureInfo.InvariantCulture)} s.",
    };

    private string AdviceFor(int status, bool isRedirect) => status switch
    {
        200 => "This address serves ordinary pages; is the path right?",
        >= 400 and < 500 when uri.Scheme == Uri.UriSchemeWs && (status == HttpAtHttpsPort || Says(PlainAtTls)) =>
            "This port is for TLS: connect with wss:// in place of ws://.",
        >= 400 and < 500 when status is CertificateError or CertificateMissing || Says(CertificateWanted) =>
            settings.ClientCertificate is null
                ? "The server asks for a client certificate: give it as ClientCertificate."
                : "The server asks for a client certificate; does it accept the one it was given?",
        >= 300 and < 400 when isRedirect => "It points elsewhere: connect to that address, or allow redirects with MaximumRedirection.",
        400 when settings.Protocols.Count == 0 => "It does not take the request; is the path right, and does it want a subprotocol?",
        401 => $"It wants credentials{Schemes("WWW-Authenticate")}, or others than it was given.",
        403 => "It refuses this client; check the credentials, the Origin header and the rights.",
        404 => "Is the path right?",
        407 => "The proxy wants credentials: give them as the proxy credential.",
        426 => UpgradeAdvice(),
        429 or 503 => ServerAdvice(_retryAfter),
        >= 500 and < 600 => "The server, or one behind it, failed; its log says more.",
        _ => "Is this the address of a WebSocket endpoint?",
    };

    // RFC 6455 section 4.4 has a server list the versions it speaks. One that speaks 13 has not seen that it was asked to upgrade.
    private string UpgradeAdvice()
    {
        string[] versions = [.. ValuesOf("Sec-WebSocket-Version").SelectMany(
            static value => value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))];
        string dropped = uri.Scheme == Uri.UriSchemeWs
            ? "a proxy on the way has dropped the Upgrade header (wss:// passes through most)"
            : "a proxy in front of the server has dropped the Upgrade header and has to be set up to pass it on";
        return versions.Length switch
        {
            0 => $"Either {dropped}, or the server wants another protocol version.",
            _ when versions.Contains("13") => $"It speaks this protocol version: {dropped}.",
            _ => $"It wants another protocol version: {PeerText.Clean(string.Join(", ", versions))}. This client speaks 13 (RFC 6455).",
        };
    }

    private string Schemes(string header)
    {
        string[] schemes = [.. ValuesOf(header)
            .Select(static value => value.Split([' ', ','], 2)[0])
            .Where(static scheme => HttpToken.IsValid(scheme))
            .Distinct(StringComparer.OrdinalIgnoreCase)];
        return schemes.Length > 0 ? $" ({PeerText.Clean(string.Join(", ", schemes))})" : "";
    }

    private bool Says(string[] phrases) =>
        Array.Exists(phrases, phrase => body.Text.Contains(phrase, StringComparison.OrdinalIgnoreCase));

    private HeaderStringValues ValuesOf(string name) =>
        response.Headers.NonValidated.TryGetValues(name, out HeaderStringValues values) ? values : default;

    private string Words()
    {
        string words = body.Words(ReadableBody());
        return words.Length > 0 ? $" It says \"{words}\"." : "";
    }

    private string ReadableBody() => body.Readable(Secrets());

    // A server may repeat what it was asked for, query and credentials included.
    private IEnumerable<string> Secrets()
    {
        IEnumerable<string> given = settings.RequestHeaders.Values
            .Where(static header => Array.Exists(SecretHeaders, word => header.Key.Contains(word, StringComparison.OrdinalIgnoreCase)))
            .SelectMany(static header => header.Value.Split([' ', ';', ',', '=']).Append(header.Value));
        string query = uri.Query.TrimStart('?');
        IEnumerable<string> asked =
            query.Split('&').Select(static parameter => parameter[(parameter.IndexOf('=', StringComparison.Ordinal) + 1)..]).Append(query);
        return given.Concat(asked).Concat(asked.Select(Uri.UnescapeDataString)).Concat(
            settings.Protocols.Where((name, index) => PeerText.SubProtocol(settings.Protocols, index) != name))
            .Where(static secret => secret.Length >= ShortestSecret)
            .OrderByDescending(static secret => secret.Length);
    }

    private MessageWebSocketException Create(string message, int hresult) => new(message, hresult)
    {
        PeerUri = uri,
        HttpStatusCode = response.StatusCode,
        ResponseHeaders = headers,
        ResponseBody = body.Text,
        ReadableBody = ReadableBody(),
        RetryAfter = _retryAfter,
    };
}
