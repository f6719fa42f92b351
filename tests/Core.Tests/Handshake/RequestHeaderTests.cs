using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Handshake;

public sealed class RequestHeaderTests
{
    [Fact]
    public async Task SetRequestHeader_sends_a_header_and_the_same_name_again_replaces_it()
    {
        await using RawServer server = RawServer.Start(AcceptAsync);
        using MessageWebSocket socket = new();
        socket.SetRequestHeader("X-Kept", "yes");
        socket.SetRequestHeader("X-Twice", "first");
        socket.SetRequestHeader("x-twice", "second");
        socket.SetRequestHeader("X-Gone", "here");
        socket.SetRequestHeader("X-Gone", null);
        socket.SetRequestHeader("User-Agent", "test (anything) goes/1");
        socket.SetRequestHeader("X-Empty", "");

        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

        RawRequest request = server.Connections[0].Request!;
        Assert.Equal("yes", request.Headers["X-Kept"]);
        Assert.Equal("second", request.Headers["X-Twice"]);
        Assert.Equal("test (anything) goes/1", request.Headers["User-Agent"]);
        Assert.Equal("", request.Headers["X-Empty"]);
        Assert.DoesNotContain("X-Gone", request.Headers.Keys);
    }

    [Fact]
    public async Task SetRequestHeader_can_set_Host_and_Origin()
    {
        await using RawServer server = RawServer.Start(AcceptAsync);
        using MessageWebSocket socket = new();
        socket.SetRequestHeader("Host", "virtual.example");
        socket.SetRequestHeader("Origin", "https://page.example");

        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

        Assert.Equal("virtual.example", server.Connections[0].Request!.Headers["Host"]);
        Assert.Equal("https://page.example", server.Connections[0].Request!.Headers["Origin"]);
    }

    [Fact]
    public async Task SetRequestHeader_after_ConnectAsync_is_an_illegal_method_call()
    {
        await using RawServer server = RawServer.Start(AcceptAsync);
        using MessageWebSocket socket = new();
        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

        InvalidOperationException late = Assert.Throws<InvalidOperationException>(() => socket.SetRequestHeader("X-Late", "1"));

        Assert.Equal("0x8000000E", $"0x{late.HResult:X8}");
    }

