using System.Net;
using System.Security.Cryptography;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Reliability;
using Xunit;

namespace MessageWebSockets.Tests.Handshake;

/// <summary>What goes wrong with a proxy is told as the proxy's, and proxies of the environment are as those of the settings.</summary>
public sealed class ProxyFaultTests(TestCertificates certificates) : IClassFixture<TestCertificates>
{
    [Theory]
    [InlineData("ws", "closes", WebErrorStatus.ConnectionAborted, 0x80072EFEu, "closed the connection")]
    [InlineData("wss", "closes", WebErrorStatus.ConnectionAborted, 0x80072EFEu, "closed the connection")]
    [InlineData("ws", "resets", WebErrorStatus.ConnectionReset, 0x80072EFFu, "reset the connection")]
    [InlineData("wss", "resets", WebErrorStatus.ConnectionReset, 0x80072EFFu, "reset the connection")]
    [InlineData("ws", "ssh", WebErrorStatus.ErrorHttpInvalidServerResponse, 0x80072F78u, "is not an HTTP response")]
    [InlineData("wss", "ssh", WebErrorStatus.ErrorHttpInvalidServerResponse, 0x80072F78u, "is not an HTTP response")]
    [InlineData("ws", "headers", WebErrorStatus.ErrorHttpInvalidServerResponse, 0x80072F78u, "more than 64 KiB of headers")]
    public async Task Proxy_that_fails_is_named(string scheme, string fault, WebErrorStatus status, uint hresult, string what)
    {
        await using RawServer proxy = RawServer.Start(async connection =>
        {
            await connection.ReadRequestAsync();
            switch (fault)
            {
                case "resets":
                    connection.Reset();
                    break;
                case "ssh":
                    await connection.SendBytesAsync("SSH-2.0-OpenSSH_9.9\r\n");
                    await connection.DrainBytesAsync();
                    break;
                case "headers":
                    await connection.SendBytesAsync($"HTTP/1.1 200 OK\r\nX-Filler: {new string('x', 100 * 1024)}\r\n\r\n");
                    await connection.DrainBytesAsync();
                    break;
            }
        });
        using MessageWebSocket socket = new();
        socket.Control.Proxy = new Uri($"http://{proxy.EndPoint}/");

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, new Uri($"{scheme}://server.invalid/"));

