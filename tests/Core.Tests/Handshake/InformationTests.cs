using System.Net;
using System.Security.Authentication;
using System.Text.Json;
using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Handshake;

public sealed class InformationTests(TestCertificates certificates) : IClassFixture<TestCertificates>
{
    [Fact]
    public async Task ConnectTimings_have_each_stage_that_was_passed()
    {
        await using TestWebSocketServer server = await StartServerAsync();
        using MessageWebSocket socket = new() { Control = { TrustedRoots = certificates.Roots } };

        await socket.ConnectAsync(server.SecureAt("echo"), TestContext.Current.CancellationToken);

        ConnectTimings timings = socket.Information.ConnectTimings!;
        Assert.All(
            (TimeSpan?[])[timings.NameResolution, timings.Tcp, timings.Tls, timings.Upgrade],
            stage => Assert.True(stage > TimeSpan.Zero && stage <= timings.Total));
        Assert.True(timings.NameResolution + timings.Tcp + timings.Tls + timings.Upgrade <= timings.Total);
    }

    [Fact]
    public async Task ConnectTimings_leave_out_a_stage_that_was_not_needed()
    {
        await using TestWebSocketServer server = await StartServerAsync();
        using MessageWebSocket socket = new();

        await socket.ConnectAsync(server.At("echo"), TestContext.Current.CancellationToken);

        ConnectTimings timings = socket.Information.ConnectTimings!;
        Assert.Null(timings.NameResolution);
        Assert.Null(timings.Tls);
        Assert.True(timings.Upgrade > TimeSpan.Zero);
    }

    [Fact]
    public async Task ConnectTimings_have_the_TLS_handshake_of_a_refused_certificate_and_Information_its_version()
    {
        await using RawServer expired = RawServer.Start(
            connection => connection.DrainBytesAsync(), new RawServerOptions { Tls = new RawTlsOptions(certificates.Expired) });
        using MessageWebSocket socket = new() { Control = { TrustedRoots = certificates.Roots } };

        MessageWebSocketException refused = await ConnectFailure.OfAsync(socket, expired.Uri);

        Assert.Equal(WebErrorStatus.CertificateExpired, refused.Status);
        ConnectTimings timings = socket.Information.ConnectTimings!;
        Assert.True(timings.Tcp > TimeSpan.Zero);
        Assert.True(timings.Tls > TimeSpan.Zero && timings.Tls <= timings.Total);
        Assert.Null(timings.Upgrade);
        Assert.NotNull(socket.Information.ServerCertificate);
        Assert.Contains(socket.Information.TlsProtocol, (SslProtocols?[])[SslProtocols.Tls12, SslProtocols.Tls13]);
    }

    [Fact]
    public async Task ConnectTimings_have_the_stages_before_a_failure()
    {
        await using FaultServer refusing = FaultServer.Start(Faults.Named("status-403"));
        await using FaultServer stalling = FaultServer.Start(Faults.Named("tls-handshake-stalls"));
        using RefusedPort dead = new();
        using MessageWebSocket refused = new();
        using MessageWebSocket stalled = new() { Control = { ConnectTimeout = TimeSpan.FromMilliseconds(200) } };
        using MessageWebSocket nobody = new();

        await ConnectFailure.OfAsync(refused, refusing.Uri);
        await ConnectFailure.OfAsync(stalled, stalling.Uri);
        await ConnectFailure.OfAsync(nobody, dead.Uri);

        Assert.NotNull(refused.Information.ConnectTimings!.Upgrade);
        Assert.NotNull(stalled.Information.ConnectTimings!.Tcp);
        Assert.Null(stalled.Information.ConnectTimings.Tls);
        Assert.Null(nobody.Information.ConnectTimings!.Tcp);
    }

