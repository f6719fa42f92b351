using System.Net;
using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Handshake;

public sealed class RedirectTests(TestCertificates certificates) : IClassFixture<TestCertificates>
{
    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task MaximumRedirection_lets_a_redirect_be_followed(int status)
    {
        await using RawServer target = RawServer.Start(AcceptAsync);
        await using RawServer first = RedirectTo(
            () => target.Uri.AbsoluteUri.Replace("ws:", "http:", StringComparison.Ordinal) + "there?x=1#part", status);
        using MessageWebSocket socket = new();
        socket.Control.MaximumRedirection = 1;

        await socket.ConnectAsync(first.Uri, TestContext.Current.CancellationToken);

        Assert.Equal("/there?x=1", target.Connections[0].Request!.Target);
        Assert.Equal(new Uri(target.Uri, "/there?x=1"), socket.Information.ResponseUri);
        Assert.Equal(first.Uri, socket.Uri);
        Assert.Equal(HttpStatusCode.SwitchingProtocols, socket.Information.HandshakeStatusCode);
        Assert.Equal(target.EndPoint.Port, socket.Information.RemotePort);
    }

    [Theory]
    [InlineData("/elsewhere")]
    [InlineData("elsewhere")]
    public async Task MaximumRedirection_follows_a_relative_address_on_the_same_server_with_all_headers(string location)
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            RawRequest request = await connection.ReadRequestAsync();
            if (request.Path == "/")
            {
                await connection.SendResponseAsync(302, "", ("Location", location));
                return;
            }

