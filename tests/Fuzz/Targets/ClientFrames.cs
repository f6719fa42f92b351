using System.Buffers;
using System.Text.Unicode;

namespace MessageWebSockets.Fuzz.Targets;

/// <summary>What a server sends behind the handshake, as the client reads it.</summary>
/// <remarks>The first byte chooses how it is read, the second one how many bytes arrive at a time.</remarks>
internal sealed class ClientFrames : FramesOfServer
{
    private const byte Deflate = 1;
    private const byte KeepsContext = 2;
    private const byte Partial = 4;
    private const byte CutsRecords = 8;
    private const byte IsLimited = 16;

    public override string Name => "client-frames";

    public override void Run(ReadOnlySpan<byte> input)
    {
        byte choice = Take(ref input);
        int atATime = Take(ref input) + 1;
        uint limit = (choice & IsLimited) != 0 ? 1000u : 256 * 1024;
        using MessageInflater? inflater = (choice & Deflate) != 0 ? new MessageInflater((choice & KeepsContext) != 0) : null;
        List<byte> text = [];
        try
        {
            ReadToEnd(
                new PeerStream(input.ToArray(), atATime),
                inflater,
                (framing, frames) => RecordReader.Over(
                    new MessageAssembler(framing, frames, limit, wholeMessages: (choice & Partial) == 0),
                    (choice & CutsRecords) != 0 ? new RecordSeparator("\n") : null),
                received => Judge(received, limit, text));
        }
        catch (MessageTooLargeException)
        {
            // What the connection makes an error of, where whole messages have a limit.
        }
    }

    private static void Judge(in ReceivedData received, uint limit, List<byte> text)
    {
        Require(received.Length <= limit, "A message above the limit.");
        if (received.Type != SocketMessageType.Utf8)
        {
            return;
        }

        text.AddRange(received.Bytes ?? BuffersExtensions.ToArray(received.Long!.AsSequence()));
        if (received.IsComplete)
        {
            Require(Utf8.IsValid(text.ToArray()), "A text that is not UTF-8.");
            text.Clear();
        }
    }
}
