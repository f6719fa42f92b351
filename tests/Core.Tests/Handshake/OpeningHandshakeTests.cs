using System.Net;
using System.Text;
using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Handshake;

public sealed class OpeningHandshakeTests
{
    [Theory]
    [InlineData("upgrade-missing", "lacks 'Upgrade: websocket'")]
    [InlineData("upgrade-wrong", "lacks 'Upgrade: websocket'")]
    [InlineData("connection-missing", "lacks 'Connection: Upgrade'")]
    [InlineData("connection-wrong", "lacks 'Connection: Upgrade'")]
    [InlineData("accept-missing", "lacks Sec-WebSocket-Accept")]
    [InlineData("accept-wrong", "Sec-WebSocket-Accept does not match")]
    [InlineData("subprotocol-not-offered", "the subprotocol 'never-offered' and none was offered")]
    [InlineData("two-subprotocols", "more than one subprotocol")]
    [InlineData("extension-not-offered", "the extension 'x-never-offered', which was not offered")]
    [InlineData("deflate-not-offered", "the extension 'permessage-deflate', which was not offered")]
    public async Task ConnectAsync_refuses_a_101_that_breaks_RFC_6455_and_closes_the_connection(string fault, string why)
    {
        await using FaultServer server = FaultServer.Start(Faults.Named(fault));
        using MessageWebSocket socket = new();

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(WebErrorStatus.ErrorHttpInvalidServerResponse, 0x80072F78, why, server.Uri.Authority);
        Assert.Equal(HttpStatusCode.SwitchingProtocols, socket.Information.HandshakeStatusCode);
        Assert.NotEmpty(socket.Information.HandshakeHeaders);
        Assert.Null(socket.Information.Protocol);
        Assert.Null(socket.Information.OpenedAt);
        await server.Raw!.WhenIdleAsync(TestContext.Current.CancellationToken).WaitAsync(ConnectFailure.Patience);
    }

