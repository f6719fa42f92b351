using System.Net.Sockets;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Server;

/// <summary>Clients that are slow, silent or gone, handlers that misbehave, and the end of a server.</summary>
public sealed class EchoServerLifeTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(200);

    [SocketFact]
    public async Task Broadcast_drops_nobody_who_reads_however_much_is_sent()
    {
        // As four clients with 20 messages of 8 MB each and the default limit of 16 MiB, a quarter of the size.
        const int Clients = 4;
        const int Each = 20;
        WebSocketEchoServerOptions options = new() { Broadcast = true, QueueLimit = 4 * 1024 * 1024 };
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(options);
        MessageWebSocket[] sockets = [.. Enumerable.Range(0, Clients).Select(static _ => new MessageWebSocket())];
        foreach (MessageWebSocket socket in sockets)
        {
            await socket.ConnectAsync(server.Uri);
        }

        Task<int>[] reading = [.. sockets.Select(static async socket =>
        {
            int count = 0;
            while (count < Clients * Each && await socket.ReceiveAsync() is { Length: 2_000_000 })
            {
                count++;
            }

            return count;
        })];
        byte[] message = new byte[2_000_000];
        await Task.WhenAll(sockets.Select(async socket =>
        {
            for (int i = 0; i < Each; i++)
            {
                await socket.SendAsync(message, SocketMessageType.Binary);
            }
        }));

        Assert.Equal(Enumerable.Repeat(Clients * Each, Clients), await Task.WhenAll(reading));
        Assert.Equal(0, server.ClientsDropped);
        Array.ForEach(sockets, static socket => socket.Dispose());
    }

    [SocketFact]
    public async Task Broadcast_waits_for_a_client_that_reads_slowly_and_holds_no_more_than_its_limit()
    {
        const int Count = 150;
        const int Size = 20_000;
        WebSocketEchoServerOptions options = new() { Broadcast = true, QueueLimit = 50_000 };
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(options);
        using RawClient slow = await RawClient.OpenAsync(server, receiveBuffer: 4096);
        using MessageWebSocket talker = new();
        await talker.ConnectAsync(server.Uri);

        Task sending = Task.Run(async () =>
        {
            for (int i = 0; i < Count; i++)
            {
                await talker.SendAsync(new byte[Size], SocketMessageType.Binary);
                Assert.NotNull(await talker.ReceiveAsync());
            }
        });
        int read = 0;
        byte[] some = new byte[Size];
        for (int received = 0; read < Count; received = 0)
        {
            // Its frames have a header of 4 bytes.
            for (; received < Size + 4; received += await slow.Stream.ReadAsync(some.AsMemory(0, Math.Min(1024, Size + 4 - received))))
            {
                await Task.Yield();
            }

            read++;
        }

        await sending;
        Assert.Equal((0, 2), (server.ClientsDropped, server.Connections));
    }

    [SocketFact]
    public async Task Broadcast_waits_for_all_who_do_not_read_at_once_and_not_for_one_after_the_other()
    {
        const int Deaf = 20;
        WebSocketEchoServerOptions options = new() { Broadcast = true, QueueLimit = 10_000, SlowClientTimeout = TimeSpan.FromSeconds(3) };
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(options);
        RawClient[] deaf = new RawClient[Deaf];
        for (int i = 0; i < Deaf; i++)
        {
            deaf[i] = await RawClient.OpenAsync(server, receiveBuffer: 4096);
        }

        using MessageWebSocket talker = new();
        await talker.ConnectAsync(server.Uri);
        while (server.ClientsDropped < Deaf)
        {
            // One after the other they would take a minute, twice the patience of this test.
            await talker.SendAsync(new byte[50_000], SocketMessageType.Binary);
            Assert.NotNull(await talker.ReceiveAsync());
        }

        Array.ForEach(deaf, static client => client.Dispose());
    }

    [SocketFact]
    public async Task A_client_that_ends_its_side_and_does_not_read_leaves_nothing_behind()
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions { Handler = Flood });
        using RawClient client = await RawClient.OpenAsync(server, receiveBuffer: 4096);
        await client.SendTextAsync("flood");
        while (server.MessagesSent == 0)
        {
            await Task.Yield();
        }

        client.Stream.Socket.Shutdown(SocketShutdown.Send);
        while (server.Connections > 0)
        {
            await Task.Delay(10);
        }

        static async Task Flood(WsMessage message, WebSocketEchoClient client, CancellationToken token)
        {
            while (!token.IsCancellationRequested)
            {
                await client.SendAsync(new byte[100_000], token);
            }
        }
    }

    [SocketFact]
    public async Task A_handler_learns_that_its_client_has_gone()
    {
        TaskCompletionSource cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions
        {
            Handler = async (_, client, token) =>
            {
                await client.SendAsync("begun", token);
                await Task.Delay(Timeout.Infinite, token).ContinueWith(_ => cancelled.SetResult(), TaskScheduler.Default);
            },
        });
        using (RawClient client = await RawClient.OpenAsync(server))
        {
            await client.SendTextAsync("x");
            Assert.Equal("begun", (await client.ReadFrameAsync())?.Text);
        }

        await cancelled.Task;
        Assert.Equal(0, server.HandlerErrors);
    }

    [SocketFact]
    public async Task A_client_is_read_from_while_its_handler_works()
    {
        TaskCompletionSource gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions
        {
            Handler = async (message, client, token) =>
            {
                await gate.Task;
                await client.SendAsync(message.Text, token);
            },
        });
        using RawClient client = await RawClient.OpenAsync(server);

        await client.SendTextAsync("first");
        await client.SendTextAsync("second");
        await client.SendFrameAsync(WireOpcode.Ping, "there?"u8);
        RawFrame? pong = await client.ReadFrameAsync();
        await client.SendFrameAsync(WireOpcode.Close, [0x0F, 0xA0]);
        gate.SetResult();

        // What it sent before it closed is answered before the close is.
        Assert.Equal((WireOpcode.Pong, "there?"), (pong?.Opcode, pong?.Text));
        Assert.Equal("first", (await client.ReadFrameAsync())?.Text);
        Assert.Equal("second", (await client.ReadFrameAsync())?.Text);
        Assert.Equal(4000, (int?)(await client.ReadFrameAsync())?.CloseCode);
    }

    [SocketFact]
    public async Task A_close_is_answered_although_the_handler_goes_on()
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions
        {
            Handler = async (_, client, token) => await Task.Delay(Timeout.Infinite, token),
        });
        using RawClient client = await RawClient.OpenAsync(server);

        await client.SendTextAsync("x");
        await client.SendFrameAsync(WireOpcode.Close, [0x0F, 0xA0]);

        Assert.Equal(4000, (int?)(await client.ReadFrameAsync())?.CloseCode);
        Assert.Null(await client.ReadFrameAsync());
    }

    [SocketFact]
    public async Task Memory_that_cannot_be_read_is_its_senders_fault()
    {
        List<string> told = [];
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions
        {
            Handler = async (message, client, token) =>
            {
                using BrokenMemory broken = new();
                try
                {
                    await client.SendAsync(broken.Memory, token);
                }
                catch (NotSupportedException e)
                {
                    told.Add(e.Message);
                }

                byte[] changed = [1];
                await client.SendAsync(changed, token);
                changed[0] = 2;
            },
        });
        using RawClient client = await RawClient.OpenAsync(server);
        await client.SendTextAsync("x");

        Assert.Equal([1], (await client.ReadFrameAsync())?.Payload);
        Assert.Equal(["no span"], told);
    }

    [SocketFact]
    public async Task A_client_that_has_gone_can_still_be_sent_to_without_effect()
    {
        TaskCompletionSource<WebSocketEchoClient> seen = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions
        {
            Handler = (_, client, _) =>
            {
                seen.TrySetResult(client);
                return Task.CompletedTask;
            },
        });
        using (RawClient raw = await RawClient.OpenAsync(server))
        {
            await raw.SendTextAsync("x");
            await seen.Task;
        }

        WebSocketEchoClient client = await seen.Task;
        await server.StopAsync();
        await client.SendAsync("x");
        await client.SendAsync(new byte[] { 1 });

        Assert.Equal(0, client.MessagesSent);
    }

    [SocketFact]
    public async Task Whatever_listens_to_a_handlers_token_holds_up_nothing()
    {
        using ManualResetEventSlim never = new();
        WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions
        {
            Handler = async (message, client, token) =>
            {
                token.Register(() => never.Wait(CancellationToken.None));
                token.Register(() => throw new InvalidOperationException("listener"));
                await client.SendAsync("listening", token);
            },
        });
        using RawClient client = await RawClient.OpenAsync(server);
        await client.SendTextAsync("x");
        Assert.Equal("listening", (await client.ReadFrameAsync())?.Text);

        await server.StopAsync();

        Assert.Equal((WebSocketEchoServerState.Stopped, 0), (server.State, server.Connections));
        never.Set();
    }

    [SocketFact]
    public async Task What_a_listener_of_a_handlers_token_throws_is_kept()
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions
        {
            Handler = (message, client, token) =>
            {
                token.Register(static () => throw new InvalidOperationException("listener"));
                return client.SendAsync("listening", token);
            },
        });
        using RawClient client = await RawClient.OpenAsync(server);
        await client.SendTextAsync("x");
        Assert.Equal("listening", (await client.ReadFrameAsync())?.Text);
        await client.SendFrameAsync(WireOpcode.Close, []);
        Assert.Equal(1000, (int?)(await client.ReadFrameAsync())?.CloseCode);
        Assert.Null(await client.ReadFrameAsync());
        while (server.HandlerErrors == 0)
        {
            await Task.Yield();
        }

        Assert.Equal("listener", Assert.IsType<AggregateException>(Assert.Single(server.Errors)).InnerException?.Message);
    }

    [SocketFact]
    public async Task Dispose_frees_the_port_and_waits_for_nobody()
    {
        using ManualResetEventSlim gate = new();
        WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions
        {
            Handler = (message, client, token) =>
            {
                gate.Wait(CancellationToken.None);
                return Task.CompletedTask;
            },
        });
        using RawClient client = await RawClient.OpenAsync(server);
        await client.SendTextAsync("x");

        server.Dispose();

        Assert.False(server.Completion.IsCompleted);
        Assert.NotEqual(WebSocketEchoServerState.Listening, server.State);
        await using (WebSocketEchoServer next = WebSocketEchoServer.Start(new WebSocketEchoServerOptions { Port = server.Port }))
        {
            Assert.Equal(WebSocketEchoServerState.Listening, next.State);
        }

        gate.Set();
        await server.Completion;
        Assert.Equal((WebSocketEchoServerState.Stopped, 0), (server.State, server.Connections));
    }

    [SocketFact]
    public async Task StopAsync_leaves_no_socket_whatever_its_clients_do()
    {
        WebSocketEchoServer server = WebSocketEchoServer.Start(
            new WebSocketEchoServerOptions { QueueLimit = 10_000, HandshakeTimeout = Timeout.InfiniteTimeSpan });
        using RawClient silent = await RawClient.OpenAsync(server);
        using RawClient unfinished = await RawClient.ConnectAsync(server);
        await unfinished.SendAsync("GET / HTTP/1.1\r\n");
        using RawClient half = await RawClient.OpenAsync(server);
        await half.SendFrameAsync(WireOpcode.Text, "half"u8, fin: false);
        using RawClient deaf = await RawClient.OpenAsync(server, receiveBuffer: 4096);
        Task flooding = Task.Run(async () =>
        {
            byte[] frame = FrameBytes.Build(WireOpcode.Binary, new byte[100_000], masked: true);
            for (int i = 0; i < 200; i++)
            {
                await deaf.SendBytesAsync(frame);
            }
        });

        await server.StopAsync();

        Assert.Equal((WebSocketEchoServerState.Stopped, 0), (server.State, server.Connections));
        foreach (RawClient client in (RawClient[])[silent, unfinished, half])
        {
            byte[] rest = new byte[1000];
            try
            {
                while (await client.Stream.ReadAsync(rest) > 0)
                {
                }
            }
            catch (IOException)
            {
                // A reset is an end as well.
            }
        }

        deaf.Dispose();
        await Task.WhenAny(flooding);
    }

    [SocketFact]
    public async Task A_silent_client_is_let_go_after_IdleTimeout_and_one_that_says_anything_is_not()
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(
            new WebSocketEchoServerOptions { IdleTimeout = TimeSpan.FromSeconds(1) });
        using RawClient silent = await RawClient.OpenAsync(server);
        using RawClient alive = await RawClient.OpenAsync(server);

        Task<RawFrame?> end = silent.ReadFrameAsync();
        while (!end.IsCompleted)
        {
            // Its pace is the condition under test: often within the time, and not without a break.
            await alive.SendFrameAsync(WireOpcode.Pong, []);
            await Task.Delay(50);
        }

        await alive.SendTextAsync("here");
        Assert.Equal((1001, "This client was silent for too long."), ((int?)(await end)?.CloseCode, (await end)?.CloseReason));
        Assert.Equal("here", (await alive.ReadFrameAsync())?.Text);
    }

    [SocketFact]
    public async Task A_client_whose_message_is_worked_on_is_not_silent_and_one_that_does_not_read_is()
    {
        TaskCompletionSource gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
        WebSocketEchoServerOptions options = new()
        {
            IdleTimeout = TimeSpan.FromSeconds(1),
            QueueLimit = 1000,
            Handler = async (message, client, token) =>
            {
                if (message.Text == "wait")
                {
                    await gate.Task;
                }

                while (message.Text == "flood" && !token.IsCancellationRequested)
                {
                    await client.SendAsync(new byte[100_000], token);
                }

                await client.SendAsync(message.Text, token);
            },
        };
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(options);
        using RawClient waiting = await RawClient.OpenAsync(server);
        using RawClient deaf = await RawClient.OpenAsync(server, receiveBuffer: 4096);
        await waiting.SendTextAsync("wait");
        await deaf.SendTextAsync("flood");

        // The one that does not read is gone first.
        while (server.Connections > 1)
        {
            await Task.Delay(20);
        }

        gate.SetResult();
        Assert.Equal("wait", (await waiting.ReadFrameAsync())?.Text);
    }

    [SocketFact]
    public async Task No_more_than_64_clients_are_in_their_handshake_and_the_next_waits_for_one_of_them()
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(
            new WebSocketEchoServerOptions { HandshakeTimeout = Timeout.InfiniteTimeSpan });
        RawClient[] slow = new RawClient[64];
        for (int i = 0; i < slow.Length; i++)
        {
            slow[i] = await RawClient.ConnectAsync(server);
            await slow[i].SendAsync("GET / HTTP/1.1\r\n");
        }

        using RawClient next = await RawClient.ConnectAsync(server);
        await next.SendAsync(RawClient.Request());
        Task<string> head = next.ReadHeadAsync();

        // A connection is served when this one has an answer, and the others are still all there.
        Assert.NotSame(head, await Task.WhenAny(head, Task.Delay(Short)));
        slow[0].Dispose();

        Assert.StartsWith("HTTP/1.1 101 ", await head, StringComparison.Ordinal);
        Array.ForEach(slow, static client => client.Dispose());
    }

    [SocketFact]
    public async Task A_client_that_ends_its_side_of_TCP_gets_the_answers_to_what_it_sent()
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions());
        using RawClient client = await RawClient.OpenAsync(server);
        for (int i = 0; i < 10; i++)
        {
            await client.SendFrameAsync(WireOpcode.Binary, new byte[20_000]);
        }

        FrameChannel answers = client.Frames;
        client.Stream.Socket.Shutdown(SocketShutdown.Send);

        for (int i = 0; i < 10; i++)
        {
            Assert.Equal(20_000, (await answers.ReadFrameAsync(CancellationToken.None))?.Payload.Length);
        }

        Assert.Null(await answers.ReadFrameAsync(CancellationToken.None));
    }

    [SocketFact]
    public async Task Nothing_of_the_caller_of_Start_reaches_those_who_are_served()
    {
        AsyncLocal<string> ambient = new() { Value = "of the caller" };
        SynchronizationContext? before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(new DeadContext());
        WebSocketEchoServer server;
        try
        {
            server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions
            {
                MaxConnections = int.MaxValue,
                Handler = (_, client, token) => client.SendAsync(ambient.Value ?? "nothing", token),
            });
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }

        await using (server)
        {
            using RawClient client = await RawClient.OpenAsync(server);
            await client.SendTextAsync("x");
            Assert.Equal("nothing", (await client.ReadFrameAsync())?.Text);
        }
    }

    // The thread of a window that is busy: what is posted to it does not run.
    private sealed class DeadContext : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state)
        {
        }
    }

    private sealed class BrokenMemory : System.Buffers.MemoryManager<byte>
    {
        public override Memory<byte> Memory => CreateMemory(1);

        public override Span<byte> GetSpan() => throw new NotSupportedException("no span");

        public override System.Buffers.MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException("no span");

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
