using System.Net.Http;
using MessageWebSockets.Errors;
using MessageWebSockets.Handshake;
using MessageWebSockets.PowerShell.Errors;

namespace MessageWebSockets.PowerShell.Auditing;

/// <summary>The server that is audited: makes requests and connections for checks, at most four at a time.</summary>
/// <param name="uri">The address that was given.</param>
/// <param name="settings">How to connect.</param>
/// <param name="plan">The bounds.</param>
internal sealed class AuditTarget(Uri uri, HandshakeSettings settings, AuditPlan plan) : IDisposable
{
    // Four in all: the last is for what is asked beside a check that holds one of the others.
    private const int MostConnections = 3;

    // What of the user's headers goes without TLS: nothing in them lets anybody in.
    private static readonly string[] s_harmless = ["Origin", "User-Agent"];

    private readonly SemaphoreSlim _places = new(MostConnections);
    private readonly SemaphoreSlim _placeBeside = new(1);
    private bool _isEntrusted = true;
    private AuditBaseline? _baseline;

    /// <summary>The address; after <see cref="ReachAsync"/> the one that redirects led to.</summary>
    public Uri Uri { get; private set; } = uri;

    public AuditPlan Plan => plan;

    public HandshakeSettings Settings => _isEntrusted ? settings : settings.ForAnotherOrigin();

    /// <summary>What the last attempt to reach it found out, whether it succeeded or not.</summary>
    public HandshakeFindings Findings { get; private set; } = new();

    /// <summary>Whether something is wrong with the certificate of the server.</summary>
    public bool HasCertificateErrors => Findings.ServerCertificateErrors.Count > 0;

    /// <summary>The ordinary handshake; there is one once the server was reached.</summary>
    public AuditBaseline Baseline => _baseline ?? throw new InvalidOperationException("The server was not reached.");

    /// <summary>Whether the server can only be one of this machine.</summary>
    public bool IsLocal => settings.UnixSocketPath is not null || Uri.IsLoopback;

    /// <summary>Whether the settings or the address have something that tells who asks.</summary>
    public bool HasCredentials => settings.ClientCertificate is not null || CredentialHeaders().Any()
        || OpenProtocols().Count < Settings.Protocols.Count || OpenPathAndQuery() != Uri.PathAndQuery;

