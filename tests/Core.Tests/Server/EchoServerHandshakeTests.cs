using System.Net.WebSockets;
using MessageWebSockets.Tests.Loopback;
using Xunit;

namespace MessageWebSockets.Tests.Server;

public sealed class EchoServerHandshakeTests
{
    [SocketFact]
    public async Task A_good_request_gets_the_answer_of_the_RFC()
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions());
        using RawClient client = await RawClient.ConnectAsync(server);

        await client.SendAsync(RawClient.Request());
        string head = await client.ReadHeadAsync();

        // The key and the answer to it are the example of RFC 6455 section 1.3.
        Assert.Equal(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
            + "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
            head);
    }

    public static TheoryData<string, int, string> BadRequests() => new()
    {
        { "hello\r\n\r\n", 400, "no HTTP request" },
        { "GET  / HTTP/1.1\r\n\r\n", 400, "no HTTP request" },
        { "G(T / HTTP/1.1\r\n\r\n", 400, "no HTTP request" },
        { "GET / FTP/1.1\r\n\r\n", 400, "no HTTP request" },
        { RawClient.Request("GET / HTTP/1.0"), 505, "HTTP/1.1" },
        { RawClient.Request("GET / HTTP/2.0"), 505, "HTTP/1.1" },
        { RawClient.Request("GET path HTTP/1.1"), 400, "neither a path nor an address" },
        { RawClient.Request("GET /\xe4 HTTP/1.1"), 400, "neither a path nor an address" },
        { RawClient.Request("GET ftp://localhost/ HTTP/1.1"), 400, "neither a path nor an address" },
        { RawClient.Request("POST / HTTP/1.1"), 405, "GET" },
        { RawClient.Request("GET / HTTP/1.1", ("Host", null)), 400, "one Host header" },
        { RawClient.Request("GET / HTTP/1.1", ("Host", "a\r\nHost: b")), 400, "one Host header" },
        { RawClient.Request("GET / HTTP/1.1", ("Bad name", "x")), 400, "no valid name" },
        { RawClient.Request("GET / HTTP/1.1", ("Host", "localhost\r\n folded: x")), 400, "no valid name" },
        { RawClient.Request("GET / HTTP/1.1", ("X", "a\nb")), 400, "without a carriage return" },
        { RawClient.Request().Replace("\r\n", "\n", StringComparison.Ordinal), 400, "without a carriage return" },
        { RawClient.Request("GET / HTTP/1.1", ("X", "a\rb")), 400, "control characters" },
        { RawClient.Request("GET / HTTP/1.1", ("X", "a\u001b[31mb")), 400, "control characters" },
        { RawClient.Request("GET / HTTP/1.1", ("X", "a\u009b31mb")), 400, "control characters" },
        { RawClient.Request("GET / HTTP/1.1", ("X", "a\u00c2\u009b31mb")), 400, "control characters" },
        { RawClient.Request("GET / HTTP/1.1", ("Host", "")), 400, "one Host header" },
        { RawClient.Request("GET / HTTP/1.1", ("Host", "a b")), 400, "one Host header" },
        { RawClient.Request("GET / HTTP/1.1", ("Host", "a/b")), 400, "one Host header" },
        { RawClient.Request("GET / HTTP/1.1", ("Host", "a:b")), 400, "one Host header" },
        { RawClient.Request("GET / HTTP/1.1", ("Host", "a, b")), 400, "one Host header" },
        { RawClient.Request("GET / HTTP/1.1", ("X", "x\r\n: no name")), 400, "no valid name" },
        { RawClient.Request("GET / HTTP/1.1", ("X", "x\r\nY : x")), 400, "no valid name" },
        { RawClient.Request("GET / HTTP/1.1", ("X", "x\r\n\tfolded")), 400, "no valid name" },
        { RawClient.Request("GET / HTTP/1.1", ("X", "x\r\nno colon")), 400, "no valid name" },
        { RawClient.Request("GET /a#b HTTP/1.1"), 400, "neither a path nor an address" },
        { RawClient.Request("GET * HTTP/1.1"), 400, "neither a path nor an address" },
        { RawClient.Request("CONNECT localhost:80 HTTP/1.1"), 400, "neither a path nor an address" },
        { RawClient.Request("GET / http/1.1"), 400, "no HTTP request" },
        { RawClient.Request("GET / HTTP/1.1", ("Sec-WebSocket-Version", "13, 8")), 426, "version 13" },
        { RawClient.Request("GET / HTTP/1.1", ("Sec-WebSocket-Version", "13\r\nSec-WebSocket-Version: 13")), 426, "version 13" },
        {
            RawClient.Request(
                "GET / HTTP/1.1", ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")),
            400,
            "one Sec-WebSocket-Key"
        },
        { RawClient.Request("GET / HTTP/1.1", ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZTEy")), 400, "one Sec-WebSocket-Key" },
        { RawClient.Request("GET / HTTP/1.1", ("Content-Length", "0\r\nContent-Length: 5")), 400, "no body" },
        { RawClient.Request("GET / HTTP/1.1", ("Sec-WebSocket-Protocol", "a, b, a")), 400, "no list of different names" },
        { RawClient.Request("GET / HTTP/1.1", ("Origin", "")), 403, "origin" },
        { RawClient.Request("GET / HTTP/1.1", ("Sec-WebSocket-Extensions", "a b")), 400, "no list of extensions" },
        { RawClient.Request("GET / HTTP/1.1", ("Sec-WebSocket-Extensions", "a; =1")), 400, "no list of extensions" },
        { RawClient.Request("GET / HTTP/1.1", ("Sec-WebSocket-Extensions", "a;")), 400, "no list of extensions" },
        { RawClient.Request("GET / HTTP/1.1", ("Sec-WebSocket-Extensions", "a; b=\"c d\"")), 400, "no list of extensions" },
        { RawClient.Request("GET / HTTP/1.1", ("Sec-WebSocket-Extensions", "a; b=\"c")), 400, "no list of extensions" },
        { RawClient.Request("GET / HTTP/1.1", ("X", string.Concat(Enumerable.Repeat("x\r\nX: ", 100)))), 431, "100 headers" },
        { RawClient.Request("GET / HTTP/1.1", ("X", "a\0b")), 400, "control characters" },
        { RawClient.Request("GET / HTTP/1.1", ("Upgrade", null)), 426, "WebSocket server" },
        { RawClient.Request("GET / HTTP/1.1", ("Upgrade", "h2c")), 426, "WebSocket server" },
        { RawClient.Request("GET / HTTP/1.1", ("Connection", "keep-alive")), 426, "WebSocket server" },
        { RawClient.Request("GET / HTTP/1.1", ("Sec-WebSocket-Version", "8")), 426, "version 13" },
        { RawClient.Request("GET / HTTP/1.1", ("Sec-WebSocket-Version", null)), 426, "version 13" },
        { RawClient.Request("GET / HTTP/1.1", ("Sec-WebSocket-Key", null)), 400, "one Sec-WebSocket-Key" },
        { RawClient.Request("GET / HTTP/1.1", ("Sec-WebSocket-Key", "c2hvcnQ=")), 400, "one Sec-WebSocket-Key" },
        { RawClient.Request("GET / HTTP/1.1", ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=*")), 400, "one Sec-WebSocket-Key" },
        { RawClient.Request("GET / HTTP/1.1", ("Content-Length", "5")), 400, "no body" },
        { RawClient.Request("GET / HTTP/1.1", ("Transfer-Encoding", "chunked")), 400, "no body" },
        { RawClient.Request("GET / HTTP/1.1", ("Sec-WebSocket-Protocol", "a b")), 400, "no list of different names" },
        { RawClient.Request("GET / HTTP/1.1", ("Origin", "https://example.com")), 403, "origin" },
        { RawClient.Request("GET / HTTP/1.1", ("Origin", "null")), 403, "origin" },
        { RawClient.Request("GET / HTTP/1.1", ("X", new string('x', 17_000))), 431, "16 KB" },
    };

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [MemberData(nameof(BadRequests))]
    public async Task A_bad_request_gets_an_HTTP_error_and_the_end_of_the_connection(string request, int status, string explanation)
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions());
        using RawClient client = await RawClient.ConnectAsync(server);

        await client.SendAsync(request);
        string answer = await client.ReadToEndAsync();

        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        Assert.Contains(explanation, answer, StringComparison.Ordinal);
        Assert.Contains(status == 426 ? "Connection: Upgrade, close\r\n" : "Connection: close\r\n", answer, StringComparison.Ordinal);
        Assert.Equal(answer.Split("\r\n\r\n")[1].Length, int.Parse(answer.Split("Content-Length: ")[1].Split('\r')[0], null));
        await server.StopAsync();
        Assert.Equal((0, 0, 1), (server.Connections, server.ConnectionsAccepted, server.ConnectionsRefused));
    }

    [SocketFact]
    public async Task A_wrong_version_is_told_the_right_one()
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions());
        using RawClient client = await RawClient.ConnectAsync(server);

        await client.SendAsync(RawClient.Request("GET / HTTP/1.1", ("Sec-WebSocket-Version", "7")));

        Assert.Contains("\r\nSec-WebSocket-Version: 13\r\n", await client.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [SocketFact]
    public async Task Empty_lines_ahead_of_a_request_are_passed_over_however_they_come()
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions());
        using RawClient client = await RawClient.ConnectAsync(server);
        foreach (char c in "\r\n\r\n" + RawClient.Request())
        {
            await client.SendAsync($"{c}");
        }

        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
    }

    [SocketFact]
    public async Task Headers_are_read_as_UTF_8_or_else_as_Latin_1()
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions());
        using RawClient latin = await RawClient.ConnectAsync(server);
        await latin.SendAsync(RawClient.Request("GET / HTTP/1.1", ("X-Name", "caf\xe9"), ("Host", "[::1]:80")));
        Assert.StartsWith("HTTP/1.1 101 ", await latin.ReadHeadAsync(), StringComparison.Ordinal);
        using RawClient modern = await RawClient.ConnectAsync(server);
        await modern.SendAsync(RawClient.Request("GET / HTTP/1.1", ("X-Name", "caf\xc3\xa9")));
        Assert.StartsWith("HTTP/1.1 101 ", await modern.ReadHeadAsync(), StringComparison.Ordinal);

        Assert.Equal(["caf\u00e9", "caf\u00e9"], server.Clients.Select(static client => client.Headers["x-name"]));
    }

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData("/chat", "GET /chat HTTP/1.1", 101)]
    [InlineData("/chat", "GET /chat?room=1 HTTP/1.1", 101)]
    [InlineData("/chat", "GET http://localhost/chat HTTP/1.1", 101)]
    [InlineData("/ch\u00e4t", "GET /ch%C3%A4t HTTP/1.1", 101)]
    [InlineData("/chat", "GET /chat/ HTTP/1.1", 404)]
    [InlineData("/chat", "GET / HTTP/1.1", 404)]
    [InlineData("/chat", "GET /CHAT HTTP/1.1", 404)]
    [InlineData(null, "GET /anything/else HTTP/1.1", 101)]
    public async Task Path_is_the_only_one_served(string? path, string line, int status)
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions { Path = path });
        using RawClient client = await RawClient.ConnectAsync(server);

        await client.SendAsync(RawClient.Request(line));

        Assert.StartsWith($"HTTP/1.1 {status} ", await client.ReadHeadAsync(), StringComparison.Ordinal);
    }

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData("websocket", "Upgrade")]
    [InlineData("WebSocket", "keep-alive, upgrade")]
    [InlineData("h2c, websocket", "Upgrade, HTTP2-Settings")]
    public async Task Upgrade_and_Connection_are_lists_without_case(string upgrade, string connection)
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions());
        using RawClient client = await RawClient.ConnectAsync(server);

        await client.SendAsync(RawClient.Request("GET / HTTP/1.1", ("Upgrade", upgrade), ("Connection", connection)));

        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
    }

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData("https://good.example", 101)]
    [InlineData("HTTPS://GOOD.example", 101)]
    [InlineData("https://xn--bcher-kva.example", 101)]
    [InlineData("http://[::1]:8080", 101)]
    [InlineData("https://good.example:444", 403)]
    [InlineData("https://good.example.evil.example", 403)]
    public async Task AllowedOrigins_lets_a_browser_in(string origin, int status)
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(
            new WebSocketEchoServerOptions
            {
                AllowedOrigins = { "https://good.example:443/", "https://b\u00fccher.example", "http://[::1]:8080" },
            });
        using RawClient client = await RawClient.ConnectAsync(server);

        await client.SendAsync(RawClient.Request("GET / HTTP/1.1", ("Origin", origin)));

        Assert.StartsWith($"HTTP/1.1 {status} ", await client.ReadHeadAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("good.example", null)]
    [InlineData("good.example:8080", null)]
    [InlineData("", null)]
    [InlineData("https://", null)]
    [InlineData("https:good.example", null)]
    [InlineData("https://*.good.example", null)]
    [InlineData("https://good.example/page", null)]
    [InlineData("https://good.example?", null)]
    [InlineData("https://good.example#top", null)]
    [InlineData("https://user@good.example", null)]
    [InlineData("https://good.example:65536", null)]
    [InlineData(" https://good.example", null)]
    [InlineData("https://good.example\n", null)]
    [InlineData("https://good.example, https://other.example", null)]
    [InlineData("HTTPS://Good.Example:443/", "https://good.example")]
    [InlineData("http://good.example:443", "http://good.example:443")]
    [InlineData("https://[::1]:8080", "https://[::1]:8080")]
    [InlineData("https://b\u00fccher.example", "https://xn--bcher-kva.example")]
    [InlineData("chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik", "chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik")]
    [InlineData("app://local:80", "app://local:80")]
    [InlineData("file://", "file://")]
    [InlineData("null", "null")]
    [InlineData("*", "*")]
    public async Task AllowedOrigins_are_what_browsers_can_send(string given, string? sent)
    {
        WebSocketEchoServerOptions options = new() { AllowedOrigins = { given } };
        if (sent is null)
        {
            ArgumentException refusal = Assert.Throws<ArgumentException>(() => WebSocketEchoServer.Start(options));
            Assert.Contains("https://host", refusal.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', refusal.Message);
            return;
        }

        await using WebSocketEchoServer server = WebSocketEchoServer.Start(options);
        using RawClient client = await RawClient.ConnectAsync(server);

        await client.SendAsync(RawClient.Request("GET / HTTP/1.1", ("Origin", sent)));

        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
    }

    [SocketFact]
    public async Task AllowedOrigins_with_a_star_lets_every_browser_in()
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions { AllowedOrigins = { "*" } });
        using RawClient client = await RawClient.ConnectAsync(server);

        await client.SendAsync(RawClient.Request("GET / HTTP/1.1", ("Origin", "null")));

        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
    }

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData("v2, v1", "v2")]
    [InlineData("v3, v1", "v1")]
    [InlineData("v3", "")]
    [InlineData("V1", "")]
    [InlineData(null, "")]
    public async Task The_first_subprotocol_of_the_client_that_the_server_speaks_is_chosen(string? offered, string chosen)
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(
            new WebSocketEchoServerOptions { SubProtocols = { "v1", "v2" } });
        using RawClient client = await RawClient.ConnectAsync(server);

        await client.SendAsync(RawClient.Request("GET /p?q HTTP/1.1", ("Sec-WebSocket-Protocol", offered)));
        string head = await client.ReadHeadAsync();
        await client.SendTextAsync("there");
        await client.ReadFrameAsync();

        Assert.Equal(chosen.Length > 0, head.Contains($"\r\nSec-WebSocket-Protocol: {chosen}\r\n", StringComparison.Ordinal));
        WebSocketEchoClient seen = Assert.Single(server.Clients);
        Assert.Equal((chosen, "/p?q", "localhost"), (seen.Protocol, seen.Path, seen.Headers["host"]));
    }

    [SocketFact]
    public async Task A_request_in_single_bytes_and_frames_right_behind_it_are_understood()
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions());
        using RawClient client = await RawClient.ConnectAsync(server);
        string request = RawClient.Request();

        foreach (char c in request[..^1])
        {
            await client.SendAsync(c.ToString());
        }

        byte[] frame = TestServer.FrameBytes.Build(TestServer.FrameOpcode.Text, "early"u8, masked: true);
        await client.SendBytesAsync([(byte)'\n', .. frame, .. frame]);
        await client.ReadHeadAsync();

        Assert.Equal("early", (await client.ReadFrameAsync())?.Text);
        Assert.Equal("early", (await client.ReadFrameAsync())?.Text);
    }

    [SocketFact]
    public async Task A_client_that_does_not_finish_its_request_is_dropped()
    {
        WebSocketEchoServerOptions options = new() { HandshakeTimeout = TimeSpan.FromMilliseconds(200) };
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(options);
        using RawClient client = await RawClient.ConnectAsync(server);

        await client.SendAsync("GET / HTTP/1.1\r\nHost: localhost\r\n");

        Assert.Equal("", await client.ReadToEndAsync());
    }

    [SocketFact]
    public async Task A_client_beyond_MaxConnections_is_told_so_until_another_one_leaves()
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions { MaxConnections = 1 });
        using RawClient first = await RawClient.OpenAsync(server);
        using RawClient second = await RawClient.ConnectAsync(server);

        await second.SendAsync(RawClient.Request());
        string refusal = await second.ReadToEndAsync();
        await first.SendFrameAsync(TestServer.FrameOpcode.Close, [0x03, 0xE8]);
        Assert.Equal(1000, (int?)(await first.ReadFrameAsync())?.CloseCode);
        first.Dispose();
        using ClientWebSocket third = await ConnectWhenThereIsRoomAsync(server.Uri);

        Assert.StartsWith("HTTP/1.1 503 Service Unavailable\r\n", refusal, StringComparison.Ordinal);
        Assert.Equal(WebSocketState.Open, third.State);
    }

    // The place of a client is free when the last of it is gone, which its peer does not see.
    private static async Task<ClientWebSocket> ConnectWhenThereIsRoomAsync(Uri uri)
    {
        while (true)
        {
            ClientWebSocket socket = new();
            try
            {
                await socket.ConnectAsync(uri, CancellationToken.None);
                return socket;
            }
            catch (WebSocketException)
            {
                socket.Dispose();
            }
        }
    }
}
