using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Loopback;

/// <summary>
/// A connected socket and its peer on the other end of a TCP connection, which does only what the test tells it: it answers
/// neither pings nor closes on its own.
/// </summary>
internal abstract class PeerDialogue<TSocket>(RawServer server, TSocket socket, RawConnection peer) : IAsyncDisposable
    where TSocket : IAsyncDisposable
{
    public TSocket Socket { get; } = socket;

    public RawConnection Peer { get; } = peer;

    public Uri Uri => server.Uri;

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

    public async ValueTask DisposeAsync()
    {
        await Socket.DisposeAsync();
        await server.DisposeAsync();
    }

    /// <summary>A server that takes one connection after the other and leaves it to the test.</summary>
    private protected static RawServer StartServer(
        HandshakeAnswer? answer, Action<RawConnection>? preparePeer) => RawServer.Start(async connection =>
    {
        preparePeer?.Invoke(connection);
        await connection.AcceptHandshakeAsync(answer);
        await connection.HoldAsync();
    });

    // The interval of the default would put a pong between the frames of a test on a slow machine.
    private protected static void Prepare(WebSocketControl control) => control.DesiredUnsolicitedPongInterval = TimeSpan.Zero;
}
