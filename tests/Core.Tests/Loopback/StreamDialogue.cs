using MessageWebSockets.TestServer;

namespace MessageWebSockets.Tests.Loopback;

/// <summary>A dialogue in bytes.</summary>
internal sealed class StreamDialogue : PeerDialogue<StreamWebSocket>
{
    private StreamDialogue(RawServer server, StreamWebSocket socket, RawConnection peer)
        : base(server, socket, peer)
    {
    }

    /// <summary>Connects a socket after <paramref name="configure"/> has set it up.</summary>
    public static async Task<StreamDialogue> OpenAsync(
        Action<StreamWebSocket>? configure = null, HandshakeAnswer? answer = null, Action<RawConnection>? preparePeer = null)
    {
        RawServer server = StartServer(answer, preparePeer);
        StreamWebSocket socket = new();
        Prepare(socket.Control);
        configure?.Invoke(socket);
        await socket.ConnectAsync(server.Uri);
        return new StreamDialogue(server, socket, await server.NextConnectionAsync());
    }

    public Task PeerSendsAsync(byte[] payload, bool fin = true) => Peer.SendFrameAsync(TestServer.FrameOpcode.Binary, payload, fin);

    /// <summary>Exactly so many bytes of the stream.</summary>
    public async Task<byte[]> ReadAsync(int count)
    {
        byte[] bytes = new byte[count];
        await Socket.InputStream.ReadExactlyAsync(bytes);
        return bytes;
    }
}
