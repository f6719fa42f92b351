using System.Net.Http;
using System.Net.WebSockets;

namespace MessageWebSockets.Fuzz.Targets;

/// <summary>What a server sends, as <see cref="StreamWebSocket"/> reads it: bytes as they arrive.</summary>
/// <remarks>The first byte chooses whether they are compressed, the second one how many bytes arrive at a time.</remarks>
internal sealed class StreamOfServer : FuzzTarget
{
    private const byte Deflate = 1;

    private static readonly SocketsHttpHandler s_handler = new();

    public override string Name => "server-stream";

    public override void Run(ReadOnlySpan<byte> input)
    {
        byte choice = Take(ref input);
        int atATime = Take(ref input) + 1;
        PeerStream peer = new(input.ToArray(), atATime);
        bool isCompressed = (choice & Deflate) != 0;
        using MessageInflater? inflater = isCompressed ? new MessageInflater(keepsContext: true) : null;
        using FrameStream transport = new(peer, new FrameTraces(), inflater);
        OpenedConnection opened = new(peer, s_handler, Protocol: null, Compression: null);
        using WebSocket framing = WebSocket.CreateFromStream(transport, FramingOptions.ForReceiving(opened));
        ByteQueue queue = new(new ReceivePause());
        List<byte> stream = [];
        try
        {
            ReadToEnd(new StreamSource(framing, transport.Reader, queue), queue, stream);
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

        Require(isCompressed || PlainFrames.Payload(input).AsSpan().StartsWith(stream.ToArray()), "Other bytes than were sent.");
    }

    private static void ReadToEnd(StreamSource source, ByteQueue queue, List<byte> stream)
    {
        byte[] buffer = new byte[ByteQueue.Capacity];
        while (true)
        {
            if (!source.TryReceiveBuffered(out ReceivedData received))
            {
                received = Now(source.ReceiveAsync());
            }

            if (received.IsClose)
            {
                return;
            }

            queue.Commit(received.Length);
            if (received.Length > 0)
            {
                stream.AddRange(buffer.AsSpan(0, Now(queue.ReadAsync(buffer, CancellationToken.None))));
            }
        }
    }
}
