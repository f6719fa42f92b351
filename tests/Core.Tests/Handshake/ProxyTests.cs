using System.Diagnostics;
using System.Net;
using MessageWebSockets.Examples;
using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Handshake;

public sealed class ProxyTests(TestCertificates certificates) : IClassFixture<TestCertificates>
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Proxy_over_HTTP_is_asked_to_CONNECT(bool tls)
    {
        await using HttpConnectProxy proxy = HttpConnectProxy.Start();
        await using TestWebSocketServer server = await StartServerAsync();
        using MessageWebSocket socket = Through(proxy.Uri);
        Uri uri = tls ? server.SecureAt("echo") : server.At("echo");

        await socket.ConnectAsync(uri, TestContext.Current.CancellationToken);
        await EchoAsync(socket);

        Assert.Equal([uri.Authority], proxy.Targets);
        Assert.Empty(proxy.OtherRequests);
        Assert.Equal(proxy.Uri.Port, socket.Information.RemotePort);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ProxyCredential_answers_a_407_challenge_and_the_server_never_sees_it(bool tls)
    {
        await using HttpConnectProxy proxy = HttpConnectProxy.Start("proxy-user", "pr0xy");
        await using TestWebSocketServer server = await StartServerAsync();
        using MessageWebSocket socket = Through(proxy.Uri);
        socket.Control.ProxyCredential = new NetworkCredential("proxy-user", "pr0xy");

        await socket.ConnectAsync(tls ? server.SecureAt("headers") : server.At("headers"), TestContext.Current.CancellationToken);

        Assert.DoesNotContain(
            "Proxy-", (await socket.ReceiveAsync(TestContext.Current.CancellationToken))!.Text, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(1, proxy.Challenges);
        Assert.Single(proxy.Targets);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ProxyCredential_that_is_missing_or_wrong_is_told_as_the_407_of_the_proxy(bool wrong)
    {
        await using HttpConnectProxy proxy = HttpConnectProxy.Start("proxy-user", "pr0xy");
        using MessageWebSocket socket = Through(proxy.Uri);
        socket.Control.ProxyCredential = wrong ? new NetworkCredential("proxy-user", "s3cret") : null;

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, new Uri("ws://server.invalid/"));

        failure.Is(
            WebErrorStatus.ProxyAuthenticationRequired,
            0x80190197,
            $"the proxy {proxy.Uri} answered 407",
            "as the proxy credential");
        Assert.Equal(HttpStatusCode.ProxyAuthenticationRequired, failure.HttpStatusCode);
        Assert.DoesNotContain("s3cret", failure.Message, StringComparison.Ordinal);
        Assert.Empty(proxy.Targets);
    }

    [Fact]
    public async Task ProxyCredential_and_ServerCredential_work_together()
    {
        await using HttpConnectProxy proxy = HttpConnectProxy.Start("proxy-user", "pr0xy");
        await using TestWebSocketServer server = await StartServerAsync();
        using MessageWebSocket socket = Through(proxy.Uri);
        socket.Control.ProxyCredential = new NetworkCredential("proxy-user", "pr0xy");
        socket.Control.ServerCredential = new NetworkCredential("user", "pass");

        await socket.ConnectAsync(server.SecureAt("basic"), TestContext.Current.CancellationToken);

        await EchoAsync(socket);
    }

    [Theory]
    [InlineData(403, WebErrorStatus.Forbidden, 0x80190193u)]
    [InlineData(502, WebErrorStatus.BadGateway, 0x801901F6u)]
    public async Task Proxy_that_refuses_the_tunnel_is_told_with_its_status(int status, WebErrorStatus webStatus, uint hresult)
    {
        await using RawServer proxy = RawServer.Start(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendResponseAsync(status, "No.");
        });
        using MessageWebSocket socket = Through(new Uri($"http://{proxy.EndPoint}/"));

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, new Uri("ws://server.invalid/path?token=s3cret"));

        failure.Is(
            webStatus,
            hresult,
            "Cannot connect to ws://server.invalid/path",
            $"the proxy http://{proxy.EndPoint}/ answered {status}",
            "Does the proxy allow");
        Assert.DoesNotContain("s3cret", failure.Message, StringComparison.Ordinal);
        Assert.Equal(status, (int?)failure.HttpStatusCode);
        Assert.Null(socket.Information.HandshakeStatusCode);
    }

    [Theory]
    [InlineData("http")]
    [InlineData("socks5")]
    public async Task Proxy_that_nobody_runs_is_told_as_such(string scheme)
    {
        using RefusedPort dead = new();
        using MessageWebSocket socket = Through(new Uri($"{scheme}://{dead.Uri.Authority}/"));

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, new Uri("ws://server.invalid/"));

        failure.Is(
            WebErrorStatus.CannotConnect,
            0x80072EFD,
            $"ws://server.invalid/ through the proxy {scheme}://{dead.Uri.Authority}",
            "connection refused",
            "proxy running");
    }

    [Fact]
    public async Task Proxy_with_an_unknown_name_is_told_with_that_name()
    {
        using MessageWebSocket socket = Through(new Uri("http://no-such-proxy.invalid:8080/"));

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, new Uri("ws://127.0.0.1:9/"));

        failure.Is(WebErrorStatus.HostNameNotResolved, 0x80072EE7, "the name no-such-proxy.invalid is not known", "through the proxy");
    }

    [Fact]
    public async Task UseProxy_false_goes_past_the_proxy()
    {
        await using HttpConnectProxy proxy = HttpConnectProxy.Start();
        await using TestWebSocketServer server = await StartServerAsync();
        using MessageWebSocket socket = Through(proxy.Uri);
        socket.Control.UseProxy = false;

        await socket.ConnectAsync(server.At("echo"), TestContext.Current.CancellationToken);

        Assert.Empty(proxy.Targets);
        Assert.Equal(server.Uri.Port, socket.Information.RemotePort);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task Proxy_over_SOCKS5_works_with_and_without_credentials(bool tls, bool credentials)
    {
        await using Socks5Proxy proxy = credentials ? Socks5Proxy.Start("proxy-user", "pr0xy") : Socks5Proxy.Start();
        await using TestWebSocketServer server = await StartServerAsync();
        using MessageWebSocket socket = Through(proxy.Uri);
        socket.Control.ProxyCredential = credentials ? new NetworkCredential("proxy-user", "pr0xy") : null;
        Uri uri = tls ? server.SecureAt("echo") : server.At("echo");

        await socket.ConnectAsync(uri, TestContext.Current.CancellationToken);
        await EchoAsync(socket);

        Assert.Equal([uri.Authority], proxy.Targets);
        Assert.Equal(0, proxy.Refusals);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Proxy_over_SOCKS4_works_and_with_4a_resolves_the_name(bool tls, bool proxyResolves)
    {
        await using Socks4Proxy proxy = Socks4Proxy.Start();
        await using TestWebSocketServer server = await StartServerAsync();
        using MessageWebSocket socket = Through(proxyResolves ? proxy.NamingUri : proxy.Uri);
        Uri uri = new UriBuilder(tls ? server.SecureAt("echo") : server.At("echo")) { Host = "localhost" }.Uri;

        await socket.ConnectAsync(uri, TestContext.Current.CancellationToken);
        await EchoAsync(socket);

        Assert.Equal([$"{(proxyResolves ? "localhost" : "127.0.0.1")}:{uri.Port}"], proxy.Targets);
    }

    [Fact]
    public async Task Proxy_over_SOCKS4_that_does_not_reach_the_server_is_told()
    {
        using RefusedPort dead = new();
        await using Socks4Proxy proxy = Socks4Proxy.Start();
        using MessageWebSocket socket = Through(proxy.Uri);

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, dead.Uri);

        failure.Is(WebErrorStatus.CannotConnect, 0x80072EFD, $"through the proxy {proxy.Uri}");
    }

    [Theory]
    [InlineData("http_proxy", "", 1)]
    [InlineData("https_proxy", "", 0)]
    [InlineData("all_proxy", "", 1)]
    [InlineData("http_proxy", "127.0.0.1", 0)]
    public async Task Proxy_of_the_environment_is_used_when_none_is_given(string variable, string except, int connections)
    {
        // The framework reads the environment once a process, so it takes another one.
        Assert.SkipWhen(OperatingSystem.IsWindows(), "On Windows the settings of the user come first.");
        await using HttpConnectProxy proxy = HttpConnectProxy.Start();
        await using TestWebSocketServer server = await StartServerAsync();
        ProcessStartInfo start = new("dotnet", [typeof(ClassicSample).Assembly.Location, server.At("echo").ToString()])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string name in start.Environment.Keys.Where(name => name.EndsWith("_proxy", StringComparison.OrdinalIgnoreCase)).ToArray())
        {
            start.Environment.Remove(name);
        }

        start.Environment[variable] = proxy.Uri.ToString();
        start.Environment["no_proxy"] = except;
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();

        Assert.True(process.ExitCode == 0, output + await errors);
        Assert.Equal(connections, proxy.Targets.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ProxyCredential_that_a_SOCKS5_proxy_refuses_is_told(bool wrong)
    {
        await using Socks5Proxy proxy = Socks5Proxy.Start("proxy-user", "pr0xy");
        using MessageWebSocket socket = Through(proxy.Uri);
        socket.Control.ProxyCredential = wrong ? new NetworkCredential("proxy-user", "s3cret") : null;

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, new Uri("ws://server.invalid/"));

        failure.Is(WebErrorStatus.CannotConnect, 0x80072EFD, $"through the proxy {proxy.Uri}");
        Assert.DoesNotContain("s3cret", failure.Message, StringComparison.Ordinal);
        Assert.Empty(proxy.Targets);
    }

    [Fact]
    public async Task Proxy_over_SOCKS5_that_does_not_reach_the_server_is_told()
    {
        using RefusedPort dead = new();
        await using Socks5Proxy proxy = Socks5Proxy.Start();
        using MessageWebSocket socket = Through(proxy.Uri);

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, dead.Uri);

        failure.Is(WebErrorStatus.CannotConnect, 0x80072EFD, $"through the proxy {proxy.Uri}");
    }

    [Fact]
    public async Task Proxy_over_HTTPS_is_told_from_the_server_though_both_have_one_name()
    {
        string? shownToProxy = "none yet";
        await using TestWebSocketServer server = await StartServerAsync();
        await using RawServer proxy = SecureProxy(
            server.SecureUri!.Port, connection => shownToProxy = connection.Tls!.RemoteCertificate?.Subject);
        using MessageWebSocket socket = Through(new Uri($"https://localhost:{proxy.EndPoint.Port}/"));
        socket.Control.ClientCertificate = certificates.Client;
        List<string> validated = [];
        socket.ServerCustomValidationRequested += (_, args) => validated.Add(args.ServerCertificate.Thumbprint);

        await socket.ConnectAsync(server.SecureAt("echo"), TestContext.Current.CancellationToken);
        await EchoAsync(socket);

        Assert.Equal(certificates.Server.Leaf.Thumbprint, socket.Information.ServerCertificate?.Thumbprint);
        Assert.Equal([certificates.Server.Leaf.Thumbprint], validated);
        Assert.Null(shownToProxy);
    }

    [Fact]
    public async Task Proxy_over_HTTPS_with_an_invalid_certificate_is_refused_whatever_the_server_is_allowed()
    {
        await using RawServer proxy = RawServer.Start(
            connection => connection.DrainBytesAsync(), new RawServerOptions { Tls = new RawTlsOptions(certificates.Expired) });
        using MessageWebSocket socket = Through(new Uri($"https://localhost:{proxy.EndPoint.Port}/"));
        socket.Control.IgnorableServerCertificateErrors.Add(ChainValidationResult.Expired);

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, new Uri("wss://localhost:9/"));

        failure.Is(
            WebErrorStatus.CannotConnect,
            0x80072F7D,
            $"the proxy https://localhost:{proxy.EndPoint.Port}/",
            "The certificate of the proxy",
            "Expired");
        Assert.Null(socket.Information.ServerCertificate);
    }

    [Theory]
    [InlineData("ftp://127.0.0.1:1/")]
    [InlineData("ws://127.0.0.1:1/")]
    [InlineData("http://user:pass@127.0.0.1:1/")]
    public void Proxy_refuses_other_schemes_and_user_information(string address)
    {
        using MessageWebSocket socket = new();

        Assert.Throws<ArgumentException>(() => socket.Control.Proxy = new Uri(address));
    }

    private static async Task EchoAsync(MessageWebSocket socket)
    {
        await socket.SendAsync("through", TestContext.Current.CancellationToken);
        Assert.Equal("through", (await socket.ReceiveAsync(TestContext.Current.CancellationToken))?.Text);
    }

    private Task<TestWebSocketServer> StartServerAsync() =>
        TestWebSocketServer.StartAsync(new TestServerOptions { Certificate = certificates.Server });

    private MessageWebSocket Through(Uri proxy)
    {
        MessageWebSocket socket = new();
        socket.Control.Proxy = proxy;
        socket.Control.TrustedRoots = certificates.Roots;
        return socket;
    }

    private RawServer SecureProxy(int targetPort, Action<RawConnection> look) => RawServer.Start(
        async connection =>
        {
            look(connection);
            await connection.ReadRequestAsync();
            await Tunnel.RunAsync(connection, targetPort);
        },
        new RawServerOptions { Tls = new RawTlsOptions(certificates.ServerRsa) });
}
