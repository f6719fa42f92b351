using System.Net.WebSockets;
using System.Text;
using MessageWebSockets.Tests.Messages;
using Xunit;

namespace MessageWebSockets.Tests.Server;

/// <summary>How the server judges a request and what it answers, without a network.</summary>
public sealed class ServerHandshakeTests
{
    private const string Http = "GET / HTTP/1.1";
    private const string ConnectWithWs = "This is a WebSocket server; connect with ws:// or wss://.";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // The request, the status line of the answer, what it says to a person, and a header that it has besides.
    public static TheoryData<string, string, string, string> Refused() => new()
    {
        { "hello\r\n\r\n", "400 Bad Request", "This is no HTTP request.", "" },
        { "G(T / HTTP/1.1\r\n\r\n", "400 Bad Request", "This is no HTTP request.", "" },
        { "GET / FTP/1.1\r\n\r\n", "400 Bad Request", "This is no HTTP request.", "" },
        { Of("GET / HTTP/1.0"), "505 Http Version Not Supported", "WebSocket needs HTTP/1.1.", "" },
        { Of("GET path HTTP/1.1"), "400 Bad Request", "The request target is neither a path nor an address.", "" },
        { Of("GET /a#b HTTP/1.1"), "400 Bad Request", "The request target is neither a path nor an address.", "" },
        { Of("GET ftp://localhost/ HTTP/1.1"), "400 Bad Request", "The request target is neither a path nor an address.", "" },
        { Of("POST / HTTP/1.1"), "405 Method Not Allowed", "A WebSocket is asked for with GET.", "Allow: GET" },
        { Of("GET /other HTTP/1.1"), "404 Not Found", "There is no WebSocket at this path.", "" },
        { Of(Http, ("Host", null)), "400 Bad Request", "The request needs one Host header that names a host.", "" },
        { Of(Http, ("Host", "a\r\nHost: b")), "400 Bad Request", "The request needs one Host header that names a host.", "" },
        { Of(Http, ("Host", "a:b")), "400 Bad Request", "The request needs one Host header that names a host.", "" },
        { Of(Http, ("Host", ":80")), "400 Bad Request", "The request needs one Host header that names a host.", "" },
        { Of(Http, ("Host", "a/b")), "400 Bad Request", "The request needs one Host header that names a host.", "" },
        { Of(Http, ("X", "x\r\nY : x")), "400 Bad Request", "A header line has no valid name.", "" },
        { Of(Http, ("X", "x\r\n: x")), "400 Bad Request", "A header line has no valid name.", "" },
        { Of(Http, ("X", "x\r\nno colon")), "400 Bad Request", "A header line has no valid name.", "" },
        { Of(Http, ("X", "a\u001b[31mb")), "400 Bad Request", "A header value contains control characters.", "" },
        { Of(Http, ("X", "a\nb")), "400 Bad Request", "A line of the request ends without a carriage return.", "" },
        { "\n" + Of(Http), "400 Bad Request", "A line of the request ends without a carriage return.", "" },
        { Of(Http, ("Upgrade", "h2c")), "426 Upgrade Required", ConnectWithWs, "Upgrade: websocket" },
        { Of(Http, ("Connection", "close")), "426 Upgrade Required", ConnectWithWs, "Upgrade: websocket" },
        {
            Of(Http, ("Sec-WebSocket-Version", "8")),
            "426 Upgrade Required",
            "This server speaks version 13 of the WebSocket protocol.",
            "Sec-WebSocket-Version: 13"
        },
        {
            Of(Http, ("Sec-WebSocket-Key", "c2hvcnQ=")),
            "400 Bad Request",
            "The request needs one Sec-WebSocket-Key of 16 bytes in base64.",
            ""
        },
        {
            Of(Http, ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZTEy")),
            "400 Bad Request",
            "The request needs one Sec-WebSocket-Key of 16 bytes in base64.",
            ""
        },
        { Of(Http, ("Transfer-Encoding", "chunked")), "400 Bad Request", "The request of a WebSocket handshake has no body.", "" },
        { Of(Http, ("Content-Length", "5")), "400 Bad Request", "The request of a WebSocket handshake has no body.", "" },
        { Of(Http, ("Sec-WebSocket-Protocol", "a b")), "400 Bad Request", "Sec-WebSocket-Protocol is no list of different names.", "" },
        { Of(Http, ("Sec-WebSocket-Protocol", "a, a")), "400 Bad Request", "Sec-WebSocket-Protocol is no list of different names.", "" },
        { Of(Http, ("Sec-WebSocket-Extensions", "a b")), "400 Bad Request", "Sec-WebSocket-Extensions is no list of extensions.", "" },
        { Of(Http, ("Origin", "https://bad.example")), "403 Forbidden", "This server does not allow the origin of the request.", "" },
        { Of(Http, ("X", Lines(96))), "431 Request Header Fields Too Large", "The request has more than 100 headers.", "" },
        { Of(Http, ("X", new string('x', 17_000))), "431 Request Header Fields Too Large", "The request is longer than 16 KB.", "" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task A_bad_request_is_told_what_is_wrong_with_it(string request, string status, string explanation, string header)
    {
        foreach (int chunk in (int[])[1, 100_000])
        {
            TwoWayStream network = Sends(request, chunk);
            bool hasTaken = false;
            UpgradeRefusedException refusal = await Assert.ThrowsAsync<UpgradeRefusedException>(
                () => Server("/").ReadAsync(network, () => hasTaken = true, Token));

            string answer = AnswerOn(network);
            Assert.StartsWith($"HTTP/1.1 {status}\r\nConnection: ", answer, StringComparison.Ordinal);
            string connection = status.StartsWith("426", StringComparison.Ordinal) ? "Upgrade, close" : "close";
            Assert.Contains($"\r\nConnection: {connection}\r\n", answer, StringComparison.Ordinal);
            Assert.Contains($"\r\n{header}", answer, StringComparison.Ordinal);
            Assert.EndsWith(
                $"\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {explanation.Length + 1}\r\n\r\n{explanation}\n",
                answer,
                StringComparison.Ordinal);
            Assert.Equal(explanation, refusal.Message);
            Assert.Equal(
                status.StartsWith("404", StringComparison.Ordinal) ? "/other"
                    : status.StartsWith("403", StringComparison.Ordinal) ? "https://bad.example" : null,
                refusal.Part);
            Assert.False(hasTaken);
        }
    }

    // As another method is answered, without what is for a person (RFC 9110 section 9.3.2).
    [Theory]
    [InlineData(1)]
    [InlineData(100_000)]
    public async Task The_answer_to_HEAD_has_no_body(int chunk)
    {
        TwoWayStream head = Sends(Of("HEAD / HTTP/1.1"), chunk);
        TwoWayStream other = Sends(Of("POST / HTTP/1.1"), chunk);

        UpgradeRefusedException refusal =
            await Assert.ThrowsAsync<UpgradeRefusedException>(() => Server("/").ReadAsync(head, static () => true, Token));
        await Assert.ThrowsAsync<UpgradeRefusedException>(() => Server("/").ReadAsync(other, static () => true, Token));

        Assert.Equal("A WebSocket is asked for with GET.", refusal.Message);
        Assert.StartsWith("HTTP/1.1 405 Method Not Allowed\r\n", AnswerOn(head), StringComparison.Ordinal);
        Assert.Equal(AnswerOn(other), $"{AnswerOn(head)}{refusal.Message}\n");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task What_lies_behind_a_request_is_none_of_its_lines(int cut)
    {
        string request = Of("GET / HTTP/1.1");
        AcceptedUpgrade upgrade =
            await Server("/").ReadAsync(Sends(request + "\nearly\n", request.Length + 7 - (cut * 8)), static () => true, Token);
        Assert.Equal("\nearly\n", Encoding.ASCII.GetString(upgrade.Early.Span));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100_000)]
    public async Task A_good_request_is_read_to_its_end_and_no_further(int chunk)
    {
        string request = Of(
            "GET /?q HTTP/1.1",
            ("Host", "[::1]:8080"),
            ("Upgrade", "h2c, WebSocket"),
            ("Connection", "keep-alive, upgrade"),
            ("Content-Length", "0"),
            ("Origin", "HTTPS://GOOD.EXAMPLE"),
            ("X", Lines(91)),
            ("Sec-WebSocket-Protocol", "v3, v1"),
            ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"));
        TwoWayStream network = Sends("\r\n\r\n" + request + "early", chunk);
        int taken = 0;

        AcceptedUpgrade upgrade = await Server("/").ReadAsync(network, () => ++taken == 1, Token);

        Assert.Equal(1, taken);
        Assert.Equal(("GET", "/?q", "/"), (upgrade.Request.Method, upgrade.Request.Target, upgrade.Request.Path));
        Assert.Equal("v1", upgrade.Protocol);
        Assert.Equal("permessage-deflate", upgrade.Compression?.Answer);
        Assert.Equal(chunk == 1 ? "" : "early", Encoding.ASCII.GetString(upgrade.Early.Span));
        Assert.Equal("[::1]:8080", upgrade.Request.Headers()["host"]);
        Assert.Equal(91, upgrade.Request.ValuesOf("x").Count);

        Assert.True(await ServerHandshake.TryAcceptAsync(network, upgrade, Token));
        Assert.Equal(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
            + "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: v1\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
            AnswerOn(network));
    }

    [Fact]
    public async Task Where_there_is_no_place_a_good_request_is_told_to_come_back()
    {
        TwoWayStream network = Sends(Of(Http), 1000);
        await Assert.ThrowsAsync<UpgradeRefusedException>(() => Server("/").ReadAsync(network, static () => false, Token));
        Assert.StartsWith("HTTP/1.1 503 Service Unavailable\r\n", AnswerOn(network), StringComparison.Ordinal);
        Assert.Contains("\r\nRetry-After: 10\r\n", AnswerOn(network), StringComparison.Ordinal);
        Assert.EndsWith("\n\r\nThis server has as many connections as it takes.\n", AnswerOn(network), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_goes_away_gets_no_answer()
    {
        TwoWayStream network = Sends(Of(Http)[..50], 1000);
        EndOfStreamException gone =
            await Assert.ThrowsAsync<EndOfStreamException>(() => Server("/").ReadAsync(network, static () => true, Token));
        Assert.Equal("The client went away before its request was whole.", gone.Message);
        Assert.Empty(AnswerOn(network));

        AcceptedUpgrade upgrade = await Server(null).ReadAsync(Sends(Of("GET /any HTTP/1.1"), 1000), static () => true, Token);
        Assert.False(await ServerHandshake.TryAcceptAsync(new FailingStream(new IOException("gone")), upgrade, Token));
        Assert.Null(upgrade.Protocol);
        Assert.Null(upgrade.Compression);
    }

    // The target as it was sent, also in the form for proxies; what it asks for, null where it is refused.
    [Theory]
    [InlineData("/", "/")]
    [InlineData("/p?q=1", "/p?q=1")]
    [InlineData("http://localhost", "/")]
    [InlineData("https://localhost/p?q=1", "/p?q=1")]
    [InlineData("ws://localhost/p", "/p")]
    [InlineData("wss://localhost/p", "/p")]
    [InlineData("http://localhost/p#f", null)]
    [InlineData("http://local\u00fchost/", null)]
    [InlineData("/\u00fc", null)]
    [InlineData("/\u007f", null)]
    [InlineData("*", null)]
    public void A_target_is_a_path_or_an_address(string target, string? expected)
    {
        byte[] request = Encoding.UTF8.GetBytes(Of($"GET {target} HTTP/1.1"));
        if (expected is null)
        {
            UpgradeRefusedException refusal = Assert.Throws<UpgradeRefusedException>(() => UpgradeRequest.Parse(request));
            Assert.Equal("The request target is neither a path nor an address.", refusal.Message);
            return;
        }

        Assert.Equal(expected, UpgradeRequest.Parse(request).Target);
    }

    [Fact]
    public void Headers_are_read_whole_and_their_values_without_the_space_around_them()
    {
        byte[] bytes = Encoding.Latin1.GetBytes("GET / HTTP/1.1\r\nA: \t b\tc \r\nList: x,, y\r\nlist: \u00e9\r\n\r\n");
        UpgradeRequest request = UpgradeRequest.Parse(bytes);
        Assert.Equal(["b\tc"], request.ValuesOf("a"));
        Assert.Equal(["x", "y", "\u00e9"], request.ListOf("LIST"));
        Assert.Equal("x,, y, \u00e9", request.Headers()["List"]);
        Assert.Empty(request.ValuesOf("b"));

        byte[] beginning = bytes[..^4];
        UpgradeRefusedException endless = Assert.Throws<UpgradeRefusedException>(() => UpgradeRequest.Parse(beginning));
        Assert.Equal("The request has no end.", endless.Message);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData(" , ,", "")]
    [InlineData("a", "a")]
    [InlineData("a,b", "a|b")]
    [InlineData(" a ; x = 1 ; y ;z=\"2\" , b;x", "a;x=1;y;z=2|b;x")]
    [InlineData("a;x=\"\"", null)]
    [InlineData("a;x=\"1 2\"", null)]
    [InlineData("a;x=\"1", null)]
    [InlineData("a;x=\"1\"2", null)]
    [InlineData("a;x=", null)]
    [InlineData("a;", null)]
    [InlineData("a;=1", null)]
    [InlineData("a b", null)]
    [InlineData("=", null)]
    [InlineData("a,b c", null)]
    public void Extensions_are_read_as_their_grammar_has_it(string value, string? expected)
    {
        Assert.Equal(expected is not null, ExtensionOffer.TryReadAll([value], out List<ExtensionOffer>? offers));
        Assert.Equal(
            expected,
            offers is null ? null : string.Join('|', offers.Select(static offer => string.Join(
                ';',
                offer.Parameters.Select(static parameter => parameter.Value is null ? parameter.Key : $"{parameter.Key}={parameter.Value}")
                    .Prepend(offer.Name)))));
        Assert.True(ExtensionOffer.TryReadAll(["a", "b"], out offers));
        Assert.Equal(["a", "b"], offers.Select(static offer => offer.Name));
    }

    // What is offered; what the server agrees to at most, as bits of the client and the server and who keeps a context; the answer.
    [Theory]
    [InlineData("permessage-deflate", 15, 15, true, true, "permessage-deflate")]
    [InlineData("PERMESSAGE-DEFLATE; SERVER_MAX_WINDOW_BITS=12", 15, 15, true, true, "permessage-deflate; server_max_window_bits=12")]
    [InlineData("permessage-deflate; server_max_window_bits=15", 15, 15, true, true, "permessage-deflate; server_max_window_bits=15")]
    [InlineData("permessage-deflate; server_max_window_bits=9", 15, 10, true, true, "permessage-deflate; server_max_window_bits=9")]
    [InlineData("permessage-deflate; server_max_window_bits=8", 15, 15, true, true, null)]
    [InlineData("permessage-deflate; server_max_window_bits=16", 15, 15, true, true, null)]
    [InlineData("permessage-deflate; server_max_window_bits=010", 15, 15, true, true, null)]
    [InlineData("permessage-deflate; server_max_window_bits", 15, 15, true, true, null)]
    [InlineData("permessage-deflate; client_max_window_bits", 15, 15, true, true, "permessage-deflate")]
    [InlineData("permessage-deflate; client_max_window_bits", 9, 15, true, true, "permessage-deflate; client_max_window_bits=9")]
    [InlineData("permessage-deflate; client_max_window_bits=10", 15, 15, true, true, "permessage-deflate; client_max_window_bits=10")]
    [InlineData("permessage-deflate; client_max_window_bits=8", 15, 15, true, true, "permessage-deflate")]
    [InlineData("permessage-deflate; client_max_window_bits=7", 15, 15, true, true, null)]
    [InlineData("permessage-deflate", 9, 15, true, true, "permessage-deflate")]
    [InlineData("permessage-deflate", 15, 9, false, true, "permessage-deflate; client_no_context_takeover; server_max_window_bits=9")]
    [InlineData("permessage-deflate", 15, 15, true, false, "permessage-deflate; server_no_context_takeover")]
    [InlineData("permessage-deflate; server_no_context_takeover", 15, 15, true, true, "permessage-deflate; server_no_context_takeover")]
    [InlineData("permessage-deflate; client_no_context_takeover", 15, 15, true, true, "permessage-deflate; client_no_context_takeover")]
    [InlineData("permessage-deflate; client_no_context_takeover=1", 15, 15, true, true, null)]
    [InlineData("permessage-deflate; server_no_context_takeover; server_no_context_takeover", 15, 15, true, true, null)]
    [InlineData("permessage-deflate; unknown", 15, 15, true, true, null)]
    [InlineData("other, permessage-deflate; unknown, permessage-deflate", 15, 15, true, true, "permessage-deflate")]
    public void The_first_offer_of_compression_that_can_be_met_is_agreed_to(
        string offered, int clientBits, int serverBits, bool clientKeeps, bool serverKeeps, string? answer)
    {
        Assert.True(ExtensionOffer.TryReadAll([offered], out List<ExtensionOffer>? offers));
        ServerCompression? agreed = ServerCompression.Choose(offers, new WebSocketDeflateOptions
        {
            ClientMaxWindowBits = clientBits,
            ServerMaxWindowBits = serverBits,
            ClientContextTakeover = clientKeeps,
            ServerContextTakeover = serverKeeps,
        });

        Assert.Equal(answer, agreed?.Answer);
        Assert.Null(ServerCompression.Choose(offers, null));
        if (agreed is not null)
        {
            Assert.Equal(BitsIn(answer!, "client_max_window_bits="), agreed.Agreed.ClientMaxWindowBits);
            Assert.Equal(BitsIn(answer!, "server_max_window_bits="), agreed.Agreed.ServerMaxWindowBits);
            Assert.Equal(!answer!.Contains("client_no", StringComparison.Ordinal), agreed.Agreed.ClientContextTakeover);
            Assert.Equal(!answer.Contains("server_no", StringComparison.Ordinal), agreed.Agreed.ServerContextTakeover);
        }
    }

    [Theory]
    [InlineData("https://good.example", "https://good.example")]
    [InlineData("HTTPS://Good.Example:443/", "https://good.example")]
    [InlineData("http://good.example:8080", "http://good.example:8080")]
    [InlineData("http://[::1]:80", "http://[::1]")]
    [InlineData("https://b\u00fccher.example", "https://xn--bcher-kva.example")]
    [InlineData("file://", "file://")]
    [InlineData("chrome-extension://abc", "chrome-extension://abc")]
    [InlineData("https://", null)]
    [InlineData("good.example", null)]
    [InlineData("https://good.example/path", null)]
    [InlineData("https://user@good.example", null)]
    [InlineData(null, null)]
    public void An_origin_is_what_browsers_send(string? text, string? expected)
    {
        Assert.Equal(expected is not null, WebOrigin.TryParse(text, out WebOrigin? origin));
        Assert.Equal(expected, origin?.ToString());
    }

    [Fact]
    public void A_client_that_is_worked_for_is_not_silent()
    {
        ActivityClock clock = new();
        WaitForTick();
        TimeSpan silent = clock.Silence(isWaitedFor: false);
        Assert.InRange(silent, TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(1));
        clock.BeginWork();
        Assert.Equal(TimeSpan.Zero, clock.Silence(isWaitedFor: false));
        Assert.InRange(clock.Silence(isWaitedFor: true), silent, TimeSpan.FromDays(1));
        Assert.InRange(clock.Stall, silent, TimeSpan.FromDays(1));
        clock.EndWork();
        WaitForTick();
        Assert.NotEqual(TimeSpan.Zero, clock.Silence(isWaitedFor: false));
    }

    [Fact]
    public async Task A_client_that_takes_something_is_waited_for_anew()
    {
        ActivityClock clock = new();
        using ClientFrameStream frames = new(new TwoWayStream(new MemoryStream()), default, null, clock);
        WaitForTick();
        long before = Environment.TickCount64;
        await frames.WriteMessageAsync(new ServerMessage(new byte[1], WebSocketMessageType.Binary));
        double stall = clock.Stall.TotalMilliseconds;
        Assert.InRange(stall, 0, Environment.TickCount64 - before);
    }

    private static void WaitForTick()
    {
        long now = Environment.TickCount64;
        SpinWait.SpinUntil(() => Environment.TickCount64 > now);
    }

    private static int BitsIn(string answer, string name)
    {
        int at = answer.IndexOf(name, StringComparison.Ordinal);
        return at < 0 ? 15 : int.Parse(answer[(at + name.Length)..].Split(';')[0], null);
    }

    private static string Of(string line, params (string Name, string? Value)[] changes) => RawClient.Request(line, changes);

    // A header that comes so often besides the first.
    private static string Lines(int count) => string.Join("\r\nX: ", Enumerable.Repeat("x", count));

    private static TwoWayStream Sends(string request, int chunk) =>
        new(new ChunkedStream(Encoding.Latin1.GetBytes(request), chunk));

    private static string AnswerOn(TwoWayStream network) => Encoding.Latin1.GetString(network.Written.ToArray());

    private static ServerHandshake Server(string? path) => new(new WebSocketEchoServerOptions
    {
        Path = path,
        SubProtocols = { "v1", "v2" },
        AllowedOrigins = { "https://good.example" },
        Compression = new WebSocketDeflateOptions(),
    });
}
