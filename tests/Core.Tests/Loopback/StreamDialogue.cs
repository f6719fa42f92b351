using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Loopback;

/// <summary>As <see cref="Dialogue"/>, with a <see cref="StreamWebSocket"/>.</summary>
internal sealed class StreamDialogue : IAsyncDisposable
{
    private readonly RawServer _server;

    private StreamDialogue(RawServer server, StreamWebSocket socket, RawConnection peer)
    {
        _server = server;
        Socket = socket;
        Peer = peer;
    }

    public StreamWebSocket Socket { get; }

    public RawConnection Peer { get; }

    public Uri Uri => _server.Uri;

    /// <summary>Connects a socket after <paramref name="configure"/> has set it up.</summary>
    public static async Task<StreamDialogue> OpenAsync(
        Action<StreamWebSocket>? configure = null, HandshakeAnswer? answer = null, Action<RawConnection>? preparePeer = null)
    {
        RawServer server = RawServer.Start(async connection =>
        {
            preparePeer?.Invoke(connection);
            await connection.AcceptHandshakeAsync(answer);
            await connection.HoldAsync();
        });
        StreamWebSocket socket = new();

        // The interval of the default would put a pong between the frames of a test on a slow machine.
        socket.Control.DesiredUnsolicitedPongInterval = TimeSpan.Zero;
        configure?.Invoke(socket);
        await socket.ConnectAsync(server.Uri);
        return new StreamDialogue(server, socket, await server.NextConnectionAsync());
    }

    /// <summary>The next frame the peer reads, which must be there and have this opcode.</summary>
    public async Task<RawFrame> PeerReadsAsync(TestServer.FrameOpcode opcode)
    {
        RawFrame? frame = await Peer.ReadFrameAsync();
        Assert.NotNull(frame);
        Assert.Equal(opcode, frame.Opcode);
        return frame;
    }

    public Task PeerSendsAsync(byte[] payload, bool fin = true) => Peer.SendFrameAsync(TestServer.FrameOpcode.Binary, payload, fin);

    /// <summary>Exactly so many bytes of the stream.</summary>
    public async Task<byte[]> ReadAsync(int count)
    {
        byte[] bytes = new byte[count];
        await Socket.InputStream.ReadExactlyAsync(bytes);
        return bytes;
    }

    public async ValueTask DisposeAsync()
    {
        await Socket.DisposeAsync();
        await _server.DisposeAsync();
    }
}