    [Fact]
    public async Task LocalAddress_and_its_port_are_what_the_server_sees()
    {
        await using TestWebSocketServer server = await StartServerAsync();
        using MessageWebSocket socket = new();

        await socket.ConnectAsync(server.At("connection"), TestContext.Current.CancellationToken);

        using JsonDocument seen = JsonDocument.Parse((await socket.ReceiveAsync(TestContext.Current.CancellationToken))!.Text);
        Assert.Equal(seen.RootElement.GetProperty("remotePort").GetInt32(), socket.Information.LocalPort);
        Assert.Equal(IPAddress.Loopback, socket.Information.LocalAddress);
        Assert.Equal(IPAddress.Loopback, socket.Information.RemoteAddress);
        Assert.Equal(server.Uri.Port, socket.Information.RemotePort);
    }

    [Fact]
    public async Task HandshakeHeaders_have_every_value_of_a_successful_answer()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync(new HandshakeAnswer { Headers = [("X-Two", "a"), ("X-Two", "b")] });
            await connection.SinkAsync();
        });
        using MessageWebSocket socket = new();

        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

        Assert.Equal(["a", "b"], socket.Information.HandshakeHeaders["x-two"]);
    }

    [Fact]
    public async Task Information_of_a_failed_connect_does_not_leak_into_the_next_one()
    {
        await using RawServer expired = RawServer.Start(
            connection => connection.DrainBytesAsync(), new RawServerOptions { Tls = new RawTlsOptions(certificates.Expired) });
        await using FaultServer garbage = FaultServer.Start(Faults.Named("garbage-bytes"));
        await using FaultServer refusing = FaultServer.Start(Faults.Named("status-403"));
        using RefusedPort dead = new();
        await using TestWebSocketServer server = await StartServerAsync();
        using MessageWebSocket socket = new() { Control = { TrustedRoots = certificates.Roots, SupportedProtocols = { "one" } } };

        MessageWebSocketException first = await ConnectFailure.OfAsync(socket, expired.Uri);
        Assert.NotNull(socket.Information.ServerCertificate);
        MessageWebSocketException second = await ConnectFailure.OfAsync(socket, garbage.Uri);
        Assert.Null(socket.Information.ServerCertificate);
        Assert.Empty(socket.Information.ServerCertificateErrors);
        Assert.Equal(SocketSslErrorSeverity.None, socket.Information.ServerCertificateErrorSeverity);
        MessageWebSocketException third = await ConnectFailure.OfAsync(socket, refusing.Uri);
        MessageWebSocketException fourth = await ConnectFailure.OfAsync(socket, dead.Uri);
        Assert.Null(socket.Information.HandshakeStatusCode);
        Assert.Empty(socket.Information.HandshakeHeaders);
        Assert.Null(socket.Information.LocalAddress);
        Assert.Null(socket.Information.ConnectTimings!.Upgrade);
        socket.Control.SupportedProtocols[0] = "two";
        await socket.ConnectAsync(server.At("subprotocol?supports=two"), TestContext.Current.CancellationToken);

        Assert.Equal(
            [
                WebErrorStatus.CertificateExpired,
                WebErrorStatus.ErrorHttpInvalidServerResponse,
                WebErrorStatus.Forbidden,
                WebErrorStatus.CannotConnect,
            ],
            ((MessageWebSocketException[])[first, second, third, fourth]).Select(e => e.Status));
        Assert.Equal("two", socket.Information.Protocol);
        Assert.Equal(HttpStatusCode.SwitchingProtocols, socket.Information.HandshakeStatusCode);
    }

    [Fact]
    public async Task Cookies_are_sent_and_filled()
    {
        await using TestWebSocketServer server = await StartServerAsync();
        CookieContainer jar = new();
        jar.Add(new Cookie("mine", "1", "/", "127.0.0.1"));
        jar.Add(new Cookie("other", "s3cret", "/", "elsewhere.example"));
        using MessageWebSocket first = new() { Control = { Cookies = jar } };
        using MessageWebSocket second = new() { Control = { Cookies = jar } };
        using MessageWebSocket without = new();

        await first.ConnectAsync(server.At("cookie?name=theirs&value=2"), TestContext.Current.CancellationToken);
        await second.ConnectAsync(server.At("cookie"), TestContext.Current.CancellationToken);
        await without.ConnectAsync(server.At("cookie"), TestContext.Current.CancellationToken);

        Assert.Equal("mine=1", (await first.ReceiveAsync(TestContext.Current.CancellationToken))?.Text);
        Assert.Equal("mine=1; theirs=2", (await second.ReceiveAsync(TestContext.Current.CancellationToken))?.Text);
        Assert.Equal("", (await without.ReceiveAsync(TestContext.Current.CancellationToken))?.Text);
    }

    [Fact]
    public async Task Cookies_go_back_byte_for_byte_as_they_came()
    {
        List<string?> sent = [];
        await using RawServer server = RawServer.Start(async connection =>
        {
            sent.Add((await connection.ReadRequestAsync()).Headers.GetValueOrDefault("Cookie"));
            await connection.AcceptHandshakeAsync(new HandshakeAnswer());
        });
        await using RawServer giver = RawServer.Start(async connection =>
        {
            string head = RawConnection.HandshakeHead(await connection.ReadRequestAsync(), new HandshakeAnswer());
            await connection.SendBytesAsync(head[..^2] + "Set-Cookie: name=Ren\u00E9; path=/\r\n\r\n");
        });
        CookieContainer jar = new();
        using MessageWebSocket first = new() { Control = { Cookies = jar } };
        using MessageWebSocket second = new() { Control = { Cookies = jar } };

        await first.ConnectAsync(giver.Uri, TestContext.Current.CancellationToken);
        await second.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

        Assert.Equal("name=Ren\u00E9", Assert.Single(sent));
    }

    [Fact]
    public async Task Cookies_that_no_header_can_carry_are_refused_before_anything_is_sent()
    {
        await using RawServer server = RawServer.Start(static connection => connection.AcceptHandshakeAsync());
        CookieContainer jar = new();
        jar.Add(new Cookie("name", "Zden\u011Bk", "/", "127.0.0.1"));
        using MessageWebSocket socket = new() { Control = { Cookies = jar } };

        MessageWebSocketException refused = await Assert.ThrowsAsync<MessageWebSocketException>(
            () => socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken));

        Assert.Equal(HResults.CannotConnect, refused.HResult);
        Assert.Contains("a cookie", refused.Message, StringComparison.Ordinal);
        Assert.EndsWith("for example with Uri.EscapeDataString.", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Zden", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cookies_that_are_secure_go_over_wss_only_and_join_a_Cookie_header()
    {
        await using TestWebSocketServer server = await StartServerAsync();
        CookieContainer jar = new();
        jar.Add(new Cookie("secure", "1", "/", "localhost") { Secure = true });
        using MessageWebSocket tls = new() { Control = { Cookies = jar, TrustedRoots = certificates.Roots } };
        using MessageWebSocket plain = new() { Control = { Cookies = jar } };
        tls.SetRequestHeader("Cookie", "header=2");

        await tls.ConnectAsync(server.SecureAt("cookie"), TestContext.Current.CancellationToken);
        await plain.ConnectAsync(new Uri($"ws://localhost:{server.Uri.Port}/cookie"), TestContext.Current.CancellationToken);

        Assert.Equal(
            ["header=2", "secure=1"],
            (await tls.ReceiveAsync(TestContext.Current.CancellationToken))!.Text.Split("; ").Order(StringComparer.Ordinal));
        Assert.DoesNotContain("secure", (await plain.ReceiveAsync(TestContext.Current.CancellationToken))?.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task HttpVersion_2_opens_the_WebSocket_over_an_extended_CONNECT()
    {
        await using TestWebSocketServer server = await StartServerAsync();
        using MessageWebSocket socket = new()
        {
            Control = { HttpVersion = HttpVersion.Version20, TrustedRoots = certificates.Roots, SupportedProtocols = { "two" } },
        };
        int raised = 0;
        socket.ServerCustomValidationRequested += (_, _) => raised++;

        await socket.ConnectAsync(server.SecureAt("subprotocol?supports=two"), TestContext.Current.CancellationToken);
        await socket.SendAsync("over two", TestContext.Current.CancellationToken);

        Assert.Equal("over two", (await socket.ReceiveAsync(TestContext.Current.CancellationToken))?.Text);
        Assert.Equal(HttpStatusCode.OK, socket.Information.HandshakeStatusCode);
        Assert.Equal("two", socket.Information.Protocol);
        Assert.Equal(1, raised);
    }

    [Fact]
    public async Task HttpVersion_2_is_seen_as_HTTP_2_by_the_server_and_works_through_a_proxy()
    {
        await using TestWebSocketServer server = await StartServerAsync();
        await using HttpConnectProxy proxy = HttpConnectProxy.Start();
        using MessageWebSocket socket = new()
        {
            Control = { HttpVersion = HttpVersion.Version20, TrustedRoots = certificates.Roots, Proxy = proxy.Uri },
        };

        await socket.ConnectAsync(server.SecureAt("connection"), TestContext.Current.CancellationToken);

        Assert.Contains("HTTP/2", (await socket.ReceiveAsync(TestContext.Current.CancellationToken))?.Text, StringComparison.Ordinal);
        Assert.Equal([server.SecureUri!.Authority], proxy.Targets);
    }

    [Fact]
    public async Task HttpVersion_2_tells_a_404_and_a_server_that_speaks_HTTP_1_only()
    {
        await using TestWebSocketServer server = await StartServerAsync();
        await using RawServer old = RawServer.Start(
            connection => connection.DrainBytesAsync(), new RawServerOptions { Tls = new RawTlsOptions(certificates.Server) });
        using MessageWebSocket socket = new() { Control = { HttpVersion = HttpVersion.Version20, TrustedRoots = certificates.Roots } };

        MessageWebSocketException missing = await ConnectFailure.OfAsync(socket, server.SecureAt("status/404"));
        MessageWebSocketException tooOld = await ConnectFailure.OfAsync(socket, old.Uri);

        missing.Is(WebErrorStatus.NotFound, 0x80190194);
        Assert.Equal("This is status 404.", missing.ResponseBody);
        tooOld.Is(WebErrorStatus.ErrorHttpInvalidServerResponse, 0x80072F78, "does not offer WebSockets over HTTP/2", "Use HTTP 1.1");
    }

    // What a server that speaks no HTTP/2 answers, and one that does and breaks off: GOAWAY with HTTP_1_1_REQUIRED, SETTINGS of a wrong
    // length (RFC 9113 sections 6.5 and 6.8).
    [Theory]
    [InlineData("485454502f312e31203430302042616420526571756573740d0a0d0a")]
    [InlineData("5353482d322e302d6f6c640d0a")]
    [InlineData("0000000400000000000000080700000000000000000000000d")]
    [InlineData("000003040000000000010203")]
    public async Task HttpVersion_2_tells_what_a_server_that_does_not_speak_it_did(string answer)
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.SendBytesAsync(Convert.FromHexString(answer));
            await connection.DrainBytesAsync();
        });
        using MessageWebSocket socket = new() { Control = { HttpVersion = HttpVersion.Version20 } };
        await using StreamWebSocket stream = new() { Control = { HttpVersion = HttpVersion.Version20 } };

        MessageWebSocketException[] failures =
        [
            await ConnectFailure.OfAsync(socket, server.Uri),
            await Assert.ThrowsAsync<MessageWebSocketException>(
                () => stream.ConnectAsync(server.Uri, TestContext.Current.CancellationToken)),
        ];

        Assert.All(failures, static failure => failure.Is(
            WebErrorStatus.ErrorHttpInvalidServerResponse,
            0x80072F78,
            "does not offer WebSockets over HTTP/2 (RFC 8441)",
            "Use HTTP 1.1, the default."));
    }

    private Task<TestWebSocketServer> StartServerAsync() =>
        TestWebSocketServer.StartAsync(new TestServerOptions { Certificate = certificates.Server });
}
