using System.Net.WebSockets;
using Microsoft.AspNetCore.Http.Features;

namespace MessageWebSockets.TestServer;

/// <summary>Accepts an upgrade, as ASP.NET Core's WebSocket or as bare frames, over HTTP/1.1 and over HTTP/2 (RFC 8441).</summary>
internal static class Upgrade
{
    private const int CaptureNothing = 0;

    /// <summary>The token that ends an endpoint: the client went away, or the server stops.</summary>
    public static CancellationTokenSource Ending(HttpContext context) =>
        CancellationTokenSource.CreateLinkedTokenSource(
            context.RequestAborted,
            context.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping);

    /// <summary>Runs <paramref name="talk"/> on an accepted WebSocket and sees to the close handshake after it.</summary>
    public static async Task ToWebSocketAsync(
        HttpContext context,
        Func<WebSocket, CancellationToken, Task> talk,
        WebSocketAcceptContext? accept = null)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            await RefuseAsync(context);
            return;
        }

        using CancellationTokenSource ending = Ending(context);
        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync(accept ?? new WebSocketAcceptContext());
        try
        {
            await talk(socket, ending.Token);
            await FinishAsync(socket, ending.Token);
        }
        catch (Exception exception) when (exception is WebSocketException or OperationCanceledException or IOException)
        {
            // The client broke off or the server stops; either way this connection is over.
            socket.Abort();
        }
    }

    /// <summary>
    /// Runs <paramref name="talk"/> on bare frames, for what ASP.NET Core's WebSocket cannot send or is too slow for.
    /// </summary>
    public static async Task ToFramesAsync(HttpContext context, Func<FrameChannel, CancellationToken, Task> talk)
    {
        using CancellationTokenSource ending = Ending(context);
        if (await AcceptStreamAsync(context) is not { } stream)
        {
            await RefuseAsync(context);
            return;
        }

        await using (stream)
        {
            using FrameChannel channel = new(stream, CaptureNothing);
            try
            {
                await talk(channel, ending.Token);
            }
            catch (Exception exception) when (exception is IOException or OperationCanceledException)
            {
                context.Abort();
            }
        }
    }

    private static async Task<Stream?> AcceptStreamAsync(HttpContext context)
    {
        if (context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true, Protocol: "websocket" } connect)
        {
            context.Response.StatusCode = StatusCodes.Status200OK;
            return await connect.AcceptAsync();
        }

        string? key = context.Request.Headers.SecWebSocketKey;
        if (key is null || context.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true } upgrade)
        {
            return null;
        }

        context.Response.Headers.Connection = "Upgrade";
        context.Response.Headers.Upgrade = "websocket";
        context.Response.Headers.SecWebSocketAccept = RawConnection.AcceptFor(key);
        return await upgrade.UpgradeAsync();
    }

    private static Task RefuseAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status426UpgradeRequired;
        context.Response.Headers.Upgrade = "websocket";
        return context.Response.WriteAsync("This endpoint talks WebSocket only.");
    }

    private static async Task FinishAsync(WebSocket socket, CancellationToken cancellationToken)
    {
        if (socket.State == WebSocketState.CloseReceived)
        {
            WebSocketCloseStatus status = socket.CloseStatus ?? WebSocketCloseStatus.Empty;
            await socket.CloseOutputAsync(
                status == WebSocketCloseStatus.Empty ? WebSocketCloseStatus.NormalClosure : status,
                status == WebSocketCloseStatus.Empty ? null : socket.CloseStatusDescription,
                cancellationToken);
        }
        else if (socket.State == WebSocketState.Open)
        {
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken);
        }
    }
}
