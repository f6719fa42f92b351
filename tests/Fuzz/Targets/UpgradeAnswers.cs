using System.Net;
using System.Net.Http;
using System.Net.WebSockets;
using System.Text;

namespace MessageWebSockets.Fuzz.Targets;

/// <summary>The headers and the body with which a server answers the opening handshake.</summary>
/// <remarks>The first byte chooses what was offered; then lines of a name, a colon and a value, an empty line and the body.</remarks>
internal sealed class UpgradeAnswers : FuzzTarget
{
    // That of RFC 6455 section 1.3, whose answer is in the corpus.
    private const string Key = "dGhlIHNhbXBsZSBub25jZQ==";
    private const byte OffersProtocols = 1;
    private const byte OffersCompression = 2;

    public override string Name => "handshake-answer";

    public override void Run(ReadOnlySpan<byte> input)
    {
        byte choice = Take(ref input);
        using HttpResponseMessage response = new(HttpStatusCode.SwitchingProtocols);
        while (!input.IsEmpty)
        {
            ReadOnlySpan<byte> line = TakeTo(ref input, (byte)'\n');
            if (line.IsEmpty)
            {
                break;
            }

            string name = Encoding.Latin1.GetString(TakeTo(ref line, (byte)':'));
            response.Headers.TryAddWithoutValidation(name, Encoding.Latin1.GetString(line));
        }

        response.Content = new ByteArrayContent(input.ToArray());
        if (response.Headers.NonValidated.TryGetValues("X-Type", out var types))
        {
            response.Content.Headers.TryAddWithoutValidation("Content-Type", types.First());
        }

        Read(new HandshakeResponse(response), choice);
        Require(RetryAfterHeader.Of(response, DateTimeOffset.UnixEpoch) is not { } wait || wait >= TimeSpan.Zero, "A wait below zero.");
        AnswerBody body = AnswerBody.ReadAsync(response.Content, CancellationToken.None).GetAwaiter().GetResult();
        string readable = body.Readable(["secret"]);
        Require(!body.Words(readable).Any(char.IsControl), "A control character in an error message.");
    }

    private static void Read(HandshakeResponse answer, byte choice)
    {
        string[] offered = (choice & OffersProtocols) != 0 ? ["chat", "superchat"] : [];
        WebSocketDeflateOptions? compression = (choice & OffersCompression) != 0 ? new() : null;
        _ = answer.Headers();
        try
        {
            answer.CheckUpgrade(Key);
            Require(answer.AgreedProtocol(offered) is not { } agreed || offered.Contains(agreed), "A subprotocol that was not offered.");
            Require(answer.AgreedCompression(compression) is null || compression is not null, "Compression that was not offered.");
        }
        catch (FormatException e)
        {
            Require(e.Message.StartsWith("it", StringComparison.Ordinal), $"An error that does not go on a sentence: {e.Message}");
        }
    }
}
