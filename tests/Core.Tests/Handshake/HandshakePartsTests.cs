using System.IO.Compression;
using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MessageWebSockets.Tests.Loopback;
using MessageWebSockets.Tests.Messages;
using MessageWebSockets.Tests.Server;
using Xunit;

namespace MessageWebSockets.Tests.Handshake;

/// <summary>What the parts of a connect do by themselves.</summary>
public sealed class HandshakePartsTests
{
    private static readonly Uri s_uri = new("ws://server:81/p");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    [InlineData("br")]
    public async Task A_body_that_is_cut_short_or_damaged_is_read_as_far_as_it_goes(string coding)
    {
        byte[] text = [.. Enumerable.Range(0, 4000).SelectMany(static i => Encoding.ASCII.GetBytes($"{i} "))];
        byte[] whole = Compressed(coding, text);
        foreach (byte[] damaged in (byte[][])[whole[..(whole.Length / 2)], [.. whole[..(whole.Length / 2)], .. new byte[50]]])
        {
            using ByteArrayContent content = new(damaged);
            content.Headers.TryAddWithoutValidation("Content-Encoding", coding);
            string read = (await AnswerBody.ReadAsync(content, Token)).Text;
            Assert.StartsWith("0 1 2 3 ", read, StringComparison.Ordinal);
            Assert.True(read.Length < text.Length);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData(":")]
    [InlineData(" ")]
    [InlineData("-")]
    public void A_pin_is_read_with_whatever_stands_between_its_digits(string between)
    {
        string[] digits = [.. Enumerable.Range(0, 32).Select(static i => $"{i:X2}")];
        string text = string.Join(between, digits);
        Assert.True(CertificatePin.TryParse(text, out byte[] hash));
        Assert.Equal(Convert.ToHexString(hash), string.Concat(digits));
        Assert.False(CertificatePin.TryParse(text + "00", out hash));
        Assert.Empty(hash);
        Assert.False(CertificatePin.TryParse("G" + text[1..], out _));
    }

    [Fact]
    public void A_header_that_cannot_be_is_shown_without_its_control_characters()
    {
        RequestHeaders headers = new();
        Assert.Throws<ArgumentNullException>("name", () => headers.Set(null!, "x"));
        ArgumentException refusal = Assert.Throws<ArgumentException>("name", () => headers.Set("a\u001bb c", "x"));
        Assert.StartsWith(@"'a\u001bb c' is no header name", refusal.Message, StringComparison.Ordinal);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Names_below_localhost_are_those_of_this_machine()
    {
        IPAddress[] addresses = await NameLookup.FindAsync("nobody-knows-this.localhost", Token);
        Assert.NotEmpty(addresses);
        Assert.All(addresses, static address => Assert.True(IPAddress.IsLoopback(address)));
    }

    [Fact]
    public async Task A_certificate_that_the_user_rejects_is_refused()
    {
        using X509Certificate2 certificate = HandshakeInput.SelfSigned();
        HandshakeFindings findings = new();
        List<bool> waits = [];
        HandshakeSettings settings = HandshakeInput.Settings() with
        {
            CustomValidation = (seen, _) =>
            {
                Assert.Same(findings, seen);
                waits.Add(seen.WaitsForJudgement);
                return Task.FromResult(false);
            },
        };
        TlsHandshake tls = new(settings, findings, isEntrusted: true);
        AuthenticationException refusal = await Assert.ThrowsAsync<AuthenticationException>(() => tls.RequestCustomValidationAsync(Token));
        Assert.Equal(("There is no certificate to validate.", CertificateRefusal.Errors), (refusal.Message, tls.Refusal));
        findings.ServerCertificates = new ServerCertificates(certificate, null);
        refusal = await Assert.ThrowsAsync<AuthenticationException>(() => tls.RequestCustomValidationAsync(Token));
        Assert.Equal(("The certificate was rejected.", CertificateRefusal.Handler), (refusal.Message, tls.Refusal));
        Assert.Equal([true], waits);
        Assert.False(findings.WaitsForJudgement);
    }

    [Fact]
    public void A_session_is_resumed_where_the_last_attempt_had_an_answer_and_no_question_for_a_certificate()
    {
        Uri secure = new($"wss://{Guid.NewGuid():N}:81/p");
        Assert.False(Resumes(secure));
        End(secure, hasAnswer: true);
        Assert.True(Resumes(secure));
        End(secure, hasAnswer: true, asks: true);
        Assert.False(Resumes(secure));
        End(secure, hasAnswer: true);
        End(secure, hasAnswer: false);
        Assert.False(Resumes(secure));
        End(secure, hasAnswer: false);
        Assert.False(Resumes(secure));
        End(new UriBuilder(secure) { Scheme = "ws" }.Uri, hasAnswer: true);
        Assert.False(Resumes(secure));

        static TlsHandshake Tls() => new(HandshakeInput.Settings(), new HandshakeFindings(), isEntrusted: true);

        static bool Resumes(Uri uri)
        {
            TlsHandshake next = Tls();
            bool choosesCertificate = next.CreateOptions(uri).LocalCertificateSelectionCallback is not null;
            Assert.Equal(!choosesCertificate, next.MayResume);
            return next.MayResume;
        }

        static void End(Uri uri, bool hasAnswer, bool asks = false)
        {
            TlsHandshake tls = Tls();
            if (asks)
            {
                tls.NoteCertificateRequest();
            }

            tls.EndAttempt(uri, hasAnswer);
        }
    }

    [Theory]
    [InlineData("http://there/x?y=1#part", "ws://there/x?y=1")]
    [InlineData("https://there:8443/", "wss://there:8443/")]
    [InlineData("https://there:443/", "wss://there/")]
    [InlineData("?y=2#part", "ws://server:81/p?y=2")]
    public void A_redirect_leads_where_it_says_without_its_fragment(string location, string target)
    {
        using HttpResponseMessage response = new(HttpStatusCode.Found);
        response.Headers.TryAddWithoutValidation("Location", location);
        Assert.Equal((target, null), (Redirection.Of(s_uri, response).Target?.AbsoluteUri, Redirection.Of(s_uri, response).Refusal));
    }

    [Theory]
    [InlineData("[fe80::1%25eth0]", "[fe80::1%eth0]:81")]
    [InlineData("[fe80::1%eth0]", "[fe80::1%eth0]:81")]
    [InlineData("[fe80::1%25]", "[fe80::1%25]:81")]
    [InlineData("::1", "[::1]:81")]
    [InlineData("a%25b", "a%25b:81")]
    public void Only_the_zone_of_an_IPv6_address_is_written_with_an_escape(string host, string name) =>
        Assert.Equal(name, TransportConnector.NameOf(host, 81));

    [Fact]
    public async Task The_streams_of_an_attempt_can_be_read_and_end_with_what_they_are_over()
    {
        MemoryStream inner = new();
        RequestStream request = new(inner, new RequestWatch());
        Assert.True(request.CanRead);
        await request.DisposeAsync();
        Assert.False(inner.CanRead);

        WithheldStream withheld = new();
        Assert.True(withheld is { CanRead: true, CanWrite: true });
        ValueTask<int> read = withheld.ReadAsync(new byte[1], Token);
        Assert.False(read.IsCompleted);
        await withheld.DisposeAsync();
        Assert.Equal(0, await read);
    }

    [Fact]
    public async Task A_name_that_no_name_service_could_know_is_not_found()
    {
        string host = new('a', 300);
        TransportConnector connector = new(HandshakeInput.Settings(), new HandshakeFindings());
        SocketException failure = await Assert.ThrowsAsync<SocketException>(
            () => connector.ConnectAsync(new DnsEndPoint(host, 81), Token).AsTask());
        Assert.Equal(SocketError.HostNotFound, failure.SocketErrorCode);
        Assert.Equivalent(new TransportFailure($"{host}:81", [], failure, IsNameResolution: true), connector.Failure);
    }

    [Fact]
    public void What_is_wrong_with_a_Unix_socket_is_told_in_words_of_files()
    {
        string file = Path.GetTempFileName();
        try
        {
            Assert.Equal("connection refused", UnixSocketFailure.Describe(file, new((int)SocketError.ConnectionRefused)).What);
            Assert.Equal("Is that the socket of a server?", UnixSocketFailure.Describe(file, new((int)SocketError.Fault)).Advice);
        }
        finally
        {
            File.Delete(file);
        }

        SocketException refused = new((int)SocketError.ConnectionRefused);
        Assert.Equal(("no such file", "Is the path right, and is the server running?"), UnixSocketFailure.Describe(file, refused));
        Assert.Equal(
            ("that is a folder", "Give the path of the socket in it."), UnixSocketFailure.Describe(Path.GetTempPath(), refused));
        Assert.Equal(
            "the path is too long for a socket", UnixSocketFailure.Describe(file, new((int)SocketError.InvalidArgument)).What);
        Assert.Equal(
            ("this user may not use the socket", "Its rights and those of its folders decide."),
            UnixSocketFailure.Describe(file, new((int)SocketError.AccessDenied)));
    }

    [Fact]
    public void Of_a_chain_what_stands_between_server_and_root_is_kept()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        DateTimeOffset from = DateTimeOffset.UtcNow.AddDays(-1);
        using X509Certificate2 root = Request("root", isAuthority: true).CreateSelfSigned(from, from.AddDays(9));
        using X509Certificate2 between = Request("between", isAuthority: true)
            .Create(root, from, from.AddDays(8), [1]).CopyWithPrivateKey(key);
        using X509Certificate2 server = Request("server", isAuthority: false).Create(between, from, from.AddDays(7), [2]);
        using X509Chain chain = new();
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.ExtraStore.Add(between);
        Assert.True(chain.Build(server));

        ServerCertificates certificates = new(server, chain);
        Assert.Equal("CN=server", certificates.Server.Subject);
        Assert.Equal("CN=between", Assert.Single(certificates.Intermediates).Subject);
        Assert.Empty(new ServerCertificates(server, null).Intermediates);

        CertificateRequest Request(string name, bool isAuthority)
        {
            CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, false, 0, critical: true));
            return request;
        }
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task An_end_without_an_answer_is_told_again()
    {
        TransportConnector connector = new(HandshakeInput.Settings(), new HandshakeFindings());
        HttpIOException end = Assert.IsType<HttpIOException>(connector.EndWithoutAnswer());
        Assert.Equal(HttpRequestError.ResponseEnded, end.HttpRequestError);
        Assert.StartsWith("The connection ended before an answer came.", end.Message, StringComparison.Ordinal);

        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        DnsEndPoint target = new("127.0.0.1", ((IPEndPoint)listener.LocalEndPoint!).Port);
        await using Stream stream = await connector.ConnectAsync(target, Token);
        using (Socket peer = await listener.AcceptAsync(Token))
        {
            peer.LingerState = new LingerOption(true, 0);
        }

        await Assert.ThrowsAnyAsync<IOException>(() => stream.ReadExactlyAsync(new byte[1], Token).AsTask());
        Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(connector.EndWithoutAnswer()).SocketErrorCode);

