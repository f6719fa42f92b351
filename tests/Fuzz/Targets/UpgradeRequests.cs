using System.Net.WebSockets;
using System.Text;

namespace MessageWebSockets.Fuzz.Targets;

/// <summary>A request to the built-in server, and the answer to it.</summary>
/// <remarks>The first byte chooses how many bytes arrive at a time.</remarks>
internal sealed class UpgradeRequests : FuzzTarget
{
    private static readonly ServerHandshake s_handshake = new(new WebSocketEchoServerOptions
    {
        AllowedOrigins = { "https://example.org" },
        Compression = new WebSocketDeflateOptions(),
        SubProtocols = { "chat" },
    });

    public override string Name => "handshake-request";

    public override void Run(ReadOnlySpan<byte> input)
    {
        int atATime = Take(ref input) + 1;
        PeerStream client = new(input.ToArray(), atATime);
        try
        {
            AcceptedUpgrade accepted = s_handshake.ReadAsync(client, static () => true, CancellationToken.None).GetAwaiter().GetResult();
            _ = accepted.Request.Headers();
            Require(accepted.Protocol is null or "chat", "A subprotocol that is not the server's.");
            Require(
                ServerHandshake.TryAcceptAsync(client, accepted, CancellationToken.None).GetAwaiter().GetResult(),
                "An answer that was not sent.");
            RequireHead(client.Received.Span, isRefusal: false);
        }
        catch (UpgradeRefusedException)
        {
            RequireHead(client.Received.Span, isRefusal: true);
        }
        catch (IOException)
        {
            // The request has no end.
        }
    }

    // One status line, and lines of headers that nothing of the request could have split.
    private static void RequireHead(ReadOnlySpan<byte> answer, bool isRefusal)
    {
        int end = answer.IndexOf("\r\n\r\n"u8);
        Require(end > 0, "An answer without an end.");
        string[] lines = Encoding.Latin1.GetString(answer[..end]).Split("\r\n");
        Require(lines[0].StartsWith(isRefusal ? "HTTP/1.1 " : "HTTP/1.1 101 ", StringComparison.Ordinal), $"The status line '{lines[0]}'.");
        Require(!isRefusal || lines[0][9] is '4' or '5', $"A refusal with '{lines[0]}'.");
        Require(!lines.Any(static line => line.Any(char.IsControl)), "A control character in the head of an answer.");
    }
}