    [Theory]
    [InlineData("Sec-WebSocket-Extensions")]
    [InlineData("sec-websocket-extensions")]
    [InlineData("Connection")]
    [InlineData("Upgrade")]
    [InlineData("Sec-WebSocket-Key")]
    [InlineData("Sec-WebSocket-Version")]
    [InlineData("Sec-WebSocket-Accept")]
    [InlineData("Sec-WebSocket-Protocol")]
    [InlineData("Content-Length")]
    [InlineData("Transfer-Encoding")]
    public void SetRequestHeader_refuses_a_header_that_the_handshake_owns(string name)
    {
        using MessageWebSocket socket = new();

        ArgumentException refused = Assert.Throws<ArgumentException>(() => socket.SetRequestHeader(name, "x"));

        Assert.Contains(name, refused.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("Content-Type")]
    [InlineData("Content-Encoding")]
    [InlineData("Expires")]
    [InlineData("Last-Modified")]
    [InlineData("Allow")]
    public void SetRequestHeader_refuses_a_header_of_a_body_rather_than_drop_it_in_silence(string name)
    {
        using MessageWebSocket socket = new();

        ArgumentException refused = Assert.Throws<ArgumentException>(() => socket.SetRequestHeader(name, "text/plain"));

        Assert.Contains("body", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("X Y")]
    [InlineData("X:Y")]
    [InlineData("X\r\nEvil")]
    [InlineData("X\0")]
    [InlineData("Größe")]
    public void SetRequestHeader_refuses_a_name_that_is_no_token(string name)
    {
        using MessageWebSocket socket = new();

        ArgumentException refused = Assert.Throws<ArgumentException>(() => socket.SetRequestHeader(name, "x"));

        Assert.DoesNotContain('\r', refused.Message.Split('(')[0]);
        Assert.Contains("digits and !#$%&'*+-.^_`|~ (RFC 9110", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("s3cret\r\nEvil: yes")]
    [InlineData("s3cret\rEvil")]
    [InlineData("s3cret\nEvil")]
    [InlineData("s3cret\0")]
    [InlineData("s3cret\u001b[2J")]
    [InlineData("s3cret\u007f")]
    [InlineData("s3cret ü")]
    public void SetRequestHeader_refuses_a_value_that_could_break_the_request_and_does_not_repeat_it(string value)
    {
        using MessageWebSocket socket = new();

        ArgumentException refused = Assert.Throws<ArgumentException>(() => socket.SetRequestHeader("X-Name", value));

        Assert.Contains("X-Name", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("host.example/path")]
    [InlineData("host.example:port")]
    public void SetRequestHeader_refuses_a_Host_that_would_not_be_sent(string value)
    {
        using MessageWebSocket socket = new();

        Assert.Contains(
            "Host", Assert.Throws<ArgumentException>(() => socket.SetRequestHeader("host", value)).Message, StringComparison.Ordinal);
        socket.SetRequestHeader("Host", "host.example:8080");
    }

    [Fact]
    public void SetRequestHeader_refuses_null_as_a_name()
    {
        using MessageWebSocket socket = new();

        Assert.Throws<ArgumentNullException>(() => socket.SetRequestHeader(null!, "x"));
    }

    [Fact]
    public async Task SupportedProtocols_are_offered_in_order_and_the_choice_is_in_Information()
    {
        await using TestWebSocketServer server = await TestWebSocketServer.StartAsync();
        await using RawServer raw = RawServer.Start(AcceptAsync);
        using MessageWebSocket chosen = new() { Control = { SupportedProtocols = { "one", "two", "three" } } };
        using MessageWebSocket none = new() { Control = { SupportedProtocols = { "one", "two" } } };

        await chosen.ConnectAsync(server.At("subprotocol?supports=three,two"), TestContext.Current.CancellationToken);
        await none.ConnectAsync(raw.Uri, TestContext.Current.CancellationToken);

        Assert.Equal("two", chosen.Information.Protocol);
        Assert.Equal("", none.Information.Protocol);
        Assert.Equal(["one", "two"], raw.Connections[0].Request!.SubProtocols);
    }

    [Theory]
    [InlineData("ONE", "'ONE', which is not one of those offered (one)")]
    [InlineData("one, one", "more than one subprotocol")]
    [InlineData("", "''")]
    public async Task SupportedProtocols_are_compared_exactly(string answer, string why)
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync(new HandshakeAnswer { SubProtocol = answer });
            await connection.DrainBytesAsync();
        });
        using MessageWebSocket socket = new() { Control = { SupportedProtocols = { "one" } } };

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(WebErrorStatus.ErrorHttpInvalidServerResponse, 0x80072F78, why);
        Assert.Null(socket.Information.Protocol);
    }

    [Theory]
    [InlineData("not a token")]
    [InlineData("a,b")]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("ü")]
    public async Task SupportedProtocols_that_are_no_tokens_are_refused_at_connect_before_any_input_or_output(string? protocol)
    {
        await using RawServer server = RawServer.Start(AcceptAsync);
        using MessageWebSocket socket = new();
        socket.Control.SupportedProtocols.Add(protocol!);

        await Assert.ThrowsAsync<ArgumentException>(() => socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken));

        Assert.Empty(server.Connections);
        Assert.Equal(MessageWebSocketState.Created, socket.State);
    }

    [Fact]
    public async Task SupportedProtocols_with_a_duplicate_are_refused_and_can_be_mended_for_another_try()
    {
        await using RawServer server = RawServer.Start(AcceptAsync);
        using MessageWebSocket socket = new() { Control = { SupportedProtocols = { "mqtt", "mqtt" } } };

        ArgumentException refused = await Assert.ThrowsAsync<ArgumentException>(() => socket.ConnectAsync(server.Uri));
        socket.Control.SupportedProtocols.RemoveAt(1);
        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);
        socket.Control.SupportedProtocols.Add("too-late");

        Assert.Contains("'mqtt' is offered twice", refused.Message, StringComparison.Ordinal);
        Assert.Equal(["mqtt"], server.Connections[0].Request!.SubProtocols);
    }

    private static async Task AcceptAsync(RawConnection connection)
    {
        await connection.AcceptHandshakeAsync();
        await connection.SinkAsync();
    }
}
