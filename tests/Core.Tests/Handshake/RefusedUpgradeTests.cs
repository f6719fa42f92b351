using System.IO.Compression;
using System.Net;
using System.Text;
using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Handshake;

/// <summary>An answer that is no connection is told with the server's own words, read as RFC 9110 says.</summary>
public sealed class RefusedUpgradeTests
{
    [Fact]
    public async Task Message_has_the_words_of_the_server_on_one_line()
    {
        MessageWebSocketException failure = await RefusedAsync(
            "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\n", "{\"message\":\r\n\t\"No such container: \u001b[2Jnope\"}\n");

        failure.Is(WebErrorStatus.NotFound, 0x80190194, "It says \"{\"message\": \"No such container: \\e[2Jnope\"}\". Is the path right?");
        Assert.Equal("{\"message\":\r\n\t\"No such container: \u001b[2Jnope\"}\n", failure.ResponseBody);
        Assert.DoesNotContain(failure.Message, char.IsControl);
    }

    [Fact]
    public async Task Message_asks_at_400_whether_the_server_wants_a_subprotocol()
    {
        MessageWebSocketException failure = await RefusedAsync(
            "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n", "no supported subprotocol");

        failure.Is(WebErrorStatus.BadRequest, 0x80190190, "It says \"no supported subprotocol\".", "does it want a subprotocol?");
    }

    [Fact]
    public async Task Message_has_the_text_of_a_page_without_its_markup_and_a_bounded_part_of_it()
    {
        MessageWebSocketException failure = await RefusedAsync(
            "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html; charset=utf-8\r\n",
            "<!doctype html><head><style>p { color: red }</style><title>502</title></head><!-- x --><h1>Upstream &amp; co</h1><p>"
            + new string('x', 1000));

        failure.Is(WebErrorStatus.BadGateway, 0x801901F6, "It says \"502 Upstream & co xxx", "...\"");
        Assert.True(failure.Message.Length < 500);
    }

