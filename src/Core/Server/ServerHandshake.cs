using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MessageWebSockets.Server;

/// <summary>The server's half of the opening handshake (RFC 6455 section 4.2): reads the request, judges it and answers.</summary>
internal sealed class ServerHandshake(WebSocketEchoServerOptions options)
{
    private const int FirstRead = 2048;
    private const string Version = "13";

    /// <summary>Reads one request and judges it; a good one still waits for its answer.</summary>
    /// <param name="stream">The connection.</param>
    /// <param name="tryTakePlace">Takes the place of one connection; where there is none, a good request is told to come back
    /// later.</param>
    /// <param name="cancellationToken">Ends it: when the client takes too long, and when the server stops.</param>
    /// <exception cref="UpgradeRefusedException">The request got an HTTP error; it has been sent.</exception>
    /// <exception cref="IOException">The client went away.</exception>
    public async Task<AcceptedUpgrade> ReadAsync(Stream stream, Func<bool> tryTakePlace, CancellationToken cancellationToken)
    {
        UpgradeRequest? request = null;
        try
        {
            (byte[] bytes, int headLength) = await ReadHeadAsync(stream, cancellationToken).ConfigureAwait(false);
            request = UpgradeRequest.Parse(bytes.AsSpan(0, headLength));
            CheckAddressee(request);
            CheckUpgrade(request);
            if (!ExtensionOffer.TryReadAll(request.ValuesOf("Sec-WebSocket-Extensions"), out List<ExtensionOffer>? offers))
            {
                throw new UpgradeRefusedException(HttpStatusCode.BadRequest, "Sec-WebSocket-Extensions is no list of extensions.");
            }

            if (!tryTakePlace())
            {
                throw new UpgradeRefusedException(
                    HttpStatusCode.ServiceUnavailable, "This server has as many connections as it takes.", "Retry-After: 10");
            }

            ServerCompression? compression = ServerCompression.Choose(offers, options.Compression);
            return new AcceptedUpgrade(request, ChooseProtocol(request), compression, bytes.AsMemory(headLength));
        }
        catch (UpgradeRefusedException e)
        {
            await RefuseAsync(stream, e, hasBody: request?.Method != "HEAD", cancellationToken).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Answers a request with an HTTP error.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="refusal">The error.</param>
    /// <param name="hasBody">False for HEAD, whose answer announces a body and has none (RFC 9110 section 9.3.2).</param>
    /// <param name="cancellationToken">Ends the wait for the client to take it.</param>
    public static async Task RefuseAsync(
        Stream stream, UpgradeRefusedException refusal, bool hasBody, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(Refusal(refusal, hasBody), cancellationToken).ConfigureAwait(false);
        await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Answers a request that was accepted. What follows on the stream is frames. Never throws.</summary>
    /// <returns>False when the client went away or was too slow.</returns>
    public static async Task<bool> TryAcceptAsync(Stream stream, AcceptedUpgrade upgrade, CancellationToken cancellationToken)
    {
        try
        {
            await stream.WriteAsync(Acceptance(upgrade), cancellationToken).ConfigureAwait(false);
            await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            return false;
        }
    }

    // Up to and including the empty line; what follows it is returned as well.
    private static async Task<(byte[] Bytes, int HeadLength)> ReadHeadAsync(Stream stream, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[FirstRead];
        int count = 0;
        while (true)
        {
            if (count == buffer.Length)
            {
                if (count >= UpgradeRequest.MaxBytes)
                {
                    throw new UpgradeRefusedException(
                        HttpStatusCode.RequestHeaderFieldsTooLarge, $"The request is longer than {UpgradeRequest.MaxBytes / 1024} KB.");
                }

                Array.Resize(ref buffer, Math.Min(buffer.Length * 2, UpgradeRequest.MaxBytes));
            }

            int read = await stream.ReadAsync(buffer.AsMemory(count), cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                throw new EndOfStreamException("The client went away before its request was whole.");
            }

            // The end may lie across two reads.
            int searched = Math.Max(0, count - 3);
            count += read;

            // Empty lines ahead of a request are ignored (RFC 9112 section 2.2).
            while (buffer.AsSpan(0, count).StartsWith("\r\n"u8))
            {
                count -= 2;
                buffer.AsSpan(2, count).CopyTo(buffer);
                searched = 0;
            }

            int end = buffer.AsSpan(searched, count - searched).IndexOf("\r\n\r\n"u8);

            // Of the lines that an old client sends without a carriage return no end would ever be found.
            if (HasBareLineFeed(buffer.AsSpan(0, end >= 0 ? searched + end : count), searched))
            {
                throw new UpgradeRefusedException(HttpStatusCode.BadRequest, "A line of the request ends without a carriage return.");
            }

            if (end >= 0)
            {
                return (buffer[..count], searched + end + 4);
            }
        }
    }

    private static bool HasBareLineFeed(ReadOnlySpan<byte> bytes, int from)
    {
        for (int i = from; i < bytes.Length; i++)
        {
            if (bytes[i] == '\n' && (i == 0 || bytes[i - 1] != '\r'))
            {
                return true;
            }
        }

        return false;
    }

    private void CheckAddressee(UpgradeRequest request)
    {
        if (request.ValuesOf("Host") is not [var host] || !IsHost(host))
        {
            throw new UpgradeRefusedException(HttpStatusCode.BadRequest, "The request needs one Host header that names a host.");
        }

        if (options.Path is { } path && request.Path != path)
        {
            throw new UpgradeRefusedException(HttpStatusCode.NotFound, "There is no WebSocket at this path.") { Part = request.Path };
        }

        if (request.Method != "GET")
        {
            throw new UpgradeRefusedException(HttpStatusCode.MethodNotAllowed, "A WebSocket is asked for with GET.", "Allow: GET");
        }

        // A browser runs scripts of strangers, and lets each of them connect to this machine; only their origin tells them apart.
        // A server that serves no pages has no origin of its own that could be let through.
        foreach (string origin in request.ValuesOf("Origin"))
        {
            if (!options.AllowedOrigins.Contains("*") && !options.AllowedOrigins.Contains(origin, StringComparer.OrdinalIgnoreCase))
            {
                throw new UpgradeRefusedException(HttpStatusCode.Forbidden, "This server does not allow the origin of the request.")
                {
                    Part = origin,
                };
            }
        }
    }

    // The characters of RFC 3986 section 3.2.2, and a port; which host it is does not matter here.
    private static bool IsHost(string host)
    {
        int colon = host.LastIndexOf(':');
        bool hasPort = colon >= 0 && !host.EndsWith(']');
        string name = hasPort ? host[..colon] : host;
        return name.Length > 0 && name.All(static c => char.IsAsciiLetterOrDigit(c) || "-._~%!$&'()*+;=:[]".Contains(c))
            && (!hasPort || host.AsSpan(colon + 1).IndexOfAnyExceptInRange('0', '9') < 0);
    }

    private static void CheckUpgrade(UpgradeRequest request)
    {
        if (!request.ListOf("Upgrade").Contains("websocket", StringComparer.OrdinalIgnoreCase)
            || !request.ListOf("Connection").Contains("Upgrade", StringComparer.OrdinalIgnoreCase))
        {
            throw new UpgradeRefusedException(
                HttpStatusCode.UpgradeRequired, "This is a WebSocket server; connect with ws:// or wss://.", "Upgrade: websocket");
        }

        if (request.ValuesOf("Sec-WebSocket-Version") is not [Version])
        {
            throw new UpgradeRefusedException(
                HttpStatusCode.UpgradeRequired,
                "This server speaks version 13 of the WebSocket protocol.",
                "Upgrade: websocket",
                $"Sec-WebSocket-Version: {Version}");
        }

        if (request.ValuesOf("Sec-WebSocket-Key") is not [var key] || !HandshakeKey.IsValid(key))
        {
            throw new UpgradeRefusedException(HttpStatusCode.BadRequest, "The request needs one Sec-WebSocket-Key of 16 bytes in base64.");
        }

        // What follows would be frames to one reader and a body to another.
        if (request.ValuesOf("Transfer-Encoding").Count > 0 || request.ValuesOf("Content-Length").Any(static length => length != "0"))
        {
            throw new UpgradeRefusedException(HttpStatusCode.BadRequest, "The request of a WebSocket handshake has no body.");
        }

        // Each of them once (RFC 6455 section 4.1).
        HashSet<string> protocols = new(StringComparer.Ordinal);
        if (request.ListOf("Sec-WebSocket-Protocol").Any(protocol => !HttpToken.IsValid(protocol) || !protocols.Add(protocol)))
        {
            throw new UpgradeRefusedException(HttpStatusCode.BadRequest, "Sec-WebSocket-Protocol is no list of different names.");
        }
    }

    // The client lists what it likes best first (RFC 6455 section 4.1).
    private string? ChooseProtocol(UpgradeRequest request) =>
        request.ListOf("Sec-WebSocket-Protocol").FirstOrDefault(offered => options.SubProtocols.Contains(offered, StringComparer.Ordinal));

    private static byte[] Acceptance(AcceptedUpgrade upgrade)
    {
        string accept = HandshakeKey.AcceptFor(upgrade.Request.ValuesOf("Sec-WebSocket-Key")[0]);
        string chosen = upgrade.Protocol is null ? "" : $"Sec-WebSocket-Protocol: {upgrade.Protocol}\r\n";
        string compressed = upgrade.Compression is null ? "" : $"Sec-WebSocket-Extensions: {upgrade.Compression.Answer}\r\n";
        return Encoding.ASCII.GetBytes(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
            + $"{accept}\r\n{chosen}{compressed}\r\n");
    }

    private static byte[] Refusal(UpgradeRefusedException refusal, bool hasBody)
    {
        // The names of the enumeration are the phrases of the RFC without their spaces.
        string phrase = string.Concat(
            refusal.Status.ToString().Select(static (c, index) => index > 0 && char.IsUpper(c) ? $" {c}" : $"{c}"));
        string upgrades = refusal.Status == HttpStatusCode.UpgradeRequired ? "Upgrade, close" : "close";
        StringBuilder answer = new();
        answer.Append(CultureInfo.InvariantCulture, $"HTTP/1.1 {(int)refusal.Status} {phrase}\r\nConnection: {upgrades}\r\n");
        foreach (string header in refusal.Headers)
        {
            answer.Append(header).Append("\r\n");
        }

        answer.Append(
            CultureInfo.InvariantCulture,
            $"Content-Type: text/plain; charset=utf-8\r\nContent-Length: {refusal.Message.Length + 1}\r\n\r\n");
        if (hasBody)
        {
            answer.Append(refusal.Message).Append('\n');
        }

        return Encoding.ASCII.GetBytes(answer.ToString());
    }
}
