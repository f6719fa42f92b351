using MessageWebSockets.Tests.Loopback;
using Xunit;

namespace MessageWebSockets.Tests.Server;

public sealed class EchoServerHandlerTests
{
    [SocketFact]
    public async Task A_handler_answers_with_none_one_or_several_messages()
    {
        await using WebSocketEchoServer server = Start(async (message, client, token) =>
        {
            if (message.MessageType == SocketMessageType.Binary)
            {
                await client.SendAsync(message.Bytes.Reverse().ToArray(), token);
                return;
            }

            for (int i = 0; i < int.Parse(message.Text, null); i++)
            {
                await client.SendAsync($"{i} of {message.Text}", token);
            }
        });
        using MessageWebSocket socket = await ConnectAsync(server);

        await socket.SendAsync("0");
        await socket.SendAsync("2");
        await socket.SendAsync(new byte[] { 1, 2, 3 }, SocketMessageType.Binary);

        Assert.Equal("0 of 2", (await socket.ReceiveAsync())?.Text);
        Assert.Equal("1 of 2", (await socket.ReceiveAsync())?.Text);
        Assert.Equal([3, 2, 1], (await socket.ReceiveAsync())?.Bytes);
        Assert.Equal("handler", server.Mode);
    }

    [SocketTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Messages_that_wait_for_room_leave_in_the_order_they_were_sent(bool broadcasts)
    {
        const int Count = 300;
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions
        {
            QueueLimit = 2000,
            Broadcast = broadcasts,
            Handler = (_, client, token) => Task.WhenAll(Enumerable.Range(0, Count).Select(i => client.SendAsync($"{i,1000}", token))),
        });
        using MessageWebSocket socket = await ConnectAsync(server);

        await socket.SendAsync("go");

        for (int i = 0; i < Count; i++)
        {
            Assert.Equal($"{i}", (await socket.ReceiveAsync())?.Text.Trim());
        }
    }

    [SocketFact]
    public async Task A_handler_that_fails_costs_its_client_the_connection_and_nobody_else_anything()
    {
        await using WebSocketEchoServer server = Start(async (message, client, token) =>
        {
            await client.SendAsync("seen", token);
            if (message.Text == "bad")
            {
                throw new FormatException("secret details");
            }
        });
        using MessageWebSocket good = await ConnectAsync(server);
        using MessageWebSocket bad = await ConnectAsync(server);

        await bad.SendAsync("bad");
        Assert.Equal("seen", (await bad.ReceiveAsync())?.Text);
        Assert.Null(await bad.ReceiveAsync());
        await good.SendAsync("good");

        Assert.Equal("seen", (await good.ReceiveAsync())?.Text);
        Assert.Equal((1011, "The handler failed."), ((int?)bad.Information.CloseCode, bad.Information.CloseReason));
        Assert.Equal(1, server.HandlerErrors);
        Assert.IsType<FormatException>(Assert.Single(server.Errors));
    }

    [SocketFact]
    public async Task A_text_without_a_UTF_8_form_is_the_handlers_failure()
    {
        await using WebSocketEchoServer server = Start((_, client, token) => client.SendAsync("\ud800", token));
        using MessageWebSocket socket = await ConnectAsync(server);

        await socket.SendAsync("x");

        Assert.Null(await socket.ReceiveAsync());
        Assert.IsAssignableFrom<ArgumentException>(Assert.Single(server.Errors));
    }

    [SocketFact]
    public async Task Clients_do_not_wait_for_each_others_handler_and_one_clients_messages_keep_their_order()
    {
        TaskCompletionSource gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using WebSocketEchoServer server = Start(async (message, client, token) =>
        {
            if (message.Text == "wait")
            {
                await gate.Task;
            }

            await client.SendAsync(message.Text, token);
        });
        using MessageWebSocket waiting = await ConnectAsync(server);
        using MessageWebSocket other = await ConnectAsync(server);

        await waiting.SendAsync("wait");
        await waiting.SendAsync("after");
        await other.SendAsync("quick");
        Assert.Equal("quick", (await other.ReceiveAsync())?.Text);
        gate.SetResult();

        Assert.Equal("wait", (await waiting.ReceiveAsync())?.Text);
        Assert.Equal("after", (await waiting.ReceiveAsync())?.Text);
    }

    [SocketFact]
    public async Task With_Broadcast_the_answer_goes_to_everybody()
    {
        WebSocketEchoServerOptions options =
            new() { Broadcast = true, Handler = (message, client, token) => client.SendAsync(message.Text.ToUpperInvariant(), token) };
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(options);
        using MessageWebSocket listener = await ConnectAsync(server);
        using MessageWebSocket talker = await ConnectAsync(server);

        await talker.SendAsync("news");

        Assert.Equal("NEWS", (await listener.ReceiveAsync())?.Text);
        Assert.Equal("NEWS", (await talker.ReceiveAsync())?.Text);
        Assert.Equal("handler, broadcast", server.Mode);
    }

    [SocketFact]
    public async Task StopAsync_with_a_token_that_is_cancelled_ends_the_wait_and_the_server_stops_all_the_same()
    {
        TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource release = new(TaskCreationOptions.RunContinuationsAsynchronously);
        WebSocketEchoServer server = Start(async (_, _, _) =>
        {
            started.SetResult();
            await release.Task;
        });
        using MessageWebSocket socket = await ConnectAsync(server);
        await socket.SendAsync("x");
        await started.Task;
        using CancellationTokenSource wait = new();

        Task stopping = server.StopAsync(wait.Token);
        await wait.CancelAsync();
        OperationCanceledException cancelled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stopping);

        Assert.Equal((wait.Token, "0x80072EF1"), (cancelled.CancellationToken, $"0x{cancelled.HResult:X8}"));
        Assert.NotEqual(WebSocketEchoServerState.Listening, server.State);
        release.SetResult();
        await server.Completion;
        await server.StopAsync(CancellationToken.None);
        Assert.Equal(WebSocketEchoServerState.Stopped, server.State);
    }

    [SocketFact]
    public async Task StopAsync_cancels_a_handler()
    {
        TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
        WebSocketEchoServer server = Start(async (_, _, cancellationToken) =>
        {
            started.SetResult();
            try
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                cancelled.SetResult();
                throw;
            }
        });
        using MessageWebSocket socket = await ConnectAsync(server);
        await socket.SendAsync("x");
        await started.Task;

        await server.StopAsync();

        await cancelled.Task;
        Assert.Equal(0, server.HandlerErrors);
    }

    [SocketFact]
    public async Task The_last_64_errors_are_kept()
    {
        await using WebSocketEchoServer server = Start(static (_, client, token) =>
        {
            for (int i = 0; i < 100; i++)
            {
                client.ReportError(new InvalidOperationException($"{i}"));
            }

            return client.SendAsync("done", token);
        });
        using MessageWebSocket socket = await ConnectAsync(server);
        await socket.SendAsync("x");

        Assert.Equal("done", (await socket.ReceiveAsync())?.Text);
        Assert.Equal(100, server.HandlerErrors);
        Assert.Equal(("36", "99", 64), (server.Errors[0].Message, server.Errors[^1].Message, server.Errors.Count));
    }

    private static WebSocketEchoServer Start(WebSocketEchoHandler handler) =>
        WebSocketEchoServer.Start(new WebSocketEchoServerOptions { Handler = handler });

    private static async Task<MessageWebSocket> ConnectAsync(WebSocketEchoServer server)
    {
        MessageWebSocket socket = new();
        await socket.ConnectAsync(server.Uri);
        return socket;
    }
}