        failure.Is(status, hresult, $"Cannot connect to {scheme}://server.invalid/: ", $"the proxy http://{proxy.EndPoint}/ ", what);
        Assert.Single(proxy.Connections);
    }

    [Theory]
    [InlineData("socks5")]
    [InlineData("socks4a")]
    public async Task Proxy_over_SOCKS_that_speaks_SSH_is_named(string scheme)
    {
        await using RawServer proxy = RawServer.Start(async connection =>
        {
            await connection.SendBytesAsync("SSH-2.0-OpenSSH_9.9\r\n");
            await connection.DrainBytesAsync();
        });
        using MessageWebSocket socket = new();
        socket.Control.Proxy = new Uri($"{scheme}://{proxy.EndPoint}/");

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, new Uri("ws://server.invalid/"));

        Assert.Contains($"the proxy {scheme}://{proxy.EndPoint}", failure.Message, StringComparison.Ordinal);
        Assert.Equal(WebErrorStatus.CannotConnect, failure.Status);
    }

    [Theory]
    [InlineData("http", "wss")]
    [InlineData("https", "ws")]
    [InlineData("socks5", "ws")]
    public async Task Proxy_that_says_nothing_is_named(string kind, string scheme)
    {
        await using RawServer proxy = RawServer.Start(connection => connection.DrainBytesAsync());
        using MessageWebSocket socket = new();
        socket.Control.Proxy = new Uri($"{kind}://{proxy.EndPoint}/");

        await ConnectFailure.OfTimeoutAsync(
            socket,
            new Uri($"{scheme}://server.invalid/"),
            $"the proxy {kind}://{proxy.EndPoint}/ took the connection and said nothing within");
    }

    [Fact]
    public async Task Proxy_is_not_named_where_the_server_behind_it_says_nothing()
    {
        bool isAsked = false;
        await using RawServer proxy = RawServer.Start(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendBytesAsync("HTTP/1.1 200 Connection established\r\n\r\n");
            await connection.ReadBytesAsync(new byte[16]);
            Volatile.Write(ref isAsked, true);
            await connection.DrainBytesAsync();
        });
        using MessageWebSocket socket = new();
        socket.Control.Proxy = new Uri($"http://{proxy.EndPoint}/");

        await ConnectFailure.OfTimeoutAsync(
            socket, new Uri("wss://server.invalid/"), "no WebSocket within", () => Volatile.Read(ref isAsked));
    }

    [Theory]
    [InlineData(401)]
    [InlineData(407)]
    public async Task Proxy_that_wants_credentials_is_told_as_such_whichever_status_it_has_for_it(int status)
    {
        await using RawServer proxy = RawServer.Start(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendBytesAsync($"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n");
            await connection.DrainBytesAsync();
        });
        using MessageWebSocket socket = new();
        socket.Control.Proxy = new Uri($"http://{proxy.EndPoint}/");

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, new Uri("ws://server.invalid/"));

        failure.Is(
            WebErrorStatus.ProxyAuthenticationRequired,
            0x80190197,
            $"the proxy http://{proxy.EndPoint}/ answered {status}",
            "as the proxy credential");
        Assert.Equal(status, (int)failure.HttpStatusCode!);
    }

    [Fact]
    public async Task Cookies_of_a_proxy_are_not_kept_and_those_of_the_server_behind_it_are()
    {
        await using RawServer proxy = RawServer.Start(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendBytesAsync("HTTP/1.1 200 Connection established\r\nSet-Cookie: ofProxy=1\r\n\r\n");
            await connection.ReadNextRequestAsync();
            await connection.AcceptHandshakeAsync(new HandshakeAnswer { Headers = [("Set-Cookie", "ofServer=2")] });
            await connection.DrainBytesAsync();
        });
        using MessageWebSocket socket = new();
        socket.Control.Proxy = new Uri($"http://{proxy.EndPoint}/");
        socket.Control.Cookies = new CookieContainer();

        await socket.ConnectAsync(new Uri("ws://server.invalid/"), TestContext.Current.CancellationToken);

        Cookie kept = Assert.Single(socket.Control.Cookies.GetAllCookies());
        Assert.Equal(("ofServer", "server.invalid"), (kept.Name, kept.Domain));
    }

    [Theory]
    [InlineData("ws", WebErrorStatus.ConnectionAborted, "closed the connection during the handshake")]
    [InlineData("wss", WebErrorStatus.CannotConnect, "TLS handshake with wss://server.invalid/ through the proxy")]
    public async Task Server_that_hangs_up_behind_a_proxy_is_blamed_itself(string scheme, WebErrorStatus status, string what)
    {
        await using RawServer proxy = RawServer.Start(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendBytesAsync("HTTP/1.1 200 Connection established\r\n\r\n");
            byte[] request = new byte[4096];
            await connection.ReadBytesAsync(request);
        });
        using MessageWebSocket socket = new();
        socket.Control.Proxy = new Uri($"http://{proxy.EndPoint}/");

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, new Uri($"{scheme}://server.invalid/"));

        Assert.Equal(status, failure.Status);
        Assert.Contains(what, failure.Message, StringComparison.Ordinal);
        Assert.Contains($"through the proxy http://{proxy.EndPoint}/", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Proxy_of_the_environment_over_HTTPS_gets_nothing_that_is_the_servers()
    {
        if (await RunsElsewhereAsync(nameof(Proxy_of_the_environment_over_HTTPS_gets_nothing_that_is_the_servers)))
        {
            return;
        }

        string? presented = "none yet";
        await using RawServer server = RawServer.Start(
            AcceptAsync, new RawServerOptions { Tls = new RawTlsOptions(certificates.ServerRsa) });
        await using RawServer proxy = RawServer.Start(
            async connection =>
            {
                presented = connection.Tls!.RemoteCertificate?.Subject;
                await connection.ReadRequestAsync();
                await Tunnel.RunAsync(connection, server.EndPoint.Port);
            },
            new RawServerOptions { Tls = new RawTlsOptions(certificates.Server) { AskForClientCertificate = true } });
        Environment.SetEnvironmentVariable("HTTPS_PROXY", $"https://localhost:{proxy.EndPoint.Port}");
        using MessageWebSocket socket = new();
        socket.Control.TrustedRoots = certificates.Roots;
        socket.Control.ClientCertificate = certificates.Client;
        socket.Control.PinnedCertificateSha256.Add(certificates.ServerRsa.Leaf.GetCertHashString(HashAlgorithmName.SHA256));
        List<string> validated = [];
        socket.ServerCustomValidationRequested += (_, args) => validated.Add(args.ServerCertificate.Thumbprint);

        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

        Assert.Equal(certificates.ServerRsa.Leaf.Thumbprint, socket.Information.ServerCertificate?.Thumbprint);
        Assert.Equal([certificates.ServerRsa.Leaf.Thumbprint], validated);
        Assert.Null(presented);
        Assert.Equal(proxy.EndPoint.Port, socket.Information.RemotePort);
    }

    [Fact]
    public async Task Proxy_of_the_environment_over_HTTPS_with_an_invalid_certificate_is_refused_and_named()
    {
        if (await RunsElsewhereAsync(nameof(Proxy_of_the_environment_over_HTTPS_with_an_invalid_certificate_is_refused_and_named)))
        {
            return;
        }

        await using RawServer proxy = RawServer.Start(
            connection => connection.DrainBytesAsync(), new RawServerOptions { Tls = new RawTlsOptions(certificates.Expired) });
        Environment.SetEnvironmentVariable("HTTPS_PROXY", $"https://localhost:{proxy.EndPoint.Port}");
        using MessageWebSocket socket = new();
        socket.Control.TrustedRoots = certificates.Roots;
        socket.Control.IgnorableServerCertificateErrors.Add(ChainValidationResult.Expired);

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, new Uri("wss://server.invalid/"));

        failure.Is(
            WebErrorStatus.CannotConnect,
            0x80072F7D,
            $"The certificate of the proxy https://localhost:{proxy.EndPoint.Port}/ is not valid: Expired");
        Assert.Null(socket.Information.ServerCertificate);
        await proxy.WhenIdleAsync(TestContext.Current.CancellationToken).WaitAsync(ConnectFailure.Patience);
        Assert.All(proxy.Connections, connection => Assert.Equal(0, connection.BytesRead));
    }

    [Fact]
    public async Task Proxy_of_the_environment_that_challenges_and_closes_gets_its_answer()
    {
        if (await RunsElsewhereAsync(nameof(Proxy_of_the_environment_that_challenges_and_closes_gets_its_answer)))
        {
            return;
        }

        const string Expected = "Basic bWU6cDp3";
        string announcement = "Connection: close\r\n";
        await using RawServer server = RawServer.Start(AcceptAsync);
        await using RawServer proxy = RawServer.Start(async connection =>
        {
            RawRequest request = await connection.ReadRequestAsync();
            if (request.Headers.GetValueOrDefault("Proxy-Authorization") == Expected)
            {
                await Tunnel.RunAsync(connection, server.EndPoint.Port);
                return;
            }

            await connection.SendBytesAsync(
                $"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"proxy\"\r\nContent-Length: 0\r\n{announcement}\r\n");
        });
        Environment.SetEnvironmentVariable("http_proxy", $"http://me:p%3Aw@{proxy.EndPoint}");
        for (int i = 0; i < 10; i++)
        {
            using MessageWebSocket socket = new();
            await socket.ConnectAsync(new Uri("ws://server.invalid/"), TestContext.Current.CancellationToken);
            await socket.CloseAsync(cancellationToken: TestContext.Current.CancellationToken);

            // From the second on it closes without having said so.
            announcement = "";
        }

        Assert.Equal(10, server.Connections.Count);
    }

    // The framework reads the environment once a process.
    private static async Task<bool> RunsElsewhereAsync(string test)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "On Windows the settings of the user come first.");
        if (OwnProcess.IsThis)
        {
            return false;
        }

        await OwnProcess.RunAsync($"{typeof(ProxyFaultTests).FullName}.{test}");
        return true;
    }

    private static async Task AcceptAsync(RawConnection connection)
    {
        await connection.AcceptHandshakeAsync();
        await connection.SinkAsync();
    }
}
