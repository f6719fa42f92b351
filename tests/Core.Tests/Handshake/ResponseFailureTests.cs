using System.Net;
using System.Net.Http;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MessageWebSockets.Tests.Loopback;
using MessageWebSockets.Tests.Server;
using Xunit;

namespace MessageWebSockets.Tests.Handshake;

/// <summary>How an answer that is no connection is told, without a network.</summary>
public sealed class ResponseFailureTests
{
    private const string Elsewhere = "It points elsewhere: connect to that address, or allow redirects with MaximumRedirection.";
    private const string Dropped =
        "a proxy in front of the server has dropped the Upgrade header and has to be set up to pass it on";

    private const string UseWss = " This port is for TLS: connect with wss:// in place of ws://.";
    private const string GiveCertificate = " The server asks for a client certificate: give it as ClientCertificate.";
    private const string CertificateRefused = " The server asks for a client certificate; does it accept the one it was given?";

    private static readonly Uri s_uri = new("wss://server/p?token=secret%2Bvalue&short=abc");
    private static readonly string s_peer = PeerText.Name(s_uri);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(200, "", "This address serves ordinary pages; is the path right?")]
    [InlineData(302, "", "Is this the address of a WebSocket endpoint?")]
    [InlineData(400, "", "It does not take the request; is the path right, and does it want a subprotocol?")]
    [InlineData(401, "", "It wants credentials, or others than it was given.")]
    [InlineData(
        401,
        "WWW-Authenticate: Basic realm=x\nWWW-Authenticate: Negotiate,Other\nWWW-Authenticate: basic\nWWW-Authenticate: =",
        "It wants credentials (Basic, Negotiate), or others than it was given.")]
    [InlineData(403, "", "It refuses this client; check the credentials, the Origin header and the rights.")]
    [InlineData(404, "", "Is the path right?")]
    [InlineData(407, "", "The proxy wants credentials: give them as the proxy credential.")]
    [InlineData(426, "", "Either " + Dropped + ", or the server wants another protocol version.")]
    [InlineData(426, "Sec-WebSocket-Version: 8, 13", "It speaks this protocol version: " + Dropped + ".")]
    [InlineData(
        426,
        "Sec-WebSocket-Version: 7\nSec-WebSocket-Version: ,8",
        "It wants another protocol version: 7, 8. This client speaks 13 (RFC 6455).")]
    [InlineData(429, "", "It is too busy; try again later.")]
    [InlineData(503, "Retry-After: 90", "It is too busy; it asks to try again in 90 s.")]
    [InlineData(500, "", "The server, or one behind it, failed; its log says more.")]
    [InlineData(599, "", "The server, or one behind it, failed; its log says more.")]
    [InlineData(600, "", "Is this the address of a WebSocket endpoint?")]
    public async Task Each_status_has_its_advice(int status, string headers, string advice)
    {
        MessageWebSocketException failure = (await FailureAsync(status, headers)).Tell(new Redirection(null, null));
        Assert.Equal(
            $"{s_peer} answered the WebSocket handshake with {status} Phrase instead of a connection. {advice}", failure.Message);
        Assert.Equal((HResults.FromHttpStatus(status), (HttpStatusCode)status), (failure.HResult, failure.HttpStatusCode));
        Assert.Equal(headers.StartsWith("Retry", StringComparison.Ordinal) ? 90 : null, failure.RetryAfter?.TotalSeconds);
    }

    // What servers say of a request without TLS at a port for TLS, and of one without the client certificate they want.
    [Theory]
    [InlineData(400, "<center>The plain HTTP request was sent to HTTPS port</center>", "ws", UseWss)]
    [InlineData(400, "Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />", "ws", UseWss)]
    [InlineData(400, "Client sent an HTTP request to an HTTPS server.", "ws", UseWss)]
    [InlineData(400, "Bad Request\r\nThis combination of host and port requires TLS.", "ws", UseWss)]
    [InlineData(497, "", "ws", UseWss)]
    [InlineData(400, "The plain HTTP request was sent to HTTPS port", "wss", "and does it want a subprotocol?")]
    [InlineData(200, "The plain HTTP request was sent to HTTPS port", "ws", "is the path right?")]
    [InlineData(500, "No required SSL certificate was sent", "wss", "its log says more.")]
    [InlineData(400, "<center>No required SSL certificate was sent</center>", "wss", GiveCertificate)]
    [InlineData(403, "403.7 - Forbidden: Client certificate required", "wss", GiveCertificate)]
    [InlineData(496, "", "wss", GiveCertificate)]
    [InlineData(400, "<center>The SSL certificate error</center>", "wss", CertificateRefused, true)]
    [InlineData(495, "", "wss", CertificateRefused, true)]
    public async Task What_a_server_says_of_TLS_is_its_advice(
        int status, string body, string scheme, string advice, bool hasCertificate = false)
    {
        using X509Certificate2 certificate = HandshakeInput.SelfSigned();
        HandshakeSettings settings = HandshakeInput.Settings() with { ClientCertificate = hasCertificate ? certificate : null };
        ResponseFailure failure = await FailureAsync(status, body: body, settings: settings, uri: new Uri($"{scheme}://server/p"));
        Assert.EndsWith(advice, failure.Tell(new Redirection(null, null)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_status_without_a_phrase_is_told_by_its_name()
    {
        MessageWebSocketException failure = (await FailureAsync(404, phrase: " ")).Tell(new Redirection(null, null));
        Assert.Equal(
            $"{s_peer} answered the WebSocket handshake with 404 NotFound instead of a connection. Is the path right?", failure.Message);
    }

    [Fact]
    public async Task A_redirect_is_told_with_where_it_leads_or_why_it_is_not_followed()
    {
        Uri target = new("wss://other/x");
        ResponseFailure failure = await FailureAsync(301);
        string told = $"{s_peer} answered the WebSocket handshake with 301 Phrase";
        Assert.Equal(
            $"{told}, a redirect to {PeerText.Name(target)}, instead of a connection. {Elsewhere}",
            failure.Tell(new Redirection(target, null)).Message);
        Assert.Equal($"{told} instead of a connection. Never.", failure.Tell(new Redirection(null, "Never.")).Message);
        Assert.Equal(
            $"The handshake was redirected 3 times and {s_peer} redirects once more, to {PeerText.Name(target)}. "
            + "Raise MaximumRedirection, or connect to the final address.",
            failure.TooManyRedirects(target).Message);
        Assert.Equal(
            $"The handshake was redirected 3 times and {s_peer} redirects once more, to {s_peer}. "
            + "It redirects to itself; is this the address of a WebSocket endpoint?",
            failure.TooManyRedirects(s_uri).Message);
    }

    [Fact]
    public async Task What_was_asked_for_and_given_is_left_out_of_what_the_server_says()
    {
        RequestHeaders headers = new();
        headers.Set("X-Api-Key", "key-of-the-user");
        headers.Set("Authorization", "Bearer bearer-token");
        headers.Set("X-Plain", "plain-header-value");
        HandshakeSettings settings = HandshakeInput.Settings() with
        {
            RequestHeaders = headers,
            Protocols = ["v1.good.protocol", "base64url.bearer.authorization.k8s.io.c2VjcmV0LXRva2Vu"],
        };
        const string Said = "[secret%2Bvalue] [secret+value] [key-of-the-user] [bearer-token] [plain-header-value] [abc] "
            + "[v1.good.protocol] [base64url.bearer.authorization.k8s.io.c2VjcmV0LXRva2Vu]";
        const string Kept = "[...] [...] [...] [...] [plain-header-value] [abc] [v1.good.protocol] [...]";
        MessageWebSocketException failure = (await FailureAsync(404, body: Said, settings: settings)).Tell(new Redirection(null, null));
        Assert.Equal((Said, Kept), (failure.ResponseBody, failure.ReadableBody));
        Assert.EndsWith($"instead of a connection. It says \"{Kept}\". Is the path right?", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "words", true)]
    [InlineData("", "wo\ufffdrds", false)]
    [InlineData("", "wo\0rds", false)]
    [InlineData("text/html", "wo\ufffdrds", true)]
    [InlineData("application/problem+json", "words", true)]
    [InlineData("application/xml; charset=utf-8", "words", true)]
    [InlineData("image/png", "words", false)]
    public async Task A_body_is_for_a_person_where_it_is_text(string type, string words, bool isReadable)
    {
        using ByteArrayContent content = new(Encoding.UTF8.GetBytes(words));
        if (type.Length > 0)
        {
            content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        AnswerBody body = await AnswerBody.ReadAsync(content, Token);
        Assert.Equal((words, isReadable ? words : ""), (body.Text, body.Readable([])));
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_body_that_does_not_come_is_waited_for_as_long_as_the_connect_may_take()
    {
        using CancellationTokenSource cancel = new();
        using StreamContent content = new(new PausedStream(new MemoryStream()));
        Task reading = AnswerBody.ReadAsync(content, cancel.Token);
        Assert.False(reading.IsCompleted);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
    }

    private static async Task<ResponseFailure> FailureAsync(
        int status,
        string headers = "",
        string body = "",
        HandshakeSettings? settings = null,
        string phrase = "Phrase",
        Uri? uri = null)
    {
        HttpResponseMessage response = new((HttpStatusCode)status) { ReasonPhrase = phrase, Content = new StringContent(body) };
        foreach (string[] header in headers.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => line.Split(": ", 2)))
        {
            response.Headers.TryAddWithoutValidation(header[0], header[1]);
        }

        AnswerBody read = await AnswerBody.ReadAsync(response.Content, Token);
        settings ??= HandshakeInput.Settings();
        return new ResponseFailure(
            settings with { MaximumRedirection = 3 },
            new HandshakeResponse(response).Headers(),
            uri ?? s_uri,
            response,
            read);
    }
}
