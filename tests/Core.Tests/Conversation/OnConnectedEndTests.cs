using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Conversation;

/// <summary>How a connect ends whose hook closes the connection, or does not end itself.</summary>
public sealed class OnConnectedEndTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [SocketTheory]
    [InlineData("token")]
    [InlineData("timeout")]
    [InlineData("Close")]
    [InlineData("Dispose")]
    public async Task OnConnected_that_blocks_its_thread_ends_with_the_connect(string by)
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            await connection.DrainFramesAsync();
        });
        using MessageWebSocket socket = new();
        using CancellationTokenSource cancel = new();
        using ManualResetEventSlim mayEnd = new();
        TaskCompletionSource blocks = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        socket.Control.ConnectTimeout = by == "timeout" ? TimeSpan.FromSeconds(1) : TimeSpan.Zero;
        socket.OnConnected = (_, cancellationToken) =>
        {
            // What is told of the end may block as well.
            cancellationToken.Register(() => mayEnd.Wait(Patience, CancellationToken.None));
            blocks.SetResult();
            mayEnd.Wait(Patience, CancellationToken.None);
            ended.SetResult();
            return Task.CompletedTask;
        };
        try
        {
            Task connecting = socket.ConnectAsync(server.Uri, cancel.Token);
            if (by != "timeout")
            {
                await blocks.Task;
            }

            switch (by)
            {
                case "token":
                    await cancel.CancelAsync();
                    await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting);
                    break;
                case "timeout":
                    Assert.Equal(WebErrorStatus.Timeout, (await Assert.ThrowsAsync<MessageWebSocketException>(() => connecting)).Status);
                    break;
                case "Close":
                    socket.Close();
                    await Assert.ThrowsAsync<ObjectDisposedException>(() => connecting);
                    break;
                default:
                    socket.Dispose();
                    await Assert.ThrowsAsync<ObjectDisposedException>(() => connecting);
                    break;
            }

            Assert.False(ended.Task.IsCompleted);
            Assert.Equal(by is "Close" or "Dispose" ? MessageWebSocketState.Closed : MessageWebSocketState.Created, socket.State);
            await (await server.NextConnectionAsync()).Completion;
        }
        finally
        {
            mayEnd.Set();
        }
    }

    [SocketTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task OnConnected_may_close_with_or_without_the_handshake_and_Closed_comes_behind_the_messages(bool withHandshake)
    {
        TaskCompletionSource arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            await connection.SendTextAsync("news");
            await connection.AwaitClientCaughtUpAsync();
            arrived.SetResult();
            RawFrame? close = await connection.ReadUntilAsync(WireOpcode.Close);
            await connection.SendFrameAsync(WireOpcode.Close, close!.Payload);
        });
        EventRecorder events = new();
        using MessageWebSocket socket = new();
        events.RecordAll(socket);
        socket.OnConnected = async (connected, _) =>
        {
            await arrived.Task;
            if (withHandshake)
            {
                await connected.CloseAsync(4000, "enough", CancellationToken.None);
            }
            else
            {
                // Of what the hook begins it is the socket just as well.
                await Task.Run(() => connected.Close(4000, "enough"), CancellationToken.None);
            }

            Assert.Equal(MessageWebSocketState.Closed, connected.State);
            Assert.False(events.HasMore);
        };

        await socket.ConnectAsync(server.Uri);

        Assert.Equal(MessageWebSocketState.Closed, socket.State);
        Assert.Equal("news", (await events.NextMessageAsync()).Message!.Text);
        WebSocketClosedEventArgs closed = await events.NextCloseAsync();
        Assert.Equal((4000, "enough"), (closed.Code, closed.Reason));
        Assert.Equal<ushort?>(4000, socket.Information.CloseCode);
        Assert.Equal(1, events.ClosedCount);
        Assert.False(events.HasMore);
        RawConnection peer = await server.NextConnectionAsync();
        await peer.Completion;
        Assert.Equal<ushort?>(4000, peer.CloseFrame!.CloseCode);
    }

    [SocketFact]
    public async Task OnConnected_that_closes_and_then_throws_fails_the_connect_with_its_reason()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            await connection.DrainFramesAsync();
        });
        using MessageWebSocket socket = new();
        socket.OnConnected = (connected, _) =>
        {
            connected.Close(4000, "enough");
            throw new FormatException("not a login");
        };

        MessageWebSocketException failed = await Assert.ThrowsAsync<MessageWebSocketException>(() => socket.ConnectAsync(server.Uri));

        Assert.IsType<FormatException>(failed.InnerException);
        Assert.Equal(MessageWebSocketState.Closed, socket.State);
    }
}
