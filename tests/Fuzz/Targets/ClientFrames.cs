using System.Buffers;
using System.Net.Http;
using System.Net.WebSockets;
using System.Text.Unicode;

namespace MessageWebSockets.Fuzz.Targets;

/// <summary>What a server sends behind the handshake, as the client reads it.</summary>
/// <remarks>The first byte chooses how it is read, the second one how many bytes arrive at a time.</remarks>
internal sealed class ClientFrames : FuzzTarget
{
    private const byte Deflate = 1;
    private const byte KeepsContext = 2;
    private const byte Partial = 4;
    private const byte CutsRecords = 8;
    private const byte IsLimited = 16;

    private static readonly SocketsHttpHandler s_handler = new();

    public override string Name => "client-frames";

    public override void Run(ReadOnlySpan<byte> input)
    {
        byte choice = Take(ref input);
        int atATime = Take(ref input) + 1;
        PeerStream peer = new(input.ToArray(), atATime);
        uint limit = (choice & IsLimited) != 0 ? 1000u : 256 * 1024;
        using MessageInflater? inflater = (choice & Deflate) != 0 ? new MessageInflater((choice & KeepsContext) != 0) : null;
        using FrameStream transport = new(peer, new FrameTraces(), inflater);
        OpenedConnection opened = new(peer, s_handler, Protocol: null, Compression: null);
        using WebSocket framing = WebSocket.CreateFromStream(transport, FramingOptions.ForReceiving(opened));
        IMessageSource source = RecordReader.Over(
            new MessageAssembler(framing, transport.Reader, limit, wholeMessages: (choice & Partial) == 0),
            (choice & CutsRecords) != 0 ? new RecordSeparator("\n") : null);
        try
        {
            ReadToEnd(source, limit);
            Require(transport.Reader.ReceivedClose is not null, "An end in order without a close frame.");
        }
        catch (Exception e) when (e is WebSocketException or MessageTooLargeException or ProtocolViolationException or IOException)
        {
            // What the connection makes an error of.
        }
        finally
        {
            transport.Reader.Dispose();
        }
    }

    private static void ReadToEnd(IMessageSource source, uint limit)
    {
        List<byte> text = [];
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

            Require(received.Length <= limit, "A message above the limit.");
            if (received.Type != SocketMessageType.Utf8)
            {
                continue;
            }

            text.AddRange(received.Bytes ?? BuffersExtensions.ToArray(received.Long!.AsSequence()));
            if (received.IsComplete)
            {
                Require(Utf8.IsValid(text.ToArray()), "A text that is not UTF-8.");
                text.Clear();
            }
        }
    }
}
