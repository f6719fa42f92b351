using System.Text.RegularExpressions;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Handshake;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Conversation;

public sealed class OnConnectedTests
{
    [SocketFact]
    public async Task ConnectMessages_go_out_first_and_then_what_OnConnected_sends()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket =>
        {
            socket.Control.ConnectMessages.Add("one");
            socket.Control.ConnectMessages.Add(new byte[] { 1, 2 });
            socket.OnConnected = async (connected, cancellationToken) => await connected.SendAsync("three", cancellationToken);
        });
        await dialogue.Socket.SendAsync("four");

        Assert.Equal("one", (await dialogue.PeerReadsAsync(WireOpcode.Text)).Text);
        Assert.Equal([1, 2], (await dialogue.PeerReadsAsync(WireOpcode.Binary)).Payload);
        Assert.Equal("three", (await dialogue.PeerReadsAsync(WireOpcode.Text)).Text);
        Assert.Equal("four", (await dialogue.PeerReadsAsync(WireOpcode.Text)).Text);
    }

    [SocketFact]
    public async Task ConnectReply_is_waited_for_and_taken_ahead_of_OnConnected()
    {
        TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource mayAnswer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            Assert.Equal("hello", (await connection.ReadFrameAsync())!.Text);
            await connection.SendTextAsync("noise");
            await connection.SendTextAsync("ping");
            Assert.Equal("pong", (await connection.ReadFrameAsync())!.Text);
            asked.SetResult();
            await mayAnswer.Task;
            await connection.SendTextAsync("welcome 1");
            Assert.Equal("subscribe", (await connection.ReadFrameAsync())!.Text);
            await connection.SendTextAsync("welcome 2");
            await connection.HoldAsync();
        });
        using MessageWebSocket first = new();
        first.Control.ConnectMessages.Add("hello");
        first.Control.ConnectReply = new Regex("^welcome");
        first.Control.AutoReplies.Add(new AutoReply("ping", "pong"));
        first.Control.Ignore.Add(new Regex("^noise$"));
        first.OnConnected = async (connected, cancellationToken) => await connected.SendAsync("subscribe", cancellationToken);
        // It goes along with a clone.
        using MessageWebSocket socket = first.Clone();

        Task connecting = socket.ConnectAsync(server.Uri);
        await asked.Task;
        Assert.False(connecting.IsCompleted);
        mayAnswer.SetResult();
        await connecting;

        // Only the first one is the answer.
        Assert.Equal("welcome 2", (await socket.ReceiveAsync())!.Text);
    }

    [SocketFact]
    public async Task ConnectReply_that_is_another_fails_the_connect_and_is_told()
    {
        using MessageWebSocket socket = new();
        socket.OnConnected = (_, _) => throw new InvalidOperationException("It is not run.");

        MessageWebSocketException failed = await FailureOfReplyAsync(socket, static server => server.SendTextAsync("go\naway"));

        Assert.Contains("failed: the server answered go", failed.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', failed.Message);
    }

    [SocketFact]
    public async Task ConnectReply_that_does_not_come_fails_the_connect_with_the_close()
    {
        using MessageWebSocket socket = new();

        MessageWebSocketException failed = await FailureOfReplyAsync(socket, static server => server.SendCloseAsync(4403, "forbidden"));

        failed.Is(WebErrorStatus.ConnectionAborted, 0x80072EFE, "4403 (forbidden)");
    }

    [SocketFact]
    public async Task ConnectReply_is_for_whole_messages_and_one_in_chunks_is_told_as_that()
    {
        using MessageWebSocket socket = new();
        socket.Control.ReceiveMode = MessageWebSocketReceiveMode.PartialMessage;

        MessageWebSocketException failed = await FailureOfReplyAsync(socket, static server => server.SendTextAsync("wel", fin: false));

        failed.Is(WebErrorStatus.Unknown, 0x80131620, "came in chunks (ReceiveMode)");
    }

    [SocketFact]
    public async Task A_greeting_that_meets_a_broken_connection_fails_with_the_number_of_that()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            await connection.ReadFrameAsync();
            connection.Reset();
        });
        using MessageWebSocket socket = new();
        socket.Control.ConnectMessages.Add("let me in");
        socket.Control.ConnectReply = new Regex("^welcome");

        MessageWebSocketException failed = await Assert.ThrowsAsync<MessageWebSocketException>(() => socket.ConnectAsync(server.Uri));

        failed.Is(WebErrorStatus.ConnectionReset, 0x80072EFF);
    }

    [SocketFact]
    public async Task ConnectReply_is_waited_for_until_the_connect_is_cancelled()
    {
        TaskCompletionSource greeted = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            await connection.ReadFrameAsync();
            greeted.SetResult();
            await connection.HoldAsync();
        });
        using MessageWebSocket socket = new();
        using CancellationTokenSource cancel = new();
        socket.Control.ConnectMessages.Add("hello");
        socket.Control.ConnectReply = new Regex("^welcome");

        Task connecting = socket.ConnectAsync(server.Uri, cancel.Token);
        await greeted.Task;
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting);
        Assert.Equal(MessageWebSocketState.Created, socket.State);
    }

    [SocketFact]
    public async Task ConnectReply_is_none_of_a_handler()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            await connection.SendTextAsync("welcome");
            await connection.SendTextAsync("news");
            await connection.HoldAsync();
        });
        using MessageWebSocket socket = new();
        TaskCompletionSource<string> handled = new(TaskCreationOptions.RunContinuationsAsynchronously);
        socket.MessageReceived += (_, e) => handled.TrySetResult(e.Message!.Text);
        socket.Control.ConnectReply = new Regex("^welcome");

        await socket.ConnectAsync(server.Uri);

        Assert.Equal("news", await handled.Task);
    }

    [SocketFact]
    public async Task OnConnected_may_talk_and_what_it_does_not_take_stays_in_the_inbox_in_order()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            await connection.SendTextAsync("welcome");
            await connection.SendTextAsync("noise 1");
            Assert.Equal("login", (await connection.ReadFrameAsync())!.Text);
            await connection.SendTextAsync("noise 2");
            await connection.SendTextAsync("logged in");
            await connection.SendTextAsync("noise 3");
            await connection.HoldAsync();
        });
        using MessageWebSocket socket = new();
        List<string> taken = [];
        socket.OnConnected = async (connected, cancellationToken) =>
        {
            Assert.Same(socket, connected);
            Assert.Equal(MessageWebSocketState.Open, connected.State);
            taken.Add((await connected.ReceiveAsync(cancellationToken))!.Text);
            Task<WsMessage?> reply = connected.ReceiveNextAsync(message => message.Text == "logged in", cancellationToken);
            await Task.Run(async () => await connected.SendAsync("login"), cancellationToken);
            taken.Add((await reply)!.Text);
        };

        await socket.ConnectAsync(server.Uri);

        Assert.Equal(["welcome", "logged in"], taken);
        foreach (int number in new[] { 1, 2, 3 })
        {
            Assert.Equal($"noise {number}", (await socket.ReceiveAsync())!.Text);
        }
    }

    [SocketFact]
    public async Task While_OnConnected_runs_the_socket_is_not_connected_for_others()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            await connection.SendTextAsync("hello");
            await connection.HoldAsync();
        });
        using MessageWebSocket socket = new();
        TaskCompletionSource isGreeting = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource mayEnd = new(TaskCreationOptions.RunContinuationsAsynchronously);
        socket.OnConnected = async (_, _) =>
        {
            isGreeting.SetResult();
            await mayEnd.Task;
        };

        Task connecting = socket.ConnectAsync(server.Uri);
        await isGreeting.Task;

        Assert.Equal(MessageWebSocketState.Connecting, socket.State);
        await RefusedAsync(() => socket.SendAsync("mine").AsTask());
        await RefusedAsync(() => socket.PingAsync());
        await RefusedAsync(() => socket.ReceiveAsync().AsTask());
        await RefusedAsync(() => socket.ConnectAsync(server.Uri));
        Assert.False(connecting.IsCompleted);

        mayEnd.SetResult();
        await connecting;
        Assert.Equal(MessageWebSocketState.Open, socket.State);
        Assert.Equal("hello", (await socket.ReceiveAsync())!.Text);
        RawConnection peer = await server.NextConnectionAsync();
        await socket.SendAsync("mine");
        Assert.Equal("mine", (await peer.ReadFrameAsync())!.Text);

        static async Task RefusedAsync(Func<Task> act) =>
            Assert.Equal(HResults.IllegalMethodCall, (await Assert.ThrowsAsync<InvalidOperationException>(act)).HResult);
    }

    [SocketFact]
    public async Task OnConnected_that_throws_fails_the_connect_closes_the_connection_and_leaves_a_socket_to_connect_again()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            await connection.SendTextAsync($"hello {connection.Number}");
            await connection.DrainFramesAsync();
        });
        int attempts = 0;
        EventRecorder events = new();
        using MessageWebSocket socket = new();
        events.RecordCloses(socket);
        socket.OnConnected = (_, _) => ++attempts == 1 ? throw new FormatException("not this time") : Task.CompletedTask;

        MessageWebSocketException failed = await Assert.ThrowsAsync<MessageWebSocketException>(() => socket.ConnectAsync(server.Uri));

        Assert.Contains("not this time", failed.Message, StringComparison.Ordinal);
        Assert.IsType<FormatException>(failed.InnerException);
        Assert.Equal(MessageWebSocketState.Created, socket.State);
        Assert.Throws<InvalidOperationException>(() => socket.TryReceive(out _));
        Assert.Null(socket.Information.CloseCode);
        RawConnection first = await server.NextConnectionAsync();
        await first.Completion;
        Assert.NotNull(first.CloseFrame);

        socket.Control.MaxMessageSize = 1000;
        await socket.ConnectAsync(server.Uri);
        Assert.Equal($"hello {first.Number + 1}", (await socket.ReceiveAsync())!.Text);
        Assert.Equal(MessageWebSocketState.Open, socket.State);
        socket.Close(4000);
        Assert.Equal(4000, (await events.NextCloseAsync()).Code);
        Assert.Equal(1, events.ClosedCount);
    }

    [SocketTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task OnConnected_that_pays_no_attention_ends_with_the_token_or_the_timeout_of_the_connect(bool byToken)
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            await connection.DrainFramesAsync();
        });
        using MessageWebSocket socket = new();
        using CancellationTokenSource cancel = new();
        TaskCompletionSource never = new();
        socket.Control.ConnectTimeout = byToken ? TimeSpan.Zero : TimeSpan.FromSeconds(1);
        socket.OnConnected = (_, _) =>
        {
            if (byToken)
            {
                cancel.CancelAfter(1);
            }

            return never.Task;
        };

        Task connecting = socket.ConnectAsync(server.Uri, cancel.Token);

        if (byToken)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting);
        }
        else
        {
            Assert.Equal(WebErrorStatus.Timeout, (await Assert.ThrowsAsync<MessageWebSocketException>(() => connecting)).Status);
        }

        Assert.Equal(MessageWebSocketState.Created, socket.State);
        RawConnection peer = await server.NextConnectionAsync();
        await peer.Completion;
        Assert.NotNull(peer.CloseFrame);
    }

    [SocketFact]
    public async Task OnConnected_is_told_of_a_server_that_closes_and_the_connect_fails_with_its_code()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            await connection.ReadFrameAsync();
            await connection.SendCloseAsync(4401, "who are you");
            await connection.DrainFramesAsync();
        });
        using MessageWebSocket socket = new();
        socket.Control.ConnectMessages.Add("let me in");
        socket.OnConnected = async (connected, cancellationToken) =>
        {
            Assert.Null(await connected.ReceiveAsync(cancellationToken));
            await connected.SendAsync("still there?", cancellationToken);
        };

        MessageWebSocketException failed = await Assert.ThrowsAsync<MessageWebSocketException>(() => socket.ConnectAsync(server.Uri));

        Assert.Contains("4401", failed.Message, StringComparison.Ordinal);
        Assert.Contains("who are you", failed.Message, StringComparison.Ordinal);
        Assert.Equal(WebErrorStatus.ConnectionAborted, failed.Status);
        Assert.Equal(MessageWebSocketState.Created, socket.State);
    }

    [SocketFact]
    public async Task A_connection_that_ends_while_it_is_greeted_is_handed_over_as_it_is()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            await connection.SendTextAsync("last words");
            await connection.SendCloseAsync(1001);
            await connection.DrainFramesAsync();
        });
        EventRecorder events = new();
        using MessageWebSocket socket = new();
        events.RecordCloses(socket);
        socket.OnConnected = async (connected, cancellationToken) =>
        {
            await connected.ReceiveNextAsync(_ => false, cancellationToken);
            Assert.Equal(MessageWebSocketState.Closed, connected.State);
            Assert.Equal(0, events.ClosedCount);
        };

        await socket.ConnectAsync(server.Uri);

        Assert.Equal("last words", (await socket.ReceiveAsync())!.Text);
        Assert.Null(await socket.ReceiveAsync());
        Assert.Equal(1001, (await events.NextCloseAsync()).Code);
    }

    [SocketFact]
    public async Task Close_while_the_connection_is_greeted_ends_the_connect()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            await connection.DrainFramesAsync();
        });
        MessageWebSocket socket = new();
        TaskCompletionSource isGreeting = new(TaskCreationOptions.RunContinuationsAsynchronously);
        socket.OnConnected = async (connected, cancellationToken) =>
        {
            isGreeting.SetResult();
            await connected.ReceiveAsync(cancellationToken);
            await Task.Delay(Timeout.Infinite, cancellationToken);
        };

        Task connecting = socket.ConnectAsync(server.Uri);
        await isGreeting.Task;
        socket.Close();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => connecting);
        Assert.Equal(MessageWebSocketState.Closed, socket.State);
        await (await server.NextConnectionAsync()).Completion;
    }

    [SocketFact]
    public async Task Handlers_get_what_arrived_while_the_connection_was_greeted_when_they_may_send()
    {
        TaskCompletionSource allArrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            for (int i = 0; i < 5; i++)
            {
                await connection.SendTextAsync($"{i}");
            }

            await connection.AwaitClientCaughtUpAsync();
            allArrived.SetResult();
            Assert.Equal("greeting", (await connection.ReadFrameAsync())!.Text);
            await connection.SendTextAsync("5");
            for (int i = 0; i < 6; i++)
            {
                Assert.Equal($"{i}!", (await connection.ReadFrameAsync())!.Text);
            }

            await connection.SendCloseAsync(1000);
            await connection.DrainFramesAsync();
        });
        List<string> order = [];
        EventRecorder events = new();
        using MessageWebSocket socket = new();
        socket.MessageReceived += (sender, args) =>
        {
            order.Add(args.Message!.Text);
            sender.SendAsync(args.Message.Text + "!").AsTask().Wait(TimeSpan.FromSeconds(20));
        };
        events.RecordCloses(socket);
        socket.OnConnected = async (connected, cancellationToken) =>
        {
            await allArrived.Task;
            Assert.Empty(order);
            await connected.SendAsync("greeting", cancellationToken);
        };

        await socket.ConnectAsync(server.Uri);
        await events.NextCloseAsync();

        Assert.Equal(["0", "1", "2", "3", "4", "5"], order);
        Assert.Empty(server.Failures);
    }

    [SocketFact]
    public async Task OnConnected_may_be_set_before_the_connect_only()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();

        InvalidOperationException refused = Assert.Throws<InvalidOperationException>(() => dialogue.Socket.OnConnected = null);

        Assert.Equal(HResults.IllegalMethodCall, refused.HResult);
    }

    [SocketFact]
    public async Task A_connect_that_is_refused_for_its_settings_leaves_them_to_be_changed()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            await connection.HoldAsync();
        });
        using MessageWebSocket socket = new();
        socket.Control.HeartbeatInterval = TimeSpan.FromHours(1);
        await Assert.ThrowsAsync<ArgumentException>(() => socket.ConnectAsync(server.Uri));
        Assert.Equal(MessageWebSocketState.Created, socket.State);

        socket.Control.HeartbeatMessage = "beat";
        await socket.ConnectAsync(server.Uri);

        Assert.Equal(MessageWebSocketState.Open, socket.State);
    }

    [SocketFact]
    public async Task OnConnected_goes_along_with_a_clone()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            await connection.HoldAsync();
        });
        List<MessageWebSocket> greeted = [];
        using MessageWebSocket socket = new();
        socket.Control.ConnectMessages.Add("hello");
        socket.OnConnected = (connected, _) =>
        {
            greeted.Add(connected);
            return Task.CompletedTask;
        };
        await socket.ConnectAsync(server.Uri);
        using MessageWebSocket clone = socket.Clone();
        await server.NextConnectionAsync();

        await clone.ConnectAsync(server.Uri);

        Assert.Equal([socket, clone], greeted);
        Assert.Equal("hello", (await (await server.NextConnectionAsync()).ReadFrameAsync())!.Text);
    }

    [SocketFact]
    public async Task RequireSubProtocol_refuses_a_server_that_agrees_to_none_and_needs_one_to_offer()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync(new HandshakeAnswer { SubProtocol = connection.Number % 2 == 0 ? null : "chat" });
            await connection.DrainFramesAsync();
        });
        for (int i = 0; i < 2; i++)
        {
            using MessageWebSocket socket = new();
            socket.Control.RequireSubProtocol = true;
            await Assert.ThrowsAsync<ArgumentException>(() => socket.ConnectAsync(server.Uri));
            socket.Control.SupportedProtocols.Add("chat");
            socket.Control.ConnectMessages.Add("never without it");
            Task connecting = socket.ConnectAsync(server.Uri);
            RawConnection peer = await server.NextConnectionAsync();
            if (peer.Number % 2 == 0)
            {
                MessageWebSocketException refused = await Assert.ThrowsAsync<MessageWebSocketException>(() => connecting);
                Assert.Equal(WebErrorStatus.ErrorHttpInvalidServerResponse, refused.Status);
                Assert.Contains("none of the subprotocols offered (chat)", refused.Message, StringComparison.Ordinal);
                await peer.Completion;
                Assert.Empty(peer.Frames);
            }
            else
            {
                await connecting;
                Assert.Equal("chat", socket.Information.Protocol);
            }
        }
    }

    // What the connect fails with that waits for a welcome and is told something else.
    private static async Task<MessageWebSocketException> FailureOfReplyAsync(MessageWebSocket socket, Func<RawConnection, Task> say)
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            await say(connection);
            await connection.HoldAsync();
        });
        socket.Control.ConnectReply = new Regex("^welcome");
        return await ConnectFailure.OfAsync(socket, server.Uri);
    }
}
