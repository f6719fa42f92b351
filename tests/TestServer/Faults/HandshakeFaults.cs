using System.Globalization;
using System.Text;

namespace MessageWebSockets.TestServer;

/// <summary>What can go wrong before the upgrade is complete.</summary>
internal static class HandshakeFaults
{
    private const int HugeHeader = 100 * 1024;
    private const int EndlessHeaderLines = 1_000_000;
    private static readonly int[] s_statuses = [200, 301, 302, 401, 403, 404, 407, 426, 429, 500, 503, 999];

    public static Fault OneByteEvery(TimeSpan pace) => new(
        "one-byte-a-second",
        FaultStage.Handshake,
        "answers the upgrade one byte at a time; ?intervalMs=1000 is the pace",
        async connection =>
        {
            RawRequest request = await connection.ReadRequestAsync();
            TimeSpan actual = request.Query("intervalMs") is { } text
                ? TimeSpan.FromMilliseconds(int.Parse(text, CultureInfo.InvariantCulture))
                : pace;
            using PeriodicTimer timer = new(actual);
            foreach (char character in RawConnection.HandshakeHead(request, new HandshakeAnswer()))
            {
                await connection.SendBytesAsync(character.ToString());
                await timer.WaitForNextTickAsync(connection.Stopping);
            }

            await connection.SinkAsync();
        });

    public static IEnumerable<Fault> List() =>
    [
        Make("refused-port", "nobody listens", Never) with { Transport = FaultTransport.Refused },
        Make("unresolvable-name", "the name has no address", Never) with { Transport = FaultTransport.Unresolvable },
        Make("says-nothing", "accepts and never answers", connection => connection.DrainBytesAsync()),
        Make("closes-at-once", "accepts and ends the connection with a FIN", ClosesAtOnceAsync),
        Make("closes-after-request", "reads the request and closes", connection => connection.ReadRequestAsync()),
        Make("closes-mid-header", "closes in the middle of the answer's head", ClosesMidHeaderAsync),
        OneByteEvery(TimeSpan.FromSeconds(1)),
        Make("header-of-100-kilobytes", "a right answer with a header field of 100 KiB", HugeHeaderAsync),
        Make("endless-header", "header lines without an end", EndlessHeaderAsync),
        .. s_statuses.Select(Status),
        Answer("upgrade-missing", new HandshakeAnswer { Upgrade = null }),
        Answer("upgrade-wrong", new HandshakeAnswer { Upgrade = "h2c" }),
        Answer("connection-missing", new HandshakeAnswer { Connection = null }),
        Answer("connection-wrong", new HandshakeAnswer { Connection = "keep-alive" }),
        Answer("accept-missing", new HandshakeAnswer { Accept = null }),
        Answer("accept-wrong", new HandshakeAnswer { Accept = "AAAAAAAAAAAAAAAAAAAAAAAAAAA=" }),
        Answer("subprotocol-not-offered", new HandshakeAnswer { SubProtocol = "never-offered" }),
        Make("two-subprotocols", "agrees on two subprotocols (the first two offered, where there are)", TwoSubProtocolsAsync),
        Answer("extension-not-offered", new HandshakeAnswer { Extensions = "x-never-offered" }),
        Answer("deflate-not-offered", new HandshakeAnswer { Extensions = "permessage-deflate" }),
        Answer("deflate-parameter-unknown", new HandshakeAnswer { Extensions = "permessage-deflate; x-unknown=1" }),
        Answer(
            "deflate-parameter-twice",
            new HandshakeAnswer { Extensions = "permessage-deflate; server_no_context_takeover; server_no_context_takeover" }),
        Answer("deflate-window-bits-illegal", new HandshakeAnswer { Extensions = "permessage-deflate; server_max_window_bits=16" }),
        Answer("deflate-twice", new HandshakeAnswer { Extensions = "permessage-deflate, permessage-deflate" }),
        Make("body-instead-of-upgrade", "200 with a page of HTML, chunked", BodyAsync),
        Make("garbage-bytes", "bytes that are no HTTP", GarbageAsync),
        Make("redirect-loop", "redirects to itself", RedirectLoopAsync),
        Make("redirect-to-http-from-https", "over TLS, redirects to http at the same port", RedirectToHttpAsync) with
        {
            Transport = FaultTransport.Tls,
            Tls = certificates => new RawTlsOptions(certificates.Server),
        },
    ];