    [Theory]
    [InlineData("image/png", "\u0089PNG")]
    [InlineData("application/octet-stream", "abc")]
    [InlineData("text/plain", "  \r\n ")]
    public async Task Message_does_not_show_what_no_person_reads(string type, string body)
    {
        MessageWebSocketException failure = await RefusedAsync($"HTTP/1.1 500 Broken\r\nContent-Type: {type}\r\n", body);

        Assert.DoesNotContain("It says", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://other.invalid:8080/there?token=s3cret", "ws://other.invalid:8080/there?...")]
    [InlineData("https://other.invalid/", "wss://other.invalid/")]
    public async Task Message_has_the_target_of_a_redirect_that_is_not_followed(string location, string shown)
    {
        MessageWebSocketException failure = await RefusedAsync($"HTTP/1.1 301 Moved Permanently\r\nLocation: {location}\r\n", "");

        failure.Is(
            WebErrorStatus.MovedPermanently,
            0x8019012D,
            $"301 Moved Permanently, a redirect to {shown}, instead of a connection. It points elsewhere: "
            + "connect to that address, or allow redirects with MaximumRedirection.");
        Assert.DoesNotContain("s3cret", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP/1.1 304 Not Modified\r\n")]
    [InlineData("HTTP/1.1 302 Found\r\n")]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: ftp://other.invalid/\r\n")]
    public async Task Message_does_not_advise_to_follow_what_cannot_be_followed(string head)
    {
        MessageWebSocketException failure = await RefusedAsync(head, "");

        Assert.DoesNotContain("MaximumRedirection", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("7", 7.0, "try again in 7 s")]
    [InlineData("0", 0.0, "try again in 0 s")]
    [InlineData(" 120 ", 120.0, "try again in 120 s")]
    [InlineData("4294967", 4294967.0, "try again in 4294967 s")]
    [InlineData("99999999999999999999999999", 4294967.294, "It is too busy, for 49 days or more.")]
    [InlineData("-1", null, "try again later")]
    [InlineData("soon", null, "try again later")]
    [InlineData("", null, "try again later")]
    [InlineData("1.5", null, "try again later")]
    public async Task RetryAfter_is_the_seconds_that_the_server_says(string value, double? seconds, string advice)
    {
        MessageWebSocketException failure = await RefusedAsync($"HTTP/1.1 503 Service Unavailable\r\nRetry-After: {value}\r\n", "");

        failure.Is(WebErrorStatus.ServiceUnavailable, 0x801901F7, advice);
        Assert.Equal(seconds, failure.RetryAfter?.TotalSeconds);
        Assert.Equal(seconds, failure.Again().RetryAfter?.TotalSeconds);
    }

    [Theory]
    [InlineData("Fri, 01 Jan 2021 00:00:30 GMT", 30.0)]
    [InlineData("Friday, 01-Jan-21 00:00:30 GMT", 30.0)]
    [InlineData("Thu, 31 Dec 2020 00:00:00 GMT", 0.0)]
    public async Task RetryAfter_counts_a_time_of_day_from_the_clock_of_the_server(string value, double seconds)
    {
        MessageWebSocketException failure = await RefusedAsync(
            $"HTTP/1.1 429 Too Many Requests\r\nDate: Fri, 01 Jan 2021 00:00:00 GMT\r\nRetry-After: {value}\r\n", "");

        Assert.Equal(seconds, failure.RetryAfter?.TotalSeconds);
        Assert.Contains("It is too busy", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "Either a proxy on the way has dropped the Upgrade header", "or the server wants another protocol version")]
    [InlineData("Sec-WebSocket-Version: 13\r\n", "It speaks this protocol version: a proxy on the way has dropped the Upgrade header")]
    [InlineData("Sec-WebSocket-Version: 8, 7\r\n", "It wants another protocol version: 8, 7.")]
    public async Task Message_has_both_causes_of_426_unless_the_server_says_which(string header, params string[] parts)
    {
        MessageWebSocketException failure = await RefusedAsync($"HTTP/1.1 426 Upgrade Required\r\n{header}", "");

        failure.Is(WebErrorStatus.UnexpectedClientError, 0x801901AA, parts);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("X-GZIP")]
    [InlineData("deflate")]
    [InlineData("deflate without a header")]
    [InlineData("br")]
    [InlineData("deflate, br")]
    [InlineData("identity")]
    public async Task ResponseBody_is_decoded(string coding)
    {
        byte[] body = Encoding.UTF8.GetBytes("Grüße");
        foreach (string step in coding.Split(", "))
        {
            body = Encode(body, step);
        }

        MessageWebSocketException failure = await RefusedAsync(
            $"HTTP/1.1 500 Broken\r\nContent-Type: text/plain\r\nContent-Encoding: {coding.Split(" without")[0]}\r\n", body);

        Assert.Equal("Grüße", failure.ResponseBody);
    }

    [Theory]
    [InlineData("text/plain; charset=iso-8859-1", "iso-8859-1", "Grüße")]
    [InlineData("text/plain;charset=\"windows-1252\"", "iso-8859-1", "Grüße")]
    [InlineData("text/plain; format=flowed; CHARSET=UTF-16LE", "utf-16", "Grüße")]
    [InlineData("text/plain; charset=shift_jis", "shift_jis", "日本")]
    [InlineData("text/plain; charset=no-such-charset", "utf-8", "Grüße")]
    [InlineData("text/plain", "utf-8", "Grüße")]
    public async Task ResponseBody_is_read_in_its_charset(string type, string charset, string text)
    {
        Encoding encoding = CodePagesEncodingProvider.Instance.GetEncoding(charset) ?? Encoding.GetEncoding(charset);

        MessageWebSocketException failure = await RefusedAsync($"HTTP/1.1 500 Broken\r\nContent-Type: {type}\r\n", encoding.GetBytes(text));

        Assert.Equal(text, failure.ResponseBody);
    }

    [Fact]
    public async Task ResponseBody_has_64_KiB_of_what_a_compressed_body_holds()
    {
        byte[] bomb = Encode(new byte[50_000_000], "gzip");
        byte[] damaged = Encode(Encoding.UTF8.GetBytes(new string('a', 100)), "gzip")[..^9];

        MessageWebSocketException large = await RefusedAsync("HTTP/1.1 500 Broken\r\nContent-Encoding: gzip\r\n", bomb);
        MessageWebSocketException cut = await RefusedAsync("HTTP/1.1 500 Broken\r\nContent-Encoding: gzip\r\n", damaged);
        MessageWebSocketException unknown = await RefusedAsync("HTTP/1.1 500 Broken\r\nContent-Encoding: x-none\r\n", "abc");
        MessageWebSocketException nested = await RefusedAsync("HTTP/1.1 500 Broken\r\nContent-Encoding: gzip, gzip, gzip, gzip\r\n", bomb);

        Assert.Equal(65_536, large.ResponseBody!.Length);
        Assert.StartsWith("aaa", cut.ResponseBody, StringComparison.Ordinal);
        Assert.Equal("", unknown.ResponseBody);
        Assert.Equal("", nested.ResponseBody);
    }

    [Fact]
    public async Task ResponseBody_does_not_end_in_half_a_character()
    {
        MessageWebSocketException failure = await RefusedAsync("HTTP/1.1 500 Broken\r\n", new string('a', 65_535) + "é");

        Assert.Equal(new string('a', 65_535), failure.ResponseBody);
    }

    [Fact]
    public async Task Message_does_not_repeat_a_secret_that_the_server_repeats()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            RawRequest request = await connection.ReadRequestAsync();
            await connection.SendResponseAsync(
                403,
                $"{request.Target} {request.Headers["Authorization"]} {request.Headers["X-Api-Key"]} "
                + $"{request.Headers["Sec-WebSocket-Protocol"]}");
        });
        using MessageWebSocket socket = new();
        socket.Control.SupportedProtocols.Add("base64url.bearer.authorization.k8s.io.c2VjcmV0LTE");
        socket.Control.SupportedProtocols.Add("v4.channel.k8s.io");
        socket.SetRequestHeader("Authorization", "Bearer s3cret-of-bearer");
        socket.SetRequestHeader("X-Api-Key", "s3cret-of-key");

        MessageWebSocketException failure = await ConnectFailure.OfAsync(
            socket, new Uri(server.Uri, "/x?a=1&access_token=s3cret%2Dof-query"));

        Assert.Contains("It says \"/x?...", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("c2VjcmV0", failure.Message, StringComparison.Ordinal);
    }

    private static byte[] Encode(byte[] data, string coding)
    {
        using MemoryStream encoded = new();
        Stream stream = coding.ToLowerInvariant() switch
        {
            "gzip" or "x-gzip" => new GZipStream(encoded, CompressionLevel.Fastest),
            "deflate" => new ZLibStream(encoded, CompressionLevel.Fastest),
            "br" => new BrotliStream(encoded, CompressionLevel.Fastest),
            "identity" => encoded,
            _ => new DeflateStream(encoded, CompressionLevel.Fastest),
        };
        stream.Write(data);
        stream.Dispose();
        return encoded.ToArray();
    }

    private static Task<MessageWebSocketException> RefusedAsync(string head, string body) =>
        RefusedAsync(head, Encoding.UTF8.GetBytes(body));

    private static async Task<MessageWebSocketException> RefusedAsync(string head, byte[] body)
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendBytesAsync($"{head}Content-Length: {body.Length}\r\n\r\n");
            await connection.SendBytesAsync(body);
            await connection.DrainBytesAsync();
        });
        using MessageWebSocket socket = new();
        return await ConnectFailure.OfAsync(socket, server.Uri);
    }
}
