using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Loopback;

/// <summary>
/// A connected socket and its peer on the other end of a TCP connection, which does only what the test tells it: it answers
/// neither pings nor closes on its own.
/// </summary>
internal sealed class Dialogue : IAsyncDisposable
{
    private readonly RawServer _server;

    private Dialogue(RawServer server, MessageWebSocket socket, RawConnection peer)
    {
        _server = server;
        Socket = socket;
        Peer = peer;
    }

    public MessageWebSocket Socket { get; }

    public RawConnection Peer { get; }

    public Uri Uri => _server.Uri;

    /// <summary>Connects a socket after <paramref name="configure"/> has set it up.</summary>
    public static async Task<Dialogue> OpenAsync(
        Action<MessageWebSocket>? configure = null, HandshakeAnswer? answer = null, Action<RawConnection>? preparePeer = null)
    {
        RawServer server = RawServer.Start(async connection =>
        {
            preparePeer?.Invoke(connection);
            await connection.AcceptHandshakeAsync(answer);
            await connection.HoldAsync();
        });
        MessageWebSocket socket = new();

        // The interval of the default would put a pong between the frames of a test on a slow machine.
        socket.Control.DesiredUnsolicitedPongInterval = TimeSpan.Zero;
        configure?.Invoke(socket);
        await socket.ConnectAsync(server.Uri);
        return new Dialogue(server, socket, await server.NextConnectionAsync());
    }

    /// <summary>The next frame the peer reads, which must be there.</summary>
    public async Task<RawFrame> PeerReadsAsync()
    {
        RawFrame? frame = await Peer.ReadFrameAsync();
        Assert.NotNull(frame);
        return frame;
    }

    /// <summary>The next frame the peer reads, with this opcode.</summary>
    public async Task<RawFrame> PeerReadsAsync(TestServer.FrameOpcode opcode)
    {
        RawFrame frame = await PeerReadsAsync();
        Assert.Equal(opcode, frame.Opcode);
        return frame;
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

    public async ValueTask DisposeAsync()
    {
        await Socket.DisposeAsync();
        await _server.DisposeAsync();
    }
}