    private static Fault Make(string name, string description, Func<RawConnection, Task> script) =>
        new(name, FaultStage.Handshake, description, script);

    private static Fault Answer(string name, HandshakeAnswer answer) => Make(
        name,
        "a 101 that is right but for what the name says",
        async connection =>
        {
            await connection.AcceptHandshakeAsync(answer);
            await connection.DrainBytesAsync();
        });

    private static Fault Status(int status) => Make(
        $"status-{status}",
        $"answers {status} with a small text body",
        async connection =>
        {
            await connection.ReadRequestAsync();
            (string, string)[] headers = status switch
            {
                301 or 302 => [("Location", "/elsewhere")],
                401 => [("WWW-Authenticate", "Basic realm=\"test\"")],
                407 => [("Proxy-Authenticate", "Basic realm=\"test\"")],
                426 => [("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")],
                429 or 503 => [("Retry-After", "1")],
                _ => [],
            };
            await connection.SendResponseAsync(status, $"This is status {status}.", headers);
        });

    private static Task Never(RawConnection connection) =>
        throw new InvalidOperationException("A fault without a server was given a connection.");

    // Reading on, because a socket closed with the request unread makes some systems send a reset in place of the FIN.
    private static Task ClosesAtOnceAsync(RawConnection connection)
    {
        connection.ShutdownSend();
        return connection.DrainBytesAsync();
    }

    private static async Task ClosesMidHeaderAsync(RawConnection connection)
    {
        string head = RawConnection.HandshakeHead(await connection.ReadRequestAsync(), new HandshakeAnswer());
        await connection.SendBytesAsync(head[..(head.Length / 2)]);
    }

    private static async Task HugeHeaderAsync(RawConnection connection)
    {
        await connection.AcceptHandshakeAsync(new HandshakeAnswer { Headers = [("X-Filler", new string('x', HugeHeader))] });
        await connection.DrainBytesAsync();
    }

    private static async Task EndlessHeaderAsync(RawConnection connection)
    {
        await connection.ReadRequestAsync();
        await connection.SendBytesAsync("HTTP/1.1 101 Switching Protocols\r\n");
        byte[] lines = Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat("X-More: and more\r\n", 1000)));
        await FaultScript.SendUntilGoneAsync(connection, lines, EndlessHeaderLines, connection.DrainBytesAsync());
    }

    private static async Task TwoSubProtocolsAsync(RawConnection connection)
    {
        string[] two = [.. (await connection.ReadRequestAsync()).SubProtocols.Concat(["one", "two"]).Take(2)];
        await connection.AcceptHandshakeAsync(
            new HandshakeAnswer { Headers = [("Sec-WebSocket-Protocol", two[0]), ("Sec-WebSocket-Protocol", two[1])] });
        await connection.DrainBytesAsync();
    }

    private static async Task BodyAsync(RawConnection connection)
    {
        const string Page = "<!doctype html><title>Welcome</title><p>Not a WebSocket server.";
        await connection.ReadRequestAsync();
        await connection.SendBytesAsync(
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
            + $"{Page.Length:x}\r\n{Page}\r\n0\r\n\r\n");
        await connection.DrainBytesAsync();
    }

    private static async Task GarbageAsync(RawConnection connection)
    {
        await connection.ReadRequestAsync();
        byte[] garbage = new byte[4096];
        for (int i = 0; i < garbage.Length; i++)
        {
            garbage[i] = (byte)((i * 131) + 7);
        }

        await connection.SendBytesAsync(garbage);
        await connection.DrainBytesAsync();
    }

    private static async Task RedirectLoopAsync(RawConnection connection)
    {
        RawRequest request = await connection.ReadRequestAsync();
        await connection.SendResponseAsync(302, "Round and round.", ("Location", request.Target));
    }

    private static async Task RedirectToHttpAsync(RawConnection connection)
    {
        RawRequest request = await connection.ReadRequestAsync();
        await connection.SendResponseAsync(302, "Drop your guard.", ("Location", $"http://{request.Headers["Host"]}/"));
    }
}
