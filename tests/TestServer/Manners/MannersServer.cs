namespace MessageWebSockets.TestServer;

/// <summary>
/// A server that does everything right, to the letter, but for one mistake: what an audit is measured with. It sends messages back.
/// </summary>
public static class MannersServer
{
    /// <summary>The largest message that is taken, in bytes.</summary>
    public const int MessageLimit = 256 * 1024;

    private const int HeadLimit = 16 * 1024;
    private const string Deflate = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

    /// <summary>The script of a server with a mistake; null for none.</summary>
    public static Func<RawConnection, Task> Script(Mistake? mistake) => async connection =>
    {
        await ServeAsync(connection, mistake?.What ?? "");

        // What is still unread would turn the end into a reset, which can overtake what was sent.
        if (connection.Stream is System.Net.Security.SslStream secure)
        {
            await secure.ShutdownAsync();
        }

        connection.ShutdownSend();
        await connection.DrainBytesAsync();
    };

    private static async Task ServeAsync(RawConnection connection, string mistake)
    {
        RawRequest request = await connection.ReadRequestAsync();
        if (Refusal(request, mistake) is { } refusal)
        {
            await connection.SendResponseAsync(refusal.Status, refusal.Why, [.. refusal.Headers]);
            return;
        }

        bool isCompressed = request.OffersDeflate;
        HandshakeAnswer answer = new()
        {
            Accept = mistake == Mistakes.WrongAccept ? RawConnection.AcceptFor("other") : HandshakeAnswer.CorrectAccept,
            SubProtocol = mistake == Mistakes.UnaskedProtocol ? "chat" : null,
            Extensions = isCompressed ? Deflate
                : mistake == Mistakes.AnyExtension ? request.Headers.GetValueOrDefault("Sec-WebSocket-Extensions") : null,
        };
        await connection.AcceptHandshakeAsync(answer);
        await new MannersFrames(connection, mistake, isCompressed).TalkAsync();
    }

    private static (int Status, string Why, IEnumerable<(string Name, string Value)> Headers)? Refusal(RawRequest request, string mistake)
    {
        string? key = request.Key;
        string version = request.Headers.GetValueOrDefault("Sec-WebSocket-Version", "");
        return request switch
        {
            _ when request.Head.Length > HeadLimit && mistake != Mistakes.LargeHeader => (431, "too large", []),
            _ when request.Head.Split("\r\n").Count(line => line.StartsWith("Host:", StringComparison.OrdinalIgnoreCase)) != 1 && mistake != Mistakes.TwoHosts =>
                (400, "one Host header", []),
            _ when !request.Head.Split("\r\n")[0].EndsWith(" HTTP/1.1", StringComparison.Ordinal) && mistake != Mistakes.Http10 => (505, "HTTP/1.1", []),
            _ when request.Method != "GET" && mistake != Mistakes.AnyMethod => (405, "GET", [("Allow", "GET")]),
            _ when version != "13" && mistake == Mistakes.NoVersionHeader => (400, "another version", []),
            _ when version != "13" && mistake != Mistakes.AnyVersion => (426, "version 13", [("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")]),
            _ when key is null && mistake != Mistakes.NoKey => (400, "a key", []),
            _ when key is { Length: not 24 } && mistake != Mistakes.ShortKey => (400, "a key of 16 bytes", []),
            _ => null,
        };
    }
}