    [Fact]
    public async Task ConnectAsync_refuses_an_Upgrade_that_names_another_protocol_beside_websocket()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync(new HandshakeAnswer { Upgrade = "websocket, h2c" });
            await connection.DrainBytesAsync();
        });
        using MessageWebSocket socket = new();

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(WebErrorStatus.ErrorHttpInvalidServerResponse, 0x80072F78, "Upgrade: websocket");
    }

    [Fact]
    public async Task ConnectAsync_takes_Upgrade_and_Connection_in_any_case_and_among_other_options()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync(new HandshakeAnswer { Upgrade = "WebSocket", Connection = "keep-alive, uPGRADE" });
            await connection.SinkAsync();
        });
        using MessageWebSocket socket = new();

        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

        Assert.Equal(MessageWebSocketState.Open, socket.State);
        Assert.Equal("", socket.Information.Protocol);
    }

    [Fact]
    public async Task ConnectAsync_sends_what_RFC_6455_section_4_1_demands_and_nothing_else()
    {
        await using RawServer server = RawServer.Start(AcceptAsync);
        using MessageWebSocket socket = new();

        await socket.ConnectAsync(new Uri(server.Uri, "/chat%20room?x=1&y=%2F"), TestContext.Current.CancellationToken);

        RawRequest request = (await server.NextConnectionAsync(TestContext.Current.CancellationToken)).Request!;
        Assert.Equal("GET", request.Method);
        Assert.Equal("/chat%20room?x=1&y=%2F", request.Target);
        Assert.Equal(
            ["Connection", "Host", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Upgrade"],
            request.Headers.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(server.EndPoint.ToString(), request.Headers["Host"]);
        Assert.Equal("Upgrade", request.Headers["Connection"]);
        Assert.Equal("websocket", request.Headers["Upgrade"]);
        Assert.Equal("13", request.Headers["Sec-WebSocket-Version"]);
        Assert.Equal(16, Convert.FromBase64String(request.Key!).Length);
    }

    [Fact]
    public async Task ConnectAsync_makes_a_new_key_each_time()
    {
        await using RawServer server = RawServer.Start(AcceptAsync);
        using MessageWebSocket first = new();
        using MessageWebSocket second = new();

        await first.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);
        await second.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

        Assert.Equal(2, server.Connections.Select(connection => connection.Request!.Key).Distinct().Count());
    }

    [Theory]
    [InlineData(200, WebErrorStatus.UnexpectedStatusCode, 0x801900C8u, "is the path right?")]
    [InlineData(301, WebErrorStatus.MovedPermanently, 0x8019012Du, "MaximumRedirection")]
    [InlineData(302, WebErrorStatus.Found, 0x8019012Eu, "MaximumRedirection")]
    [InlineData(401, WebErrorStatus.Unauthorized, 0x80190191u, "credentials")]
    [InlineData(403, WebErrorStatus.Forbidden, 0x80190193u, "refuses this client")]
    [InlineData(404, WebErrorStatus.NotFound, 0x80190194u, "Is the path right?")]
    [InlineData(407, WebErrorStatus.ProxyAuthenticationRequired, 0x80190197u, "proxy credential")]
    [InlineData(426, WebErrorStatus.UnexpectedClientError, 0x801901AAu, "dropped the Upgrade header")]
    [InlineData(429, WebErrorStatus.UnexpectedClientError, 0x801901ADu, "too busy")]
    [InlineData(500, WebErrorStatus.InternalServerError, 0x801901F4u, "its log says more")]
    [InlineData(503, WebErrorStatus.ServiceUnavailable, 0x801901F7u, "too busy")]
    [InlineData(999, WebErrorStatus.UnexpectedStatusCode, 0x801903E7u, "WebSocket endpoint?")]
    public async Task ConnectAsync_tells_another_status_with_its_headers_and_body(
        int status, WebErrorStatus webStatus, uint hresult, string advice)
    {
        await using FaultServer server = FaultServer.Start(Faults.Named($"status-{status}"));
        using MessageWebSocket socket = new();

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(webStatus, hresult, $"answered the WebSocket handshake with {status} Status {status}", advice, server.Uri.Authority);
        Assert.Equal(status, (int?)failure.HttpStatusCode);
        Assert.Equal($"This is status {status}.", failure.ResponseBody);
        Assert.Equal(["text/plain"], failure.ResponseHeaders!["content-type"]);
        Assert.Equal(status, (int?)socket.Information.HandshakeStatusCode);
        Assert.Equal(["text/plain"], socket.Information.HandshakeHeaders["Content-Type"]);
        Assert.Single(server.Raw!.Connections);
        await server.Raw.WhenIdleAsync(TestContext.Current.CancellationToken).WaitAsync(ConnectFailure.Patience);
    }

    [Fact]
    public async Task ConnectAsync_takes_a_chunked_page_for_a_page_and_not_for_an_upgrade()
    {
        await using FaultServer server = FaultServer.Start(Faults.Named("body-instead-of-upgrade"));
        using MessageWebSocket socket = new();

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(WebErrorStatus.UnexpectedStatusCode, 0x801900C8, "ordinary pages");
        Assert.StartsWith("<!doctype html>", failure.ResponseBody, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ResponseBody_is_the_first_64_KiB_of_a_longer_body()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendResponseAsync(500, new string('a', 65_536) + new string('b', 100_000));
        });
        using MessageWebSocket socket = new();

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        Assert.Equal(new string('a', 65_536), failure.ResponseBody);
    }

    [Fact]
    public async Task ResponseBody_is_what_came_of_a_body_that_was_cut_short()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendBytesAsync("HTTP/1.1 500 Broken\r\nContent-Length: 1000\r\n\r\nonly this");
        });
        using MessageWebSocket socket = new();

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(WebErrorStatus.InternalServerError, 0x801901F4);
        Assert.Equal("only this", failure.ResponseBody);
    }

    [Fact]
    public async Task ResponseBody_that_does_not_end_does_not_hold_the_error_back()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendBytesAsync("HTTP/1.1 503 Busy\r\nContent-Length: 1000\r\n\r\nso far");
            await connection.DrainBytesAsync();
        });
        using MessageWebSocket socket = new();

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(WebErrorStatus.ServiceUnavailable, 0x801901F7);
        Assert.Equal("so far", failure.ResponseBody);
    }

    [Fact]
    public async Task MessageWebSocketException_Message_shows_no_control_character_of_the_server()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendBytesAsync("HTTP/1.1 500 \u001b[2JBroken\r\nContent-Length: 0\r\n\r\n");
        });
        using MessageWebSocket socket = new();

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        Assert.DoesNotContain('\u001b', failure.Message);
    }

    [Fact]
    public async Task MessageWebSocketException_Message_shows_neither_the_query_nor_a_header_of_the_request()
    {
        await using FaultServer server = FaultServer.Start(Faults.Named("status-403"));
        using MessageWebSocket socket = new();
        socket.SetRequestHeader("Authorization", "Bearer s3cret");
        socket.SetRequestHeader("Cookie", "session=s3cret");

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, new Uri(server.Uri, "/path?access_token=s3cret"));

        failure.Is(WebErrorStatus.Forbidden, 0x80190193, "/path?...");
        Assert.DoesNotContain("s3cret", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ConnectAsync_refuses_bytes_that_are_no_HTTP()
    {
        await using FaultServer server = FaultServer.Start(Faults.Named("garbage-bytes"));
        using MessageWebSocket socket = new();

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(WebErrorStatus.ErrorHttpInvalidServerResponse, 0x80072F78, "not an HTTP response", server.Uri.Authority);
        Assert.Null(socket.Information.HandshakeStatusCode);
        Assert.Empty(socket.Information.HandshakeHeaders);
    }

    [Theory]
    [InlineData("header-of-100-kilobytes")]
    [InlineData("endless-header")]
    public async Task ConnectAsync_refuses_an_answer_with_more_than_64_KiB_of_headers(string fault)
    {
        await using FaultServer server = FaultServer.Start(Faults.Named(fault));
        using MessageWebSocket socket = new();

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(WebErrorStatus.ErrorHttpInvalidServerResponse, 0x80072F78, "more than 64 KiB of headers");
    }

    [Theory]
    [InlineData("closes-after-request")]
    [InlineData("closes-mid-header")]
    public async Task ConnectAsync_tells_a_server_that_closes_during_the_handshake_and_asks_it_once(string fault)
    {
        await using FaultServer server = FaultServer.Start(Faults.Named(fault));
        using MessageWebSocket socket = new();

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(WebErrorStatus.ConnectionAborted, 0x80072EFE, "closed the connection during the handshake", server.Uri.Authority);
        Assert.Single(server.Raw!.Connections);
    }

    [Fact]
    public async Task ConnectAsync_tells_a_server_that_closes_at_once()
    {
        await using FaultServer server = FaultServer.Start(Faults.Named("closes-at-once"));
        using MessageWebSocket socket = new();

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        // The request may reach the closed socket before its FIN reaches us; the system then answers with a reset.
        Assert.True(
            failure.Status is WebErrorStatus.ConnectionAborted or WebErrorStatus.ConnectionReset, $"{failure.Status}: {failure.Message}");
    }

    [Fact]
    public async Task ConnectAsync_tells_a_server_that_resets()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.ReadRequestAsync();
            connection.Reset();
        });
        using MessageWebSocket socket = new();

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(WebErrorStatus.ConnectionReset, 0x80072EFF, "reset the connection during the handshake");
        Assert.Single(server.Connections);
    }

    [Theory]
    [InlineData("says-nothing")]
    [InlineData("one-byte-a-second")]
    public async Task ConnectTimeout_ends_the_wait_for_a_slow_server_and_closes_the_connection(string fault)
    {
        await using FaultServer server = FaultServer.Start(Faults.Named(fault));
        using MessageWebSocket socket = new();
        socket.Control.ConnectTimeout = TimeSpan.FromMilliseconds(300);

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        failure.Is(WebErrorStatus.Timeout, 0x80072EE2, "no WebSocket within 0.3 s", "ConnectTimeout", server.Uri.Authority);
        Assert.Null(socket.Information.HandshakeStatusCode);
        await server.Raw!.WhenIdleAsync(TestContext.Current.CancellationToken).WaitAsync(ConnectFailure.Patience);
    }

    [Fact]
    public async Task ConnectAsync_ends_with_its_token_while_the_server_is_silent_and_can_be_tried_again()
    {
        using CancellationTokenSource cancel = new();
        await using RawServer silent = RawServer.Start(async connection =>
        {
            await connection.ReadRequestAsync();
            await cancel.CancelAsync();
            await connection.DrainBytesAsync();
        });
        await using RawServer willing = RawServer.Start(AcceptAsync);
        using MessageWebSocket socket = new();

        OperationCanceledException cancelled = await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => socket.ConnectAsync(silent.Uri, cancel.Token).WaitAsync(ConnectFailure.Patience));
        await silent.WhenIdleAsync(TestContext.Current.CancellationToken).WaitAsync(ConnectFailure.Patience);
        await socket.ConnectAsync(willing.Uri, TestContext.Current.CancellationToken);

        Assert.Equal(cancel.Token, cancelled.CancellationToken);
        Assert.Equal("0x80072EF1", $"0x{cancelled.HResult:X8}");
        Assert.Equal(MessageWebSocketState.Open, socket.State);
    }

    [Fact]
    public async Task Close_ends_a_connect_that_is_under_way()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.DrainBytesAsync();
        });
        using MessageWebSocket socket = new();
        Task connecting = socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);
        await server.NextConnectionAsync(TestContext.Current.CancellationToken);

        socket.Close();

        ObjectDisposedException closed = await Assert.ThrowsAsync<ObjectDisposedException>(
            () => connecting.WaitAsync(ConnectFailure.Patience));
        Assert.Equal("0x80000013", $"0x{closed.HResult:X8}");
        Assert.Equal(MessageWebSocketState.Closed, socket.State);
        await server.WhenIdleAsync(TestContext.Current.CancellationToken).WaitAsync(ConnectFailure.Patience);
    }

    [Fact]
    public async Task ConnectAsync_a_second_time_is_an_illegal_method_call_while_connecting_and_when_open()
    {
        using SemaphoreSlim go = new(0);
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.ReadRequestAsync();
            await go.WaitAsync(connection.Stopping);
            await AcceptAsync(connection);
        });
        using MessageWebSocket socket = new();
        Task connecting = socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

        InvalidOperationException whileConnecting = await Assert.ThrowsAsync<InvalidOperationException>(
            () => socket.ConnectAsync(server.Uri));
        go.Release();
        await connecting;
        InvalidOperationException whenOpen = await Assert.ThrowsAsync<InvalidOperationException>(() => socket.ConnectAsync(server.Uri));

        Assert.Equal("0x8000000E", $"0x{whileConnecting.HResult:X8}");
        Assert.Equal("0x8000000E", $"0x{whenOpen.HResult:X8}");
        Assert.Equal(MessageWebSocketState.Open, socket.State);
        Assert.Single(server.Connections);
    }

    [Fact]
    public async Task ConnectAsync_hands_over_frames_that_came_in_one_segment_with_the_101()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            RawRequest request = await connection.ReadRequestAsync();
            byte[] head = Encoding.Latin1.GetBytes(RawConnection.HandshakeHead(request, new HandshakeAnswer()));
            await connection.SendBytesAsync((byte[])[.. head, .. FrameBytes.Text("early")]);
            await connection.SinkAsync();
        });
        using MessageWebSocket socket = new();

        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

        Assert.Equal("early", (await socket.ReceiveAsync(TestContext.Current.CancellationToken))?.Text);
    }

    private static async Task AcceptAsync(RawConnection connection)
    {
        await connection.AcceptHandshakeAsync();
        await connection.SinkAsync();
    }
}
