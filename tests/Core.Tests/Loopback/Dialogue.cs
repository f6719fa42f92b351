using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Loopback;

/// <summary>A dialogue in messages.</summary>
internal sealed class Dialogue : PeerDialogue<MessageWebSocket>
{
    private Dialogue(RawServer server, MessageWebSocket socket, RawConnection peer)
        : base(server, socket, peer)
    {
    }

    /// <summary>Connects a socket after <paramref name="configure"/> has set it up.</summary>
    public static async Task<Dialogue> OpenAsync(
        Action<MessageWebSocket>? configure = null, HandshakeAnswer? answer = null, Action<RawConnection>? preparePeer = null)
    {
        RawServer server = StartServer(answer, preparePeer);
        MessageWebSocket socket = new();
        Prepare(socket.Control);
        configure?.Invoke(socket);
        await socket.ConnectAsync(server.Uri);
        return new Dialogue(server, socket, await server.NextConnectionAsync());
    }

    /// <summary>The next message, which must be there.</summary>
    public async Task<WsMessage> ReceiveAsync()
    {
        WsMessage? message = await Socket.ReceiveAsync();
        Assert.NotNull(message);
        return message;
    }

    /// <summary>The peer reads until the client's close frame, answers with its payload, and ends TCP.</summary>
    public async Task<RawFrame> PeerAnswersCloseAsync(ushort? code = null, string reason = "")
    {
        RawFrame? close = await Peer.ReadUntilAsync(TestServer.FrameOpcode.Close);
        Assert.NotNull(close);
        if (code is null)
        {
            await Peer.SendFrameAsync(TestServer.FrameOpcode.Close, close.Payload);
        }
        else
        {
            await Peer.SendCloseAsync(code, reason);
        }

        Peer.ShutdownSend();
        return close;
    }
}
