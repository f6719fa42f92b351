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

    /// <summary>The one origin whose pages may connect.</summary>
    public const string AllowedOrigin = "https://app.example";

    /// <summary>What <see cref="Mistake.WantsCredentials"/> wants.</summary>
    public const string Authorization = "Bearer right";

    private const int MostConnections = 10;
    private const string GoodCookie = "id=1; Path=/; Secure; HttpOnly; SameSite=Lax";

    /// <summary>A server that is right to its first client, and to all others as said.</summary>
    /// <param name="others">What the others meet.</param>
    public static Func<RawConnection, Task> RightOnce(Func<RawConnection, Task> others)
    {
        int connections = 0;
        Func<RawConnection, Task> right = Script(null);
        return connection => Interlocked.Increment(ref connections) == 1 ? right(connection) : others(connection);
    }

    /// <summary>The script of a server with a mistake; null for none.</summary>
    public static Func<RawConnection, Task> Script(Mistake? mistake)
    {
        int open = 0;
        return async connection =>
        {
            Interlocked.Increment(ref open);
            try
            {
                await ServeAsync(connection, mistake, () => mistake?.What == Mistakes.Crowd && Volatile.Read(ref open) > MostConnections);
                await EndAsync(connection);
            }
            finally
            {
                Interlocked.Decrement(ref open);
            }
        };
    }

    // What is still unread would turn the end into a reset, which can overtake what was sent.
    private static async Task EndAsync(RawConnection connection)
    {
        if (connection.Stream is System.Net.Security.SslStream secure)
        {
            await secure.ShutdownAsync();
        }

        connection.ShutdownSend();
        await connection.DrainBytesAsync();
    }

    private static async Task ServeAsync(RawConnection connection, Mistake? mistake, Func<bool> isStalled)
    {
        string what = mistake?.What ?? "";
        RawRequest request = await connection.ReadRequestAsync();
        if (isStalled())
        {
            await connection.DrainBytesAsync();
            return;
        }

        if (Refusal(request, what, mistake is { WantsCredentials: true }) is { } refusal)
        {
            await connection.SendResponseAsync(refusal.Status, refusal.Why, [.. refusal.Headers]);
            return;
        }

        // What is compressed beside secrets gives them away.
        bool isCompressed = request.OffersDeflate && what != Mistakes.NoMessageLimit
            && (mistake is not { WantsCredentials: true } || what == Mistakes.CredentialCompression)
            && Cookie(what) is null or GoodCookie;
        HandshakeAnswer answer = new()
        {
            Accept = what == Mistakes.WrongAccept ? RawConnection.AcceptFor("other") : HandshakeAnswer.CorrectAccept,
            SubProtocol = what == Mistakes.UnaskedProtocol ? "chat" : null,
            Extensions = isCompressed ? Deflate
                : what == Mistakes.AnyExtension ? request.Headers.GetValueOrDefault("Sec-WebSocket-Extensions")
                : null,
            Headers = Cookie(what) is { } cookie ? [("Set-Cookie", cookie)] : what == Mistakes.Version ? [("Server", "manners/1.2.3")] : [],
        };
        await connection.AcceptHandshakeAsync(answer);
        await new MannersFrames(connection, what, isCompressed, isStalled).TalkAsync();
    }

    private static string? Cookie(string what) => what switch
    {
        Mistakes.CookieCompression => GoodCookie,
        Mistakes.InsecureCookie => "id=1; HttpOnly; SameSite=Lax",
        Mistakes.ScriptCookie => "id=1; Secure; SameSite=Lax",
        Mistakes.CrossSiteCookie => "id=1; Secure; HttpOnly",
        _ => null,
    };

    private static bool IsAllowed(string origin, string what) => origin == AllowedOrigin || what switch
    {
        Mistakes.AnyOrigin => origin == "https://evil.example",
        Mistakes.NullOrigin => origin == "null",
        Mistakes.OriginPrefix => origin.StartsWith(AllowedOrigin, StringComparison.Ordinal),
        Mistakes.OriginSuffix =>
            origin.EndsWith("app.example", StringComparison.Ordinal) && origin.StartsWith("https:", StringComparison.Ordinal),
        Mistakes.OriginPattern => System.Text.RegularExpressions.Regex.IsMatch(origin, "^https://app.example$"),
        Mistakes.OriginScheme => origin == "http://app.example",
        _ => false,
    };

    private static (int Status, string Why, IEnumerable<(string Name, string Value)> Headers)? Refusal(
        RawRequest request, string mistake, bool wantsCredentials)
    {
        string? key = request.Key;
        string version = request.Headers.GetValueOrDefault("Sec-WebSocket-Version", "");
        return request switch
        {
            _ when request.Head.Length > HeadLimit && mistake != Mistakes.LargeHeader => (431, "too large", []),
            _ when request.Head.Split("\r\n").Count(line => line.StartsWith("Host:", StringComparison.OrdinalIgnoreCase)) != 1
                && mistake != Mistakes.TwoHosts =>
                (400, "one Host header", []),
            _ when !request.Head.Split("\r\n")[0].EndsWith(" HTTP/1.1", StringComparison.Ordinal) && mistake != Mistakes.Http10 =>
                (505, "HTTP/1.1", []),
            _ when request.Method != "GET" && mistake != Mistakes.AnyMethod => (405, "GET", [("Allow", "GET")]),
            _ when version != "13" && mistake == Mistakes.NoVersionHeader => (400, "another version", []),
            _ when version != "13" && mistake != Mistakes.AnyVersion =>
                (426, "version 13", [("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")]),
            _ when request.Headers.GetValueOrDefault("Origin") is { } origin && !IsAllowed(origin, mistake) => (403, "another origin", []),
            _ when wantsCredentials && request.Headers.GetValueOrDefault("Authorization") != Authorization
                && mistake != Mistakes.NoCredentials =>
                (401, "who are you", [("WWW-Authenticate", "Bearer")]),
            _ when key is null && mistake != Mistakes.NoKey => (400, "a key", []),
            _ when key is { Length: not 24 } && mistake != Mistakes.ShortKey => (400, "a key of 16 bytes", []),
            _ => null,
        };
    }
}
