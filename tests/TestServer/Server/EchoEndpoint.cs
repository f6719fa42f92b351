using System.Buffers;
using System.Globalization;
using System.Net.WebSockets;

namespace MessageWebSockets.TestServer;

/// <summary>Sends back what comes, of the same type; a message larger than the buffer streams through in fragments.</summary>
internal static class EchoEndpoint
{
    private const int BufferSize = 64 * 1024;

    public static Task EchoAsync(HttpContext context) => Upgrade.ToWebSocketAsync(context, EchoAllAsync);

    /// <summary>
    /// With permessage-deflate if the client offers it. ?serverNoContextTakeover=true forbids the server's context takeover,
    /// ?serverBits=9..15 asks for a window.
    /// </summary>
    public static Task EchoDeflatedAsync(HttpContext context)
    {
        IQueryCollection query = context.Request.Query;
        WebSocketAcceptContext accept = new()
        {
            DangerousEnableCompression = true,
            DisableServerContextTakeover = query["serverNoContextTakeover"] == "true",
            ServerMaxWindowBits = int.Parse(query["serverBits"].FirstOrDefault() ?? "15", CultureInfo.InvariantCulture),
        };
        return Upgrade.ToWebSocketAsync(context, EchoAllAsync, accept);
    }

    /// <summary>?after=N&amp;ms=M: echoes, but once, after N messages, neither reads nor answers for M milliseconds.</summary>
    public static Task StallAsync(HttpContext context)
    {
        IQueryCollection query = context.Request.Query;
        int after = int.Parse(query["after"].FirstOrDefault() ?? "10", CultureInfo.InvariantCulture);
        int milliseconds = int.Parse(query["ms"].FirstOrDefault() ?? "1000", CultureInfo.InvariantCulture);
        return Upgrade.ToWebSocketAsync(context, async (socket, ending) =>
        {
            byte[] buffer = new byte[BufferSize];
            for (int echoed = 0; ; echoed++)
            {
                ValueWebSocketReceiveResult received = await socket.ReceiveAsync(buffer.AsMemory(), ending);
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    return;
                }

                if (echoed == after)
                {
                    await Task.Delay(milliseconds, ending);
                }

                await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, ending);
            }
        });
    }

    /// <summary>Agrees on the first subprotocol offered that is in ?supports=a,b (none if there is no such), then echoes.</summary>
    public static Task ChooseSubProtocolAsync(HttpContext context)
    {
        string[] supported = (context.Request.Query["supports"].FirstOrDefault() ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries);
        string? chosen = context.WebSockets.WebSocketRequestedProtocols.FirstOrDefault(supported.Contains);
        return Upgrade.ToWebSocketAsync(context, EchoAllAsync, new WebSocketAcceptContext { SubProtocol = chosen });
    }

    public static async Task EchoAllAsync(WebSocket socket, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            while (true)
            {
                ValueWebSocketReceiveResult received = await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken);
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    return;
                }

                await socket.SendAsync(
                    buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, cancellationToken);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
