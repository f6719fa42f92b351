using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace MessageWebSockets.TestServer;

/// <summary>Endpoints that speak first and then read until the client closes.</summary>
internal static class TalkEndpoints
{
    private const int BufferSize = 16 * 1024;

    /// <summary>?text=a&amp;text=b: sends each once and then holds.</summary>
    public static Task SayAsync(HttpContext context)
    {
        string[] texts = [.. context.Request.Query["text"].Select(text => text ?? "")];
        return SayAndReadAsync(context, texts);
    }

    /// <summary>?count=N&amp;intervalMs=M: the numbers from 0 on as text, one an interval; then holds.</summary>
    public static Task PushAsync(HttpContext context)
    {
        int count = int.Parse(context.Request.Query["count"].FirstOrDefault() ?? "10", CultureInfo.InvariantCulture);
        int interval = int.Parse(context.Request.Query["intervalMs"].FirstOrDefault() ?? "100", CultureInfo.InvariantCulture);
        return Upgrade.ToWebSocketAsync(context, async (socket, ending) =>
        {
            using CancellationTokenSource closed = CancellationTokenSource.CreateLinkedTokenSource(ending);
            Task pushing = PushNumbersAsync(socket, count, TimeSpan.FromMilliseconds(interval), closed.Token);
            try
            {
                await ReadAllAsync(socket, ending);
            }
            finally
            {
                await closed.CancelAsync();
                await pushing;
            }
        });
    }

    /// <summary>Never sends; reads, so that pings and closes are answered.</summary>
    public static Task SilentAsync(HttpContext context) => SayAndReadAsync(context);

    /// <summary>First message: the request's headers as a JSON object of strings.</summary>
    public static Task HeadersAsync(HttpContext context) =>
        SayAndReadAsync(context, JsonSerializer.Serialize(
            context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString())));

    /// <summary>First message: what the server knows of the connection, as JSON.</summary>
    public static Task ConnectionAsync(HttpContext context) =>
        SayAndReadAsync(context, JsonSerializer.Serialize(new
        {
            protocol = context.Request.Protocol,
            scheme = context.Request.Scheme,
            host = context.Request.Host.ToString(),
            remotePort = context.Connection.RemotePort,
            clientCertificate = context.Connection.ClientCertificate?.Subject,
        }));

    /// <summary>Sets the cookie ?name=…&amp;value=… with the 101; first message: the Cookie header that came, or "".</summary>
    public static Task CookieAsync(HttpContext context)
    {
        IQueryCollection query = context.Request.Query;
        context.Response.Headers.Append(
            "Set-Cookie", $"{query["name"].FirstOrDefault() ?? "visited"}={query["value"].FirstOrDefault() ?? "yes"}; path=/");
        return SayAndReadAsync(context, context.Request.Headers.Cookie.ToString());
    }

    /// <summary>Reads and forgets until the client's close frame.</summary>
    public static async Task ReadAllAsync(WebSocket socket, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[BufferSize];
        ValueWebSocketReceiveResult received;
        do
        {
            received = await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken);
        }
        while (received.MessageType != WebSocketMessageType.Close);
    }

    private static Task SayAndReadAsync(HttpContext context, params string[] texts) =>
        Upgrade.ToWebSocketAsync(context, async (socket, ending) =>
        {
            foreach (string text in texts)
            {
                await SendTextAsync(socket, text, ending);
            }

            await ReadAllAsync(socket, ending);
        });

    private static async Task PushNumbersAsync(WebSocket socket, int count, TimeSpan interval, CancellationToken cancellationToken)
    {
        try
        {
            for (int i = 0; i < count; i++)
            {
                await SendTextAsync(socket, i.ToString(CultureInfo.InvariantCulture), cancellationToken);
                await Task.Delay(interval, cancellationToken);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or WebSocketException)
        {
            // The reader noticed the end first.
        }
    }

    private static Task SendTextAsync(WebSocket socket, string text, CancellationToken cancellationToken) =>
        socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
}
