using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;

namespace MessageWebSockets.Tests.Sockets;

/// <summary>Close, Dispose and DisposeAsync block no thread, whatever the peer does.</summary>
public sealed class DisposeTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [SocketFact]
    public async Task Close_and_Dispose_return_while_nothing_can_leave()
    {
        await using Stuck stuck = await Stuck.OpenAsync(2);

        // On a thread that looks at nothing else: what it would wait for never comes, as the peer reads only after this.
        Task closing = Task.Factory.StartNew(
            () =>
            {
                stuck.Sockets[0].Close(1000);
                stuck.Sockets[1].Dispose();
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        await closing.WaitAsync(Patience);

        Assert.All(stuck.Sockets, socket => Assert.Equal(MessageWebSocketState.Closed, socket.State));
        Assert.All(stuck.Sockets, socket => Assert.False(socket.Released.IsCompleted));
    }

    [SocketFact]
    public async Task DisposeAsync_of_many_with_peers_that_read_nothing_takes_no_thread()
    {
        await using Stuck stuck = await Stuck.OpenAsync(60);

        // A wait that takes a thread shows at once: the call itself would not come back before its wait is over.
        Task[] disposals = [.. stuck.Sockets.Select(socket => socket.DisposeAsync().AsTask())];
        Assert.Contains(disposals, disposal => !disposal.IsCompleted);
        await Task.WhenAll(disposals).WaitAsync(Patience);

        Assert.All(stuck.Sockets, socket => Assert.Equal(MessageWebSocketState.Closed, socket.State));
    }

    [SocketFact]
    public async Task DisposeAsync_completes_when_what_was_sent_is_with_the_network()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        for (int i = 0; i < 100; i++)
        {
            await dialogue.Socket.SendAsync("before the end");
        }

        await dialogue.Socket.DisposeAsync();

        Assert.Equal(100, dialogue.Socket.Information.MessagesWritten);
        await dialogue.Socket.DisposeAsync();
    }

    [Fact]
    public async Task DisposeAsync_of_a_socket_that_never_connected_is_complete()
    {
        MessageWebSocket socket = new();

        ValueTask disposal = socket.DisposeAsync();

        Assert.True(disposal.IsCompletedSuccessfully);
        await disposal;
        Assert.Equal(MessageWebSocketState.Closed, socket.State);
    }

    /// <summary>Sockets with more to send than fits anywhere, at a peer that reads nothing.</summary>
    private sealed class Stuck(RawServer server, MessageWebSocket[] sockets) : IAsyncDisposable
    {
        public MessageWebSocket[] Sockets => sockets;

        public static async Task<Stuck> OpenAsync(int count)
        {
            RawServer server = RawServer.Start(async connection =>
            {
                connection.LimitReceiveBuffer(16 * 1024);
                await connection.AcceptHandshakeAsync();
                await connection.HoldAsync();
            });
            MessageWebSocket[] sockets = new MessageWebSocket[count];
            byte[] message = new byte[8 * 1024 * 1024];
            for (int i = 0; i < count; i++)
            {
                sockets[i] = new MessageWebSocket();
                sockets[i].Control.OutboundBufferSizeInBytes = 16 * 1024;
                await sockets[i].ConnectAsync(server.Uri);
                await sockets[i].SendAsync(message, SocketMessageType.Binary);
            }

            return new Stuck(server, sockets);
        }

        public async ValueTask DisposeAsync()
        {
            foreach (MessageWebSocket socket in sockets)
            {
                socket.Dispose();
            }

            await server.DisposeAsync();
        }
    }
}
