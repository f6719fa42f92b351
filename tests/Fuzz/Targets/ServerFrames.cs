using System.Net.WebSockets;
using System.Text.Unicode;

namespace MessageWebSockets.Fuzz.Targets;

/// <summary>What a client sends behind the handshake, as the built-in server reads it.</summary>
/// <remarks>The first byte chooses the compression, the second one how many bytes arrive at a time, the third one how many came
/// early.</remarks>
internal sealed class ServerFrames : FuzzTarget
{
    // RFC 6455 section 7.1.5: of a close frame without one.
    private const int NoCode = 1005;

    private const byte Deflate = 1;
    private const byte KeepsContext = 2;

    public override string Name => "server-frames";

    public override void Run(ReadOnlySpan<byte> input)
    {
        byte choice = Take(ref input);
        int atATime = Take(ref input) + 1;
        int early = Math.Min((int)Take(ref input), input.Length);
        WebSocketDeflateOptions? compression = (choice & Deflate) == 0
            ? null
            : new() { ClientContextTakeover = (choice & KeepsContext) != 0 };
        ClientFrameStream frames = new(
            new PeerStream(input[early..].ToArray(), atATime), input[..early].ToArray(), compression, new ActivityClock());
        using WebSocket framing = WebSocket.CreateFromStream(frames, new WebSocketCreationOptions
        {
            IsServer = true,
            KeepAliveInterval = TimeSpan.Zero,
            DangerousDeflateOptions = compression,
        });
        try
        {
            ReadToEnd(framing);
        }
        catch (Exception e) when (e is WebSocketException or IOException)
        {
            // The frames are over, in order or not.
        }
        finally
        {
            frames.EndReading();
        }

        if (frames.End is { } end)
        {
            Require(end.Code is NoCode || CloseFrame.MaySay(end.Code), $"An end with the code {end.Code}.");
        }
    }

    private static void ReadToEnd(WebSocket framing)
    {
        byte[] buffer = new byte[16 * 1024];
        List<byte> message = [];
        while (true)
        {
            ValueWebSocketReceiveResult received = Now(framing.ReceiveAsync(buffer.AsMemory(), CancellationToken.None));
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return;
            }

            message.AddRange(buffer.AsSpan(0, received.Count));
            if (received.EndOfMessage)
            {
                Require(received.MessageType != WebSocketMessageType.Text || Utf8.IsValid(message.ToArray()), "A text that is not UTF-8.");
                message.Clear();
            }
        }
    }
}
