using System.Net.WebSockets;
using System.Text;

namespace MessageWebSockets.Fuzz.Targets;

/// <summary>Sec-WebSocket-Extensions, offered to the server and answered to the client.</summary>
/// <remarks>The first byte chooses what each side wants of the compression; then a value a line.</remarks>
internal sealed class Extensions : FuzzTarget
{
    private const int SmallestBits = 9;
    private const int LargestBits = 15;

    public override string Name => "extensions";

    public override void Run(ReadOnlySpan<byte> input)
    {
        byte choice = Take(ref input);
        WebSocketDeflateOptions own = new()
        {
            ClientContextTakeover = (choice & 1) == 0,
            ServerContextTakeover = (choice & 2) == 0,
            ClientMaxWindowBits = Math.Max(SmallestBits, LargestBits - ((choice >> 2) & 7)),
            ServerMaxWindowBits = Math.Max(SmallestBits, LargestBits - ((choice >> 5) & 7)),
        };
        string[] values = Encoding.Latin1.GetString(input).Split('\n');
        if (ExtensionOffer.TryReadAll(values, out List<ExtensionOffer>? offers) && ServerCompression.Choose(offers, own) is { } chosen)
        {
            Require(ExtensionOffer.TryReadAll([chosen.Answer], out _), $"The server's answer '{chosen.Answer}' cannot be read.");
            Require(chosen.Agreed.ServerMaxWindowBits <= own.ServerMaxWindowBits, "The server agrees to more than it has.");
        }

        RequireAgreement(own);
        try
        {
            WebSocketDeflateOptions? agreed = CompressionNegotiation.ReadAnswer(values, own);
            Require(agreed is null || agreed.ClientMaxWindowBits <= own.ClientMaxWindowBits, "The client agrees to more than it offered.");
        }
        catch (FormatException e)
        {
            Require(e.Message.StartsWith("it", StringComparison.Ordinal), $"An error that does not go on a sentence: {e.Message}");
        }
    }

    // Whatever our client offers, our server answers so that the client takes it.
    private static void RequireAgreement(WebSocketDeflateOptions options)
    {
        Require(
            ExtensionOffer.TryReadAll([CompressionNegotiation.CreateOffer(options)], out List<ExtensionOffer>? offers)
            && ServerCompression.Choose(offers, new WebSocketDeflateOptions()) is { } chosen
            && CompressionNegotiation.ReadAnswer([chosen.Answer], options) is not null,
            "Client and server do not agree.");
    }
}
