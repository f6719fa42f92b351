using System.Net;
using System.Runtime.Versioning;
using System.Security.Cryptography.X509Certificates;
using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Handshake;

/// <summary>Credentials and proxies against programs that no one here wrote.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class RealServerTests(TestCertificates certificates) : IClassFixture<TestCertificates>
{
    private const string Password = "pass";

    // user:pass, made with: printf pass | openssl passwd -apr1 -stdin -salt testsalt
    private const string UserFile = "user:$apr1$testsalt$1MTDVjTfDxqlYUE2cx1PF.\n";

    [Fact]
    public async Task ServerCredential_opens_a_WebSocket_behind_Basic_authentication_of_nginx()
    {
        await using TestWebSocketServer server = await StartServerAsync();
        await using RealServer nginx = await StartNginxAsync((folder, port) =>
        {
            File.WriteAllText(Path.Combine(folder, "users"), UserFile);
            return $$"""
                listen 127.0.0.1:{{port}};
                auth_basic "test";
                auth_basic_user_file {{folder}}/users;
                location / {
                    proxy_pass http://{{server.Uri.Authority}};
                    proxy_http_version 1.1;
                    proxy_set_header Upgrade $http_upgrade;
                    proxy_set_header Connection "upgrade";
                }
                """;
        });
        Uri uri = new($"ws://127.0.0.1:{nginx.Port}/echo");
        using MessageWebSocket socket = new() { Control = { ServerCredential = new NetworkCredential("user", "wrong") } };

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, uri);
        socket.Control.ServerCredential = new NetworkCredential("user", Password);
        await socket.ConnectAsync(uri, TestContext.Current.CancellationToken);
        await EchoAsync(socket);

        failure.Is(WebErrorStatus.Unauthorized, 0x80190191);
        Assert.Contains("nginx", failure.ResponseBody, StringComparison.Ordinal);
        Assert.Contains("nginx", socket.Information.HandshakeHeaders["Server"][0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ProxyCredential_opens_a_WebSocket_through_tinyproxy(bool tls)
    {
        await using TestWebSocketServer server = await StartServerAsync();
        await using RealServer proxy = await RealServer.StartAsync("tinyproxy", (folder, port) =>
        {
            string configuration = Path.Combine(folder, "tinyproxy.conf");
            File.WriteAllText(
                configuration, $"Port {port}\nListen 127.0.0.1\nTimeout 60\nAllow 127.0.0.1\nBasicAuth user {Password}\nLogLevel Error\n");
            return ["-d", "-c", configuration];
        });

        await AssertProxyAsync(new Uri($"http://127.0.0.1:{proxy.Port}/"), server, tls, WebErrorStatus.ProxyAuthenticationRequired);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Proxy_opens_a_WebSocket_through_squid_and_tells_its_403(bool tls)
    {
        await using TestWebSocketServer server = await StartServerAsync();
        int allowed = (tls ? server.SecureUri! : server.Uri).Port;
        await using RealServer proxy = await RealServer.StartAsync("squid", (folder, port) =>
        {
            // squid gives up root for this user, who has to write here.
            File.SetUnixFileMode(folder, (UnixFileMode)0x1FF);
            string configuration = Path.Combine(folder, "squid.conf");
            File.WriteAllText(
                configuration,
                $"http_port 127.0.0.1:{port}\nacl allowed port {allowed}\nhttp_access allow allowed\nhttp_access deny all\n"
                + $"cache deny all\naccess_log none\ncache_log {folder}/cache.log\npid_filename none\ncoredump_dir {folder}\n"
                + "pinger_enable off\nshutdown_lifetime 0 seconds\nmax_filedescriptors 1024\n");
            return ["-N", "-f", configuration];
        });
        Uri address = new($"http://127.0.0.1:{proxy.Port}/");
        using MessageWebSocket socket = Through(address);
        using MessageWebSocket denied = Through(address);

        await socket.ConnectAsync(tls ? server.SecureAt("echo") : server.At("echo"), TestContext.Current.CancellationToken);
        await EchoAsync(socket);
        MessageWebSocketException failure = await ConnectFailure.OfAsync(denied, new Uri("ws://127.0.0.1:9/"));

        failure.Is(WebErrorStatus.Forbidden, 0x80190193, $"the proxy {address} answered 403");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Proxy_opens_a_WebSocket_through_danted_over_SOCKS5(bool tls)
    {
        await using TestWebSocketServer server = await StartServerAsync();
        await using RealServer proxy = await RealServer.StartAsync("danted", (folder, port) =>
        {
            string configuration = Path.Combine(folder, "danted.conf");
            File.WriteAllText(
                configuration,
                $"logoutput: stderr\ninternal: 127.0.0.1 port = {port}\nexternal: 127.0.0.1\nclientmethod: none\nsocksmethod: none\n"
                + "user.privileged: root\nuser.unprivileged: nobody\n"
                + "client pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }\nsocks pass { from: 127.0.0.0/8 to: 127.0.0.0/8 }\n");
            return ["-f", configuration, "-p", Path.Combine(folder, "danted.pid"), "-N", "1"];
        });
        using MessageWebSocket socket = Through(new Uri($"socks5://127.0.0.1:{proxy.Port}/"));

        await socket.ConnectAsync(
            tls ? new Uri($"wss://127.0.0.1:{server.SecureUri!.Port}/echo") : server.At("echo"), TestContext.Current.CancellationToken);

        await EchoAsync(socket);
    }

    // nginx answers in HTTP where others end the handshake of TLS.
    [Fact]
    public async Task What_nginx_says_of_TLS_is_its_advice()
    {
        ServerCertificate certificate = certificates.Server;
        await using RealServer nginx = await StartNginxAsync((folder, port) =>
        {
            File.WriteAllText(
                Path.Combine(folder, "server.pem"),
                string.Join('\n', certificate.Intermediates.Prepend(certificate.Leaf).Select(static one => one.ExportCertificatePem())));
            File.WriteAllText(Path.Combine(folder, "key.pem"), certificate.Leaf.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
            File.WriteAllText(Path.Combine(folder, "root.pem"), certificates.Root.ExportCertificatePem());
            return $$"""
                listen 127.0.0.1:{{port}} ssl;
                ssl_certificate {{folder}}/server.pem;
                ssl_certificate_key {{folder}}/key.pem;
                ssl_client_certificate {{folder}}/root.pem;
                ssl_verify_client on;
                location / { return 404; }
                """;
        });

        await ExpectAsync("ws", null, "connect with wss:// in place of ws://.");
        await ExpectAsync("wss", null, "The server asks for a client certificate: give it as ClientCertificate.");
        await ExpectAsync("wss", certificates.WrongClient, "does it accept the one it was given?");
        await ExpectAsync("wss", certificates.Client, "Is the path right?");

        async Task ExpectAsync(string scheme, X509Certificate2? client, string advice)
        {
            using MessageWebSocket socket = new() { Control = { TrustedRoots = certificates.Roots, ClientCertificate = client } };
            MessageWebSocketException failure =
                await ConnectFailure.OfAsync(socket, new Uri($"{scheme}://127.0.0.1:{nginx.Port}/"));
            Assert.EndsWith(advice, failure.Message, StringComparison.Ordinal);
        }
    }

    private static async Task EchoAsync(MessageWebSocket socket)
    {
        await socket.SendAsync("through", TestContext.Current.CancellationToken);
        Assert.Equal("through", (await socket.ReceiveAsync(TestContext.Current.CancellationToken))?.Text);
    }

    private static Task<RealServer> StartNginxAsync(Func<string, int, string> describe) => RealServer.StartAsync("nginx", (folder, port) =>
    {
        File.SetUnixFileMode(folder, (UnixFileMode)0x1FF);
        string configuration = Path.Combine(folder, "nginx.conf");
        File.WriteAllText(
            configuration,
            $$"""
            daemon off;
            master_process off;
            pid {{folder}}/nginx.pid;
            error_log stderr error;
            events { worker_connections 64; }
            http {
                access_log off;
                client_body_temp_path {{folder}}/body;
                proxy_temp_path {{folder}}/proxy;
                fastcgi_temp_path {{folder}}/fastcgi;
                uwsgi_temp_path {{folder}}/uwsgi;
                scgi_temp_path {{folder}}/scgi;
                server {
                    {{describe(folder, port)}}
                }
            }
            """);
        return ["-p", folder, "-c", configuration, "-e", "stderr"];
    });

    private async Task AssertProxyAsync(Uri proxy, TestWebSocketServer server, bool tls, WebErrorStatus withoutCredential)
    {
        Uri uri = tls ? server.SecureAt("echo") : server.At("echo");
        using MessageWebSocket socket = Through(proxy);

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, uri);
        socket.Control.ProxyCredential = new NetworkCredential("user", Password);
        await socket.ConnectAsync(uri, TestContext.Current.CancellationToken);
        await EchoAsync(socket);

        Assert.Equal(withoutCredential, failure.Status);
        Assert.Equal(proxy.Port, socket.Information.RemotePort);
    }

    private MessageWebSocket Through(Uri proxy)
    {
        MessageWebSocket socket = new();
        socket.Control.Proxy = proxy;
        socket.Control.TrustedRoots = certificates.Roots;
        return socket;
    }

    private Task<TestWebSocketServer> StartServerAsync() =>
        TestWebSocketServer.StartAsync(new TestServerOptions { Certificate = certificates.Server });
}