            await AcceptAsync(connection);
        });
        using MessageWebSocket socket = new();
        socket.Control.MaximumRedirection = 5;
        socket.SetRequestHeader("X-Key", "mine");

        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

        RawRequest last = server.Connections[^1].Request!;
        Assert.Equal("/elsewhere", last.Target);
        Assert.Equal("mine", last.Headers["X-Key"]);
    }

    [Fact]
    public async Task MaximumRedirection_is_0_by_default_so_that_nothing_is_followed()
    {
        await using RawServer target = RawServer.Start(AcceptAsync);
        await using RawServer first = RedirectTo(() => target.Uri.AbsoluteUri);
        using MessageWebSocket socket = new();

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, first.Uri);

        failure.Is(WebErrorStatus.Found, 0x8019012E, "MaximumRedirection");
        Assert.Equal(0, socket.Control.MaximumRedirection);
        Assert.Equal([target.Uri.AbsoluteUri], failure.ResponseHeaders!["Location"]);
        Assert.Empty(target.Connections);
    }

    [Theory]
    [InlineData("/there", "/there", true)]
    [InlineData("/there", "/elsewhere", false)]
    [InlineData("", "/there", false)]
    public async Task Several_Location_headers_are_followed_only_where_they_say_the_same(string first, string second, bool isFollowed)
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            if ((await connection.ReadRequestAsync()).Path == "/")
            {
                await connection.SendResponseAsync(302, "", ("Location", first), ("Location", second));
                return;
            }

            await AcceptAsync(connection);
        });
        using MessageWebSocket socket = new();
        socket.Control.MaximumRedirection = 5;
        if (isFollowed)
        {
            await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);
            Assert.Equal(first, server.Connections[^1].Request!.Path);
            return;
        }

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);
        failure.Is(WebErrorStatus.Found, 0x8019012E, "It redirects to several addresses at once (its Location headers differ)");
        Assert.Single(server.Connections);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task MaximumRedirection_ends_a_redirect_loop(int most)
    {
        await using FaultServer server = FaultServer.Start(Faults.Named("redirect-loop"));
        using MessageWebSocket socket = new();
        socket.Control.MaximumRedirection = most;

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(WebErrorStatus.RedirectFailed, 0x80072F7C, $"redirected {most} times", "redirects to itself");
        Assert.DoesNotContain("Raise MaximumRedirection", failure.Message, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Found, failure.HttpStatusCode);
        Assert.Equal("Round and round.", failure.ResponseBody);
        Assert.Equal(HttpStatusCode.Found, socket.Information.HandshakeStatusCode);
        Assert.Equal(most + 1, server.Raw!.Connections.Count);
    }

    [Fact]
    public async Task MaximumRedirection_never_leads_from_wss_to_ws()
    {
        await using FaultServer server = FaultServer.Start(Faults.Named("redirect-to-http-from-https"), certificates);
        using MessageWebSocket socket = new();
        socket.Control.MaximumRedirection = 5;
        socket.Control.TrustedRoots = certificates.Roots;

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(WebErrorStatus.Found, 0x8019012E, "from TLS to plain text", "never followed");
        Assert.Equal("Drop your guard.", failure.ResponseBody);
        Assert.Single(server.Raw!.Connections);
    }

    [Theory]
    [InlineData("ws")]
    [InlineData("http")]
    public async Task MaximumRedirection_never_leads_from_wss_to_plain_text_whatever_its_scheme(string scheme)
    {
        await using RawServer plain = RawServer.Start(AcceptAsync);
        await using RawServer secure = RedirectTo(() => $"{scheme}://{plain.EndPoint}/", tls: true);
        using MessageWebSocket socket = new();
        socket.Control.MaximumRedirection = 5;
        socket.Control.TrustedRoots = certificates.Roots;

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, secure.Uri);

        failure.Is(WebErrorStatus.Found, 0x8019012E, "from TLS to plain text");
        Assert.Empty(plain.Connections);
    }

    [Fact]
    public async Task MaximumRedirection_leads_from_ws_to_wss_without_what_was_entrusted_to_ws()
    {
        await using RawServer secure = RawServer.Start(AcceptAsync, new RawServerOptions { Tls = new RawTlsOptions(certificates.Server) });
        await using RawServer plain = RedirectTo(() => $"https://localhost:{secure.EndPoint.Port}/");
        using MessageWebSocket socket = new();
        socket.Control.MaximumRedirection = 1;
        socket.Control.TrustedRoots = certificates.Roots;
        socket.SetRequestHeader("X-Key", "mine");

        await socket.ConnectAsync(plain.Uri, TestContext.Current.CancellationToken);

        Assert.NotNull(socket.Information.ServerCertificate);
        Assert.DoesNotContain("X-Key", secure.Connections[0].Request!.Headers.Keys);
    }

    [Theory]
    [InlineData("ftp://127.0.0.1/", "begins with ftp:")]
    [InlineData("file:///etc/passwd", "begins with file:")]
    [InlineData("ws://user:s3cret@127.0.0.1/", "a user name in it")]
    public async Task MaximumRedirection_does_not_lead_to_what_is_no_WebSocket_address(string location, string why)
    {
        await using RawServer server = RedirectTo(() => location);
        using MessageWebSocket socket = new();
        socket.Control.MaximumRedirection = 5;

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(WebErrorStatus.Found, 0x8019012E, why);
        Assert.DoesNotContain("s3cret", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SetRequestHeader_values_and_ServerCredential_never_follow_a_redirect_to_another_origin()
    {
        // The other origin challenges, so that a credential would be sent if there still were one.
        await using RawServer other = RawServer.Start(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendResponseAsync(401, "Who are you?", ("WWW-Authenticate", "Basic realm=\"other\""));
        });
        await using RawServer first = RedirectTo(() => other.Uri.AbsoluteUri);
        using MessageWebSocket socket = new();
        socket.Control.MaximumRedirection = 5;
        socket.Control.ServerCredential = new NetworkCredential("user", "s3cret");
        socket.SetRequestHeader("Authorization", "Bearer s3cret");
        socket.SetRequestHeader("Cookie", "session=s3cret");
        socket.SetRequestHeader("X-Api-Key", "s3cret");

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, first.Uri);

        failure.Is(WebErrorStatus.Unauthorized, 0x80190191);
        Assert.Contains("X-Api-Key: s3cret", first.Connections[0].Request!.Head, StringComparison.Ordinal);
        Assert.NotEmpty(other.Connections);
        Assert.All(other.Connections, connection => Assert.DoesNotContain("s3cret", connection.Request!.Head, StringComparison.Ordinal));
        Assert.All(
            other.Connections,
            connection => Assert.DoesNotContain("Authorization", connection.Request!.Head, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("v1,base64url.bearer.authorization.k8s.io.s3cret,v2", "v1, v2", "v2")]
    [InlineData("access_token,s3cret,v2", "v2", "v2")]
    [InlineData("bearer.s3cret", null, null)]
    public async Task SupportedProtocols_that_carry_a_token_never_follow_a_redirect_to_another_origin(
        string given, string? offered, string? agreed)
    {
        await using RawServer other = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync(new HandshakeAnswer { SubProtocol = agreed });
            await connection.SinkAsync();
        });
        await using RawServer first = RedirectTo(() => other.Uri.AbsoluteUri);
        using MessageWebSocket socket = Offering(given);

        await socket.ConnectAsync(first.Uri, TestContext.Current.CancellationToken);

        Assert.Equal(given.Replace(",", ", ", StringComparison.Ordinal), first.Connections[0].Request!.Headers["Sec-WebSocket-Protocol"]);
        Assert.Equal(offered, other.Connections[0].Request!.Headers.GetValueOrDefault("Sec-WebSocket-Protocol"));
        Assert.Equal(agreed ?? "", socket.Information.Protocol);
    }

    [Fact]
    public async Task A_subprotocol_that_another_origin_was_not_offered_is_none_that_it_may_choose()
    {
        await using RawServer other = RawServer.Start(
            connection => connection.AcceptHandshakeAsync(new HandshakeAnswer { SubProtocol = "bearer.s3cret" }));
        await using RawServer first = RedirectTo(() => other.Uri.AbsoluteUri);
        using MessageWebSocket socket = Offering("v1,bearer.s3cret");

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, first.Uri);

        Assert.Contains("which is not one of those offered (v1)", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RequireSubProtocol_says_that_a_token_is_not_offered_to_another_origin()
    {
        await using RawServer other = RawServer.Start(AcceptAsync);
        await using RawServer first = RedirectTo(() => other.Uri.AbsoluteUri);
        using MessageWebSocket socket = Offering("bearer.s3cret");
        socket.Control.RequireSubProtocol = true;

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, first.Uri);

        Assert.Contains("was offered no subprotocol", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SupportedProtocols_with_a_token_do_follow_a_redirect_within_the_origin()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            if ((await connection.ReadRequestAsync()).Path == "/")
            {
                await connection.SendResponseAsync(302, "", ("Location", "/there"));
                return;
            }

            await connection.AcceptHandshakeAsync();
            await connection.SinkAsync();
        });
        using MessageWebSocket socket = Offering("v1,bearer.s3cret");

        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

        Assert.Equal("v1, bearer.s3cret", server.Connections[^1].Request!.Headers["Sec-WebSocket-Protocol"]);
    }

    [Fact]
    public async Task SetRequestHeader_values_stay_away_when_a_redirect_leads_back_to_the_first_origin()
    {
        RawServer? first = null;
        await using RawServer other = RedirectTo(() => first!.Uri + "back");
        await using RawServer home = first = RawServer.Start(async connection =>
        {
            if ((await connection.ReadRequestAsync()).Path == "/")
            {
                await connection.SendResponseAsync(302, "", ("Location", other.Uri.AbsoluteUri));
                return;
            }

            await AcceptAsync(connection);
        });
        using MessageWebSocket socket = new();
        socket.Control.MaximumRedirection = 5;
        socket.SetRequestHeader("X-Api-Key", "s3cret");

        await socket.ConnectAsync(home.Uri, TestContext.Current.CancellationToken);

        RawRequest last = home.Connections[^1].Request!;
        Assert.Equal("/back", last.Target);
        Assert.DoesNotContain("X-Api-Key", last.Headers.Keys);
    }

    [Fact]
    public async Task ClientCertificate_never_follows_a_redirect_to_another_origin()
    {
        RawTlsOptions asking = new(certificates.Server) { RequireClientCertificate = true };
        await using RawServer other = RawServer.Start(AcceptAsync, new RawServerOptions { Tls = asking });
        string? presented = null;
        await using RawServer first = RawServer.Start(
            async connection =>
            {
                await connection.ReadRequestAsync();
                presented = connection.Tls!.RemoteCertificate!.Subject;
                await connection.SendResponseAsync(302, "", ("Location", other.Uri.AbsoluteUri));
            },
            new RawServerOptions { Tls = asking });
        using MessageWebSocket socket = new();
        socket.Control.MaximumRedirection = 5;
        socket.Control.TrustedRoots = certificates.Roots;
        socket.Control.ClientCertificate = certificates.Client;

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, first.Uri);

        failure.Is(WebErrorStatus.CannotConnect, 0x80072F7D, "client certificate");
        Assert.Equal(certificates.Client.Subject, presented);
        Assert.Empty(other.Connections);
    }

    [Fact]
    public async Task Information_tells_of_the_last_address_when_a_redirect_leads_to_a_dead_one()
    {
        using RefusedPort dead = new();
        await using RawServer first = RedirectTo(() => dead.Uri.AbsoluteUri);
        using MessageWebSocket socket = new();
        socket.Control.MaximumRedirection = 1;

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, first.Uri);

        failure.Is(WebErrorStatus.CannotConnect, 0x80072EFD, dead.Uri.Authority, "connection refused");
        Assert.Null(socket.Information.HandshakeStatusCode);
        Assert.Null(socket.Information.RemoteAddress);
    }

    [Fact]
    public async Task A_timeout_behind_a_redirect_names_the_address_that_is_silent()
    {
        await using RawServer silent = RawServer.Start(static connection => connection.HoldAsync());
        await using RawServer first = RedirectTo(() => silent.Uri.AbsoluteUri);
        using MessageWebSocket socket = new();
        socket.Control.MaximumRedirection = 1;

        MessageWebSocketException failure = await ConnectFailure.OfTimeoutAsync(
            socket, first.Uri, $"{silent.Uri}, where ws://{first.Uri.Authority}/ redirected: no WebSocket within");

        Assert.Equal(silent.Uri, failure.PeerUri);
    }

    // Follows one redirect.
    private static MessageWebSocket Offering(string protocols)
    {
        MessageWebSocket socket = new();
        socket.Control.MaximumRedirection = 1;
        foreach (string name in protocols.Split(','))
        {
            socket.Control.SupportedProtocols.Add(name);
        }

        return socket;
    }

    private static async Task AcceptAsync(RawConnection connection)
    {
        await connection.AcceptHandshakeAsync();
        await connection.SinkAsync();
    }

    private RawServer RedirectTo(Func<string> location, int status = 302, bool tls = false) => RawServer.Start(
        async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendResponseAsync(status, "", ("Location", location()));
        },
        new RawServerOptions { Tls = tls ? new RawTlsOptions(certificates.Server) : null });
}
