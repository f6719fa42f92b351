using System.Net.Http;
using System.Net.WebSockets;

namespace MessageWebSockets.Fuzz.Targets;

/// <summary>What a server sends behind the handshake, as the receiving side of a client reads it.</summary>
internal abstract class FramesOfServer : FuzzTarget
{
    private static readonly SocketsHttpHandler s_handler = new();

    /// <summary>Reads until the close frame, or until what the connection makes an error of.</summary>
    /// <param name="peer">The frames, as they arrive.</param>
    /// <param name="inflater">Inflates them; null where no compression was agreed on. Disposed by the caller.</param>
    /// <param name="over">Makes of the framing what is read.</param>
    /// <param name="use">Takes each piece.</param>
    protected static void ReadToEnd(
        PeerStream peer, MessageInflater? inflater, Func<WebSocket, FrameReader, IMessageSource> over, Action<ReceivedData> use)
    {
        using FrameStream transport = new(peer, new FrameTraces(), inflater);
        OpenedConnection opened = new(peer, s_handler, Protocol: null, Compression: null);
        using WebSocket framing = WebSocket.CreateFromStream(transport, FramingOptions.ForReceiving(opened));
        try
        {
            IMessageSource source = over(framing, transport.Reader);
            while (Next(source) is { IsClose: false } received)
            {
                use(received);
            }

            Require(transport.Reader.ReceivedClose is not null, "An end in order without a close frame.");
        }
        catch (Exception e) when (e is WebSocketException or ProtocolViolationException or IOException)
        {
            // What the connection makes an error of.
        }
        finally
        {
            transport.Reader.Dispose();
        }
    }

    private static ReceivedData Next(IMessageSource source) =>
        source.TryReceiveBuffered(out ReceivedData received) ? received : Now(source.ReceiveAsync());
}
