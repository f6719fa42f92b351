using System.Net;
using System.Security.Authentication;
using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Reliability;

/// <summary>What must never get onto the wire, into a log, or onto a terminal.</summary>
public sealed class SecurityTests(CertificatesFixture certificates) : IClassFixture<CertificatesFixture>
{
    private const string Secret = "s3cr3t-Wert";

    public static TheoryData<string, string> Injections => new()
    {
        { "X-Test", "a\r\nX-Injected: 1" },
        { "X-Test", "a\nX-Injected: 1" },
        { "X-Test", "a\rX-Injected: 1" },
        { "X-Test", "a\0b" },
        { "X-Test\r\nX-Injected", "1" },
        { "X-Test: 1\r\nX-Injected", "1" },
        { "X Test", "1" },
        { "X-Test:", "1" },
        { "", "1" },
        { "X-Tëst", "1" },
        { "X-Test", "wért" },
        { "Upgrade", "h2c" },
        { "connection", "close" },
        { "Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==" },
        { "Sec-WebSocket-Extensions", "permessage-deflate" },
        { "Content-Length", "5" },
        { "Transfer-Encoding", "chunked" },
    };

    [Theory]
    [MemberData(nameof(Injections))]
    public async Task A_header_that_would_forge_the_request_is_refused_and_nothing_of_it_is_sent(string name, string value)
    {
        await using RawServer server = RawServer.Start(AcceptAsync);
        using MessageWebSocket socket = new();
        ArgumentException refused = Assert.Throws<ArgumentException>(() => socket.SetRequestHeader(name, value));
        Assert.DoesNotContain(refused.Message, c => c is '\r' or '\n' or '\0');

        await socket.ConnectAsync(server.Uri);
        RawRequest request = (await server.NextConnectionAsync()).Request!;
        Assert.DoesNotContain("X-Injected", request.Head, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("X-Test", request.Head, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("chat\r\nX-Injected: 1")]
    [InlineData("chat, X-Injected")]
    [InlineData("ch at")]
    [InlineData("")]
    public async Task A_subprotocol_that_would_forge_the_request_is_refused_before_anything_is_sent(string protocol)
    {
        await using RawServer server = RawServer.Start(AcceptAsync);
        using MessageWebSocket socket = new();
        socket.Control.SupportedProtocols.Add(protocol);
        await Assert.ThrowsAsync<ArgumentException>(() => socket.ConnectAsync(server.Uri));
        Assert.Empty(server.Connections);
        Assert.Equal(0, server.OpenConnections);
    }

    [Fact]
    public async Task Line_breaks_in_an_address_stay_encoded()
    {
        await using RawServer server = RawServer.Start(AcceptAsync);
        using MessageWebSocket socket = new();
        await socket.ConnectAsync(new Uri(server.Uri, "/a%0d%0aX-Injected:%201?b=\r\nX-Injected: 2"));
        RawRequest request = (await server.NextConnectionAsync()).Request!;
        Assert.DoesNotContain(request.Headers.Keys, name => name.Contains("Injected", StringComparison.Ordinal));
        Assert.DoesNotContain("\nX-Injected", request.Head, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("refused-port")]
    [InlineData("says-nothing")]
    [InlineData("status-401")]
    [InlineData("status-404")]
    [InlineData("accept-wrong")]
    [InlineData("reset-after-request")]
    [InlineData("bad-utf8")]
    [InlineData("fin-without-close")]
    public async Task No_secret_is_in_anything_an_exception_prints(string fault)
    {
        await using FaultServer server = FaultServer.Start(Faults.Named(fault), certificates.Value);
        using MessageWebSocket socket = new();
        socket.Control.UseProxy = false;
        socket.Control.ConnectTimeout = FaultVisit.ShortTimeout;
        socket.Control.CloseTimeout = FaultVisit.ShortTimeout;
        socket.Control.ServerCredential = new NetworkCredential("user", Secret);
        socket.Control.Cookies = new CookieContainer();
        socket.Control.Cookies.Add(new Uri($"http://{server.Uri.Authority}/"), new Cookie("session", Secret));
        socket.SetRequestHeader("Authorization", "Bearer " + Secret);
        socket.SetRequestHeader("X-Api-Key", Secret);
        MessageWebSocketException failure = await Assert.ThrowsAsync<MessageWebSocketException>(async () =>
        {
            await socket.ConnectAsync(server.Uri);
            while (await socket.ReceiveAsync() is not null)
            {
            }
        });

        Assert.DoesNotContain(Secret, failure.ToString(), StringComparison.Ordinal);
        string basic = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes("user:" + Secret));
        Assert.DoesNotContain(basic, failure.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, failure.PeerUri?.ToString() ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_password_in_the_address_is_refused_without_repeating_it()
    {
        using MessageWebSocket socket = new();
        ArgumentException refused =
            await Assert.ThrowsAsync<ArgumentException>(() => socket.ConnectAsync(new Uri($"ws://user:{Secret}@127.0.0.1:1/")));
        Assert.DoesNotContain(Secret, refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_proxy_password_is_not_in_the_error()
    {
        await using HttpConnectProxy proxy = HttpConnectProxy.Start("user", "right");
        using MessageWebSocket socket = new();
        socket.Control.Proxy = proxy.Uri;
        socket.Control.ProxyCredential = new NetworkCredential("user", Secret);
        MessageWebSocketException failure =
            await Assert.ThrowsAsync<MessageWebSocketException>(() => socket.ConnectAsync(new Uri("ws://127.0.0.1:9/")));
        Assert.Equal(WebErrorStatus.ProxyAuthenticationRequired, failure.Status);
        Assert.DoesNotContain(Secret, failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_value_of_a_refused_header_is_not_repeated()
    {
        using MessageWebSocket socket = new();
        ArgumentException refused = Assert.Throws<ArgumentException>(() => socket.SetRequestHeader("Authorization", Secret + "\r\n"));
        Assert.DoesNotContain(Secret, refused.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, true)]
    [InlineData(12, true)]
    [InlineData(192, true)]
    [InlineData(768, true)]
    [InlineData(3072 | 768, true)]
    [InlineData(3072, false)]
    [InlineData(12288, false)]
    [InlineData(0, false)]
    public void TLS_below_1_2_cannot_be_allowed(int protocols, bool isRefused)
    {
        using MessageWebSocket socket = new();
        Exception? thrown = Record.Exception(() => socket.Control.SslProtocols = (SslProtocols)protocols);
        Assert.Equal(isRefused, thrown is ArgumentException);
        Assert.Equal(isRefused ? SslProtocols.None : (SslProtocols)protocols, socket.Control.SslProtocols);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task A_TLS_version_that_is_not_allowed_is_not_spoken(SslProtocols onlyServer)
    {
        RawTlsOptions tls = new(certificates.Value.Server) { Protocols = onlyServer };
        await using RawServer server = RawServer.Start(AcceptAsync, new RawServerOptions { Tls = tls });
        SslProtocols other = onlyServer == SslProtocols.Tls12 ? SslProtocols.Tls13 : SslProtocols.Tls12;
        using MessageWebSocket socket = new();
        socket.Control.TrustedRoots = certificates.Value.Roots;
        socket.Control.SslProtocols = other;
        MessageWebSocketException failure = await Assert.ThrowsAsync<MessageWebSocketException>(() => socket.ConnectAsync(server.Uri));
        Assert.Equal(WebErrorStatus.CannotConnect, failure.Status);

        using MessageWebSocket willing = new();
        willing.Control.TrustedRoots = certificates.Value.Roots;
        await willing.ConnectAsync(server.Uri);
        Assert.Equal(onlyServer, willing.Information.TlsProtocol);
    }

    [Theory]
    [InlineData("evil\u001b[31m")]
    [InlineData("evil\u009b31m")]
    public async Task What_a_server_says_cannot_steer_a_terminal_through_an_error(string name)
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync(new HandshakeAnswer { SubProtocol = name, Extensions = name });
            await connection.DrainBytesAsync();
        });
        using MessageWebSocket socket = new();
        MessageWebSocketException failure = await Assert.ThrowsAsync<MessageWebSocketException>(() => socket.ConnectAsync(server.Uri));
        Assert.DoesNotContain(failure.Message, char.IsControl);
    }

    [Fact]
    public async Task A_reason_phrase_cannot_steer_a_terminal_through_an_error()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendBytesAsync("HTTP/1.1 404 No\u001b[2Jwhere\u0007\r\nContent-Length: 0\r\n\r\n");
        });
        using MessageWebSocket socket = new();
        MessageWebSocketException failure = await Assert.ThrowsAsync<MessageWebSocketException>(() => socket.ConnectAsync(server.Uri));
        Assert.DoesNotContain(failure.Message, char.IsControl);
    }

    private static async Task AcceptAsync(RawConnection connection)
    {
        await connection.AcceptHandshakeAsync();
        await connection.SinkAsync();
    }
}