    /// <summary>Makes the ordinary handshake, and follows redirects as far as the settings allow.</summary>
    /// <exception cref="MessageWebSocketException">There is no connection that carries frames.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task ReachAsync(CancellationToken cancellationToken)
    {
        try
        {
            await FollowAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (WireEndException e) when (e.End == WireEnd.Silent)
        {
            throw HandshakeFailure.ConnectTimeout(Uri, plan.Timeout, Findings, e);
        }
        catch (WireEndException e)
        {
            int reason = e.End == WireEnd.Garbled ? HResults.InvalidServerResponse
                : e.End == WireEnd.Reset ? HResults.ConnectionReset
                : HResults.ConnectionAborted;
            string message = $"No handshake with {PeerText.Name(Uri)}: {e.Message}. Is this a WebSocket endpoint?";
            throw new MessageWebSocketException(message, reason, e) { PeerUri = Uri };
        }
    }

    /// <summary>An ordinary request, with all that the settings have.</summary>
    /// <param name="withCredentials">Whether what tells who asks goes along.</param>
    public AuditRequest Request(bool withCredentials = true)
    {
        AuditRequest request = withCredentials ? Bare(Uri.PathAndQuery, Settings.Protocols) : Bare(OpenPathAndQuery(), OpenProtocols());
        foreach ((string name, string value) in Headers())
        {
            if (withCredentials || !Redaction.IsCredential(name, value))
            {
                request.Set(name, value);
            }
        }

        return request;
    }

    /// <summary>
    /// A request that everybody on the way may read: without what may carry a secret, which is the query, a subprotocol that looks like
    /// a token, and every header of the user but those that name the client.
    /// </summary>
    public AuditRequest PlainRequest()
    {
        AuditRequest request = Bare(Uri.AbsolutePath, OpenProtocols());
        foreach ((string name, string value) in Headers())
        {
            if (s_harmless.Contains(name, StringComparer.OrdinalIgnoreCase) && !Redaction.IsCredential(name, value))
            {
                request.Set(name, value);
            }
        }

        return request;
    }

    /// <summary>A connection on which nothing was said yet; waits while three are open.</summary>
    /// <exception cref="MessageWebSocketException">It did not come about.</exception>
    public Task<AuditConnection> OpenAsync(CancellationToken cancellationToken) =>
        OpenAsync(Uri, settings, new HandshakeFindings(), _places, cancellationToken);

    /// <summary>As <see cref="OpenAsync(CancellationToken)"/>, at another address or in another way.</summary>
    public Task<AuditConnection> OpenAsync(Uri address, HandshakeSettings otherSettings, CancellationToken cancellationToken) =>
        OpenAsync(address, otherSettings, new HandshakeFindings(), _places, cancellationToken);

    /// <summary>A connection beyond those, for a check that has a bound of its own.</summary>
    public Task<AuditConnection> OpenExtraAsync(CancellationToken cancellationToken) =>
        OpenAsync(Uri, settings, new HandshakeFindings(), null, cancellationToken);

    /// <summary>A connection that carries frames.</summary>
    /// <exception cref="WireEndException">It did not come about, or the server did not upgrade it.</exception>
    public Task<AuditConnection> ConnectAsync(CancellationToken cancellationToken) => ConnectAsync(_places, cancellationToken);

    /// <summary>
    /// As <see cref="ConnectAsync(CancellationToken)"/>, for a check that has a connection: what the server does there means something
    /// only where it serves others meanwhile.
    /// </summary>
    public Task<AuditConnection> ConnectBesideAsync(CancellationToken cancellationToken) => ConnectAsync(_placeBeside, cancellationToken);

    /// <summary>
    /// Waits for what a server owes. Where it does not come in time, something is asked on another connection, and it is waited for once
    /// more: a server that is slow, or stands still for a while, keeps everyone waiting.
    /// </summary>
    /// <param name="wait">Waits for so long.</param>
    /// <param name="askBeside">Asks, and throws where the server does not answer that either.</param>
    /// <exception cref="WireEndException">
    /// It did not come. <see cref="WireEnd.Silent"/> means that the server answered the other question.
    /// </exception>
    public async Task<T> ExpectAsync<T>(Func<TimeSpan, Task<T>> wait, Func<Task> askBeside)
    {
        string silence;
        try
        {
            return await wait(plan.Timeout).ConfigureAwait(false);
        }
        catch (WireEndException e) when (e.End == WireEnd.Silent)
        {
            silence = e.Message;
        }

        try
        {
            await askBeside().ConfigureAwait(false);
        }
        catch (WireEndException e)
        {
            throw new WireEndException(WireEnd.Garbled, $"{silence}, and on another connection {e.Message}");
        }

        try
        {
            return await wait(plan.SecondThought).ConfigureAwait(false);
        }
        catch (WireEndException e) when (e.End == WireEnd.Silent)
        {
            throw new WireEndException(WireEnd.Silent, $"{silence}, nor after another connection was served");
        }
    }

    /// <summary>As the other one, with an ordinary handshake on the other connection.</summary>
    public Task<T> ExpectAsync<T>(Func<TimeSpan, Task<T>> wait, CancellationToken cancellationToken) => ExpectAsync(
        wait,
        async () => (await ConnectBesideAsync(cancellationToken).ConfigureAwait(false)).Dispose());

    /// <summary>Makes sure that a refusal is one of what was wrong with the request: that an ordinary one is not refused too.</summary>
    /// <param name="refusal">The answer.</param>
    /// <param name="sent">What it is the answer to.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="WireEndException">It is, or cannot be told from that.</exception>
    public async Task ThrowIfRefusedAnywayAsync(AuditAnswer refusal, string sent, CancellationToken cancellationToken)
    {
        if (refusal.IsForAnyone)
        {
            throw new WireEndException(WireEnd.Garbled, $"{sent} was {refusal.ForAnyoneText}");
        }

        try
        {
            (await ConnectBesideAsync(cancellationToken).ConfigureAwait(false)).Dispose();
        }
        catch (WireEndException e)
        {
            throw e.After($"{sent} was answered with {refusal.Text}, and then");
        }
    }

    public void Dispose()
    {
        _places.Dispose();
        _placeBeside.Dispose();
    }

    private static void Leave(SemaphoreSlim places)
    {
        try
        {
            places.Release();
        }
        catch (ObjectDisposedException)
        {
            // The audit was stopped, and this connection ends after it.
        }
    }

    private AuditRequest Bare(string target, IReadOnlyList<string> protocols)
    {
        AuditRequest request = new() { Target = target };
        request.Set("Host", HostOf(Uri));
        request.Set("Upgrade", "websocket");
        request.Set("Connection", "Upgrade");
        request.Set(AuditRequest.KeyHeader, HandshakeRequest.CreateKey());
        request.Set(AuditRequest.VersionHeader, "13");
        if (protocols.Count > 0)
        {
            request.Set(AuditRequest.ProtocolHeader, string.Join(", ", protocols));
        }

        if (settings.Compression is { } compression)
        {
            request.Set(AuditRequest.ExtensionHeader, CompressionNegotiation.CreateOffer(compression));
        }

        return request;
    }

    private async Task<AuditConnection> ConnectAsync(SemaphoreSlim places, CancellationToken cancellationToken)
    {
        AuditConnection connection;
        try
        {
            connection = await OpenAsync(Uri, settings, new HandshakeFindings(), places, cancellationToken).ConfigureAwait(false);
        }
        catch (MessageWebSocketException e)
        {
            throw new WireEndException(WireEnd.Unconnected, AuditText.NoConnection(e));
        }

        try
        {
            AuditAnswer answer = await connection.AskAsync(Request(), "an ordinary handshake", cancellationToken).ConfigureAwait(false);
            return answer.IsUpgrade
                ? connection
                : throw new WireEndException(WireEnd.Garbled, $"an ordinary handshake was answered with {answer.Text}");
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        for (int followed = 0; ; followed++)
        {
            Findings = new HandshakeFindings();
            using AuditConnection connection = await OpenAsync(Uri, settings, Findings, _places, cancellationToken).ConfigureAwait(false);
            AuditRequest request = Request();
            AuditAnswer answer = await connection.AskAsync(request, cancellationToken).ConfigureAwait(false);
            if (answer.IsUpgrade)
            {
                _baseline = new AuditBaseline(request, answer, Findings);
                return;
            }

            using HttpResponseMessage message = answer.ToMessage();
            Redirection redirection = Redirection.Of(Uri, message);
            if (followed == settings.MaximumRedirection || redirection.Target is null)
            {
                AnswerBody nothing = await AnswerBody.ReadAsync(message.Content, cancellationToken).ConfigureAwait(false);
                throw new ResponseFailure(settings, new HandshakeResponse(message).Headers(), Uri, message, nothing).Tell(redirection);
            }

            _isEntrusted &= Redirection.IsSameOrigin(Uri, redirection.Target);
            Uri = redirection.Target;
        }
    }

    private static string HostOf(Uri address)
    {
        string host = address.HostNameType == UriHostNameType.IPv6 ? $"[{address.IdnHost.Split('%')[0].Trim('[', ']')}]" : address.IdnHost;
        return address.IsDefaultPort ? host : $"{host}:{address.Port}";
    }

    // The subprotocols that carry no token.
    private IReadOnlyList<string> OpenProtocols() => settings.ForAnotherOrigin().Protocols;

    // Without the parameters of the query that tell who asks; the others say what is asked for, and without them it would be another
    // question.
    private string OpenPathAndQuery()
    {
        string[] given = Uri.Query.TrimStart('?').Split('&');
        string[] open = [.. given.Where(static parameter => !Redaction.IsCredentialParameter(parameter))];
        return open.Length == given.Length ? Uri.PathAndQuery
            : open.Length == 0 ? Uri.AbsolutePath
            : $"{Uri.AbsolutePath}?{string.Join('&', open)}";
    }

    private IEnumerable<KeyValuePair<string, string>> CredentialHeaders() =>
        Headers().Where(static header => Redaction.IsCredential(header.Key, header.Value));

    // None of them goes to where a redirect to another origin led.
    private IEnumerable<KeyValuePair<string, string>> Headers()
    {
        if (!_isEntrusted)
        {
            yield break;
        }

        foreach (KeyValuePair<string, string> header in settings.RequestHeaders.Values)
        {
            yield return header;
        }

        string http = Uri.Scheme == System.Uri.UriSchemeWss ? System.Uri.UriSchemeHttps : System.Uri.UriSchemeHttp;
        if (settings.Cookies?.GetCookieHeader(new UriBuilder(Uri) { Scheme = http, Port = Uri.Port }.Uri) is { Length: > 0 } cookies)
        {
            yield return new KeyValuePair<string, string>("Cookie", cookies);
        }
    }

    private async Task<AuditConnection> OpenAsync(
        Uri address, HandshakeSettings how, HandshakeFindings findings, SemaphoreSlim? places, CancellationToken cancellationToken)
    {
        if (places is not null)
        {
            await places.WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(plan.Timeout);
        try
        {
            BareConnection bare = await new HandshakeAttempt(how, findings, address, _isEntrusted).OpenAsync(limit.Token)
                .ConfigureAwait(false);
            return new AuditConnection(bare, plan.Timeout, places is null ? null : () => Leave(places));
        }
        catch (Exception e)
        {
            if (places is not null)
            {
                Leave(places);
            }

            if (e is OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                throw new WireEndException(WireEnd.Silent, $"no connection within {AuditText.Seconds(plan.Timeout)}");
            }

            throw;
        }
    }
}
