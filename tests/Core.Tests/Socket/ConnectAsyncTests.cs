using System.Net;
using System.Net.Sockets;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;

namespace MessageWebSockets.Tests.Sockets;

public sealed class ConnectAsyncTests
{
    [SocketFact]
    public async Task ConnectAsync_opens_the_socket()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();

        Assert.Equal(MessageWebSocketState.Open, dialogue.Socket.State);
        Assert.Equal(dialogue.Uri, dialogue.Socket.Uri);
        await dialogue.Peer.SendTextAsync("hello");
        Assert.Equal("hello", (await dialogue.ReceiveAsync()).Text);
    }

    [Theory]
    [InlineData("http://127.0.0.1/")]
    [InlineData("relative/path")]
    [InlineData("ws://user:password@127.0.0.1/")]
    [InlineData("ws://127.0.0.1/#fragment")]
    [InlineData("ws://127.0.0.1:0/")]
    public async Task ConnectAsync_refuses_an_address_that_is_not_for_WebSockets_and_the_socket_stays_usable(string address)
    {
        using MessageWebSocket socket = new();

        ArgumentException refused = await Assert.ThrowsAsync<ArgumentException>(
            () => socket.ConnectAsync(new Uri(address, UriKind.RelativeOrAbsolute)));

        Assert.DoesNotContain(
            "password", refused.Message.Replace("user name or password", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal(MessageWebSocketState.Created, socket.State);
        socket.Control.MaxMessageSize = 1;
    }

    [Fact]
    public async Task ConnectAsync_refuses_null()
    {
        using MessageWebSocket socket = new();
        await Assert.ThrowsAsync<ArgumentNullException>(() => socket.ConnectAsync(null!));
    }

    [SocketFact]
    public async Task ConnectAsync_a_second_time_is_an_illegal_method_call()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();

        InvalidOperationException refused = await Assert.ThrowsAsync<InvalidOperationException>(
            () => dialogue.Socket.ConnectAsync(dialogue.Uri));

        Assert.Equal(HResults.IllegalMethodCall, refused.HResult);
        Assert.Equal(MessageWebSocketState.Open, dialogue.Socket.State);
    }

    [SocketFact]
    public async Task ConnectAsync_while_connecting_is_an_illegal_method_call_and_harms_the_first_call_not()
    {
        TaskCompletionSource answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.ReadRequestAsync();
            await answer.Task;
            await connection.AcceptHandshakeAsync();
            await connection.HoldAsync();
        });
        using MessageWebSocket socket = new();
        Task first = socket.ConnectAsync(server.Uri);
        Assert.Equal(MessageWebSocketState.Connecting, socket.State);

        InvalidOperationException refused = await Assert.ThrowsAsync<InvalidOperationException>(() => socket.ConnectAsync(server.Uri));

        Assert.Equal(HResults.IllegalMethodCall, refused.HResult);
        answer.SetResult();
        await first;
        Assert.Equal(MessageWebSocketState.Open, socket.State);
    }

    [SocketFact]
    public async Task ConnectAsync_may_be_repeated_after_a_failure_with_other_subprotocols()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            RawRequest request = await connection.ReadRequestAsync();
            if (request.SubProtocols is ["second"])
            {
                await connection.AcceptHandshakeAsync(new HandshakeAnswer { SubProtocol = "second" });
                await connection.HoldAsync();
            }

            await connection.SendResponseAsync(503);
        });
        using MessageWebSocket socket = new();
        socket.Control.SupportedProtocols.Add("first");
        MessageWebSocketException failure = await Assert.ThrowsAsync<MessageWebSocketException>(() => socket.ConnectAsync(server.Uri));
        Assert.Equal(WebErrorStatus.ServiceUnavailable, failure.Status);
        Assert.Equal(MessageWebSocketState.Created, socket.State);

        socket.Control.SupportedProtocols[0] = "second";
        socket.Control.MaxMessageSize = 10;
        socket.SetRequestHeader("X-Attempt", "2");
        await socket.ConnectAsync(server.Uri);

        Assert.Equal(MessageWebSocketState.Open, socket.State);
        Assert.Equal("second", socket.Information.Protocol);
        Assert.Equal("2", server.Connections[1].Request!.Headers["X-Attempt"]);
    }

    [SocketFact]
    public async Task ConnectAsync_that_is_cancelled_throws_OperationCanceledException_and_may_be_repeated()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            if (connection.Number > 1)
            {
                await connection.AcceptHandshakeAsync();
            }

            await connection.DrainBytesAsync();
        });
        using MessageWebSocket socket = new();
        using CancellationTokenSource cancel = new();
        Task connecting = socket.ConnectAsync(server.Uri, cancel.Token);
        RawConnection first = await server.NextConnectionAsync();
        await cancel.CancelAsync();

        OperationCanceledException cancelled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting);

        Assert.Equal(HResults.OperationCanceled, cancelled.HResult);
        Assert.Equal(WebErrorStatus.OperationCanceled, WebSocketError.GetStatus(cancelled.HResult));
        Assert.Equal(cancel.Token, cancelled.CancellationToken);
        await first.Completion;
        Assert.Equal(MessageWebSocketState.Created, socket.State);
        await socket.ConnectAsync(server.Uri);
        Assert.Equal(MessageWebSocketState.Open, socket.State);
    }

    [SocketFact]
    public async Task ConnectAsync_ends_when_the_socket_is_disposed_meanwhile()
    {
        await using RawServer server = RawServer.Start(connection => connection.DrainBytesAsync());
        using MessageWebSocket socket = new();
        Task connecting = socket.ConnectAsync(server.Uri);
        RawConnection peer = await server.NextConnectionAsync();

        socket.Dispose();

        ObjectDisposedException closed = await Assert.ThrowsAsync<ObjectDisposedException>(() => connecting);
        Assert.Equal(HResults.Closed, closed.HResult);
        Assert.Equal(MessageWebSocketState.Closed, socket.State);
        await peer.Completion;
        await Assert.ThrowsAsync<ObjectDisposedException>(() => socket.ConnectAsync(server.Uri));
    }

    [SocketFact]
    public async Task ConnectAsync_gives_up_after_ConnectTimeout_and_may_be_repeated()
    {
        await using RawServer server = RawServer.Start(connection => connection.DrainBytesAsync());
        using MessageWebSocket socket = new();
        socket.Control.ConnectTimeout = TimeSpan.FromMilliseconds(200);

        MessageWebSocketException late = await Assert.ThrowsAsync<MessageWebSocketException>(() => socket.ConnectAsync(server.Uri));

        Assert.Equal(HResults.Timeout, late.HResult);
        Assert.Equal(WebErrorStatus.Timeout, late.Status);
        Assert.Equal(MessageWebSocketState.Created, socket.State);
        await server.WhenIdleAsync();
    }

    [SocketFact]
    public async Task ConnectAsync_to_a_port_where_nobody_listens_is_CannotConnect()
    {
        using Socket unused = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        unused.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using MessageWebSocket socket = new();

        MessageWebSocketException refused = await Assert.ThrowsAsync<MessageWebSocketException>(
            () => socket.ConnectAsync(new Uri($"ws://{unused.LocalEndPoint}/")));

        Assert.Equal(HResults.CannotConnect, refused.HResult);
        Assert.Equal(WebErrorStatus.CannotConnect, refused.Status);
    }

    [SocketFact]
    public async Task SetRequestHeader_sends_the_header_and_the_same_name_again_replaces_it()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket =>
        {
            socket.SetRequestHeader("X-Token", "first");
            socket.SetRequestHeader("x-token", "second");
            socket.SetRequestHeader("X-Gone", "value");
            socket.SetRequestHeader("X-Gone", null);
        });

        RawRequest request = await dialogue.Peer.ReadRequestAsync();
        Assert.Equal("second", request.Headers["X-Token"]);
        Assert.False(request.Headers.ContainsKey("X-Gone"));
    }

    [SocketFact]
    public async Task SetRequestHeader_after_ConnectAsync_is_an_illegal_method_call()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();

        InvalidOperationException refused = Assert.Throws<InvalidOperationException>(() => dialogue.Socket.SetRequestHeader("X-Late", "1"));

        Assert.Equal(HResults.IllegalMethodCall, refused.HResult);
    }

    [Theory]
    [InlineData("Sec-WebSocket-Extensions")]
    [InlineData("Connection")]
    [InlineData("upgrade")]
    [InlineData("Sec-WebSocket-Key")]
    [InlineData("Sec-WebSocket-Version")]
    [InlineData("Sec-WebSocket-Accept")]
    public void SetRequestHeader_refuses_what_the_handshake_owns(string name)
    {
        using MessageWebSocket socket = new();
        Assert.Throws<ArgumentException>(() => socket.SetRequestHeader(name, "value"));
    }

    [Theory]
    [InlineData("X-Name\r\n", "value")]
    [InlineData("X Name", "value")]
    [InlineData("", "value")]
    [InlineData("X-Name", "a\r\nInjected: 1")]
    [InlineData("X-Name", "a\nb")]
    [InlineData("X-Name", "a\0b")]
    public void SetRequestHeader_refuses_line_breaks_and_NUL(string name, string value)
    {
        using MessageWebSocket socket = new();
        Assert.Throws<ArgumentException>(() => socket.SetRequestHeader(name, value));
    }
}
