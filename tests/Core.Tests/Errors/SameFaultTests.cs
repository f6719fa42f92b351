using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;

namespace MessageWebSockets.Tests.Errors;

/// <summary>The same fault has the same status and the same words at whatever moment and by whichever method it is met.</summary>
public sealed class SameFaultTests
{
    private static readonly (string Name, Func<MessageWebSocket, Task> Do)[] s_operations =
    [
        ("send text", socket => socket.SendAsync("text").AsTask()),
        ("send bytes", socket => socket.SendAsync(new byte[10], SocketMessageType.Binary).AsTask()),
        ("send much", socket => socket.SendAsync(new byte[4 * 1024 * 1024], SocketMessageType.Binary).AsTask()),
        ("frame", socket => socket.SendFinalFrameAsync(new byte[10]).AsTask()),
        ("ping", socket => socket.PingAsync()),
        ("receive", socket => socket.ReceiveAsync().AsTask()),
        ("receive next", socket => socket.ReceiveNextAsync(_ => true)),
        ("wait", socket => socket.WaitToReceiveAsync().AsTask()),
        ("close", socket => socket.CloseAsync(1000)),
    ];

    public static TheoryData<string, bool> Operations
    {
        get
        {
            TheoryData<string, bool> all = [];
            foreach ((string name, _) in s_operations)
            {
                all.Add(name, false);
                all.Add(name, true);
            }

            return all;
        }
    }

    [SocketTheory]
    [MemberData(nameof(Operations))]
    public async Task A_peer_that_answers_101_and_ends_TCP_is_the_same_fault_for_everybody(string name, bool closes)
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            if (!closes)
            {
                connection.ShutdownSend();
                await connection.SinkAsync();
            }
        });
        using MessageWebSocket socket = new();
        await socket.ConnectAsync(server.Uri);
        Func<MessageWebSocket, Task> operation = s_operations.Single(one => one.Name == name).Do;

        // At once, when the end may be on its way still and a send may go into the void, until the end is met.
        MessageWebSocketException early = await UntilItFailsAsync(socket, operation);
        MessageWebSocketException received = await Assert.ThrowsAsync<MessageWebSocketException>(() => socket.ReceiveAsync().AsTask());
        MessageWebSocketException late = await Assert.ThrowsAsync<MessageWebSocketException>(() => operation(socket));

        // A system that still gets bytes for a closed connection says so with a reset.
        Assert.True(received.Status == WebErrorStatus.ConnectionAborted || (closes && received.Status == WebErrorStatus.ConnectionReset));
        Assert.All([early, late], failure =>
        {
            Assert.Equal(received.Status, failure.Status);
            Assert.Equal(received.HResult, failure.HResult);
            Assert.Equal(received.Message, failure.Message);
        });
    }

    [SocketFact]
    public async Task A_send_that_waits_when_the_peer_closes_in_order_has_the_fault_of_a_later_one_and_is_told_who_closed()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        await dialogue.Socket.SendNonfinalFrameAsync(new byte[1]);
        Task waiting = dialogue.Socket.SendAsync("behind an open message").AsTask();
        await dialogue.Peer.SendCloseAsync(4406, "Subprotocol not acceptable");
        dialogue.Peer.ShutdownSend();

        ObjectDisposedException early = await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting);
        ObjectDisposedException late = await Assert.ThrowsAsync<ObjectDisposedException>(() => dialogue.Socket.SendAsync("later").AsTask());

        Assert.Equal(HResults.Closed, early.HResult);
        Assert.Equal(late.HResult, early.HResult);
        Assert.Contains("4406", early.Message, StringComparison.Ordinal);
        Assert.Contains("before the message was sent", early.Message, StringComparison.Ordinal);
        Assert.Equal((ushort)4406, dialogue.Socket.Information.CloseCode);
        Assert.Equal("Subprotocol not acceptable", dialogue.Socket.Information.CloseReason);
    }

    private static async Task<MessageWebSocketException> UntilItFailsAsync(MessageWebSocket socket, Func<MessageWebSocket, Task> operation)
    {
        while (true)
        {
            try
            {
                await operation(socket);
            }
            catch (MessageWebSocketException e)
            {
                return e;
            }
        }
    }
}