        connector.Abort();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => connector.ConnectAsync(target, Token).AsTask());
    }

    [Fact]
    public async Task What_is_written_to_a_watched_connection_and_read_from_it_is_noted_until_it_stands()
    {
        HandshakeSettings settings = HandshakeInput.Settings() with { ServerCredential = new NetworkCredential("u", "p") };
        ConnectionRoute route = new(s_uri, settings);
        Assert.True(route.AllowsConnection(s_uri));
        using Stream request = route.BeginRequest(s_uri, new TwoWayStream(new ChunkedStream("answer"u8.ToArray(), 1)));
        Assert.False(route.AllowsConnection(s_uri));
        Assert.Equal(1, await request.ReadAsync(new byte[9], Token));
        Assert.True(route.AllowsConnection(s_uri));
        await request.WriteAsync("again"u8.ToArray(), Token);
        Assert.False(route.AllowsConnection(s_uri));
        route.End();
        Assert.Equal(1, await request.ReadAsync(new byte[9], Token));
        Assert.False(route.AllowsConnection(s_uri));

        ConnectionRoute unwatched = new(s_uri, HandshakeInput.Settings());
        unwatched.End();
        using MemoryStream plain = new();
        Assert.Same(plain, unwatched.BeginRequest(s_uri, plain));
        Assert.False(unwatched.AllowsConnection(s_uri));
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Nothing_goes_on_in_the_context_of_a_caller()
    {
        PausedStream network = new(new ChunkedStream("words"u8.ToArray(), 100));
        using StreamContent content = new(network);
        Assert.Equal(0, await PostsAsync(() => AnswerBody.ReadAsync(content, Token), network.Open));

        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        int port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        AddressRace race = new([IPAddress.Loopback], port, static _ => { });
        Assert.Equal(0, await PostsAsync(() => race.RunAsync(Token).ContinueWith(
            static task => task.Result.Socket.Dispose(), TaskScheduler.Default)));
        TransportConnector connector = new(HandshakeInput.Settings(), new HandshakeFindings());
        Assert.Equal(0, await PostsAsync(() => connector.ConnectAsync(new DnsEndPoint("127.0.0.1", port), Token).AsTask()));
        Assert.Equal(0, await PostsAsync(() => connector.ConnectAsync(new DnsEndPoint("localhost", port), Token).AsTask().ContinueWith(
            static task => _ = task.Exception, TaskScheduler.Default)));
        connector.Abort();

        TaskCompletionSource<bool> judgement = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using X509Certificate2 certificate = HandshakeInput.SelfSigned();
        HandshakeSettings settings = HandshakeInput.Settings() with { CustomValidation = (_, _) => judgement.Task };
        TlsHandshake tls = new(
            settings, new HandshakeFindings { ServerCertificates = new ServerCertificates(certificate, null) }, isEntrusted: true);
        Assert.Equal(0, await PostsAsync(() => tls.RequestCustomValidationAsync(Token), () => judgement.SetResult(true)));
        Assert.Equal(CertificateRefusal.None, tls.Refusal);
    }

    private static Task<int> PostsAsync(Func<Task> call, Action? goOn = null) => ForeignContext.CountPostsAsync(() =>
    {
        Task task = call();
        goOn?.Invoke();
        return task;
    });

    private static byte[] Compressed(string coding, byte[] text)
    {
        using MemoryStream compressed = new();
        using (Stream stream = coding switch
        {
            "gzip" => new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true),
            "deflate" => new ZLibStream(compressed, CompressionLevel.Fastest, leaveOpen: true),
            _ => new BrotliStream(compressed, CompressionLevel.Fastest, leaveOpen: true),
        })
        {
            stream.Write(text);
        }

        return compressed.ToArray();
    }
}
