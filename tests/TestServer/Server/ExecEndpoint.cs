using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace MessageWebSockets.TestServer;

/// <summary>
/// Talks as the exec of a Kubernetes API server does, by v4.channel.k8s.io and v5.channel.k8s.io: the first byte of each binary message
/// is its channel. The commands are pretended, as many ?command= as there are words: "echo" says its words, "cat" what it is sent until
/// its input ends (v5), "fail N" a word on the error output and ends with the exit code N; any other is not found.
/// </summary>
internal static class ExecEndpoint
{
    private const byte Input = 0;
    private const byte Output = 1;
    private const byte Error = 2;
    private const byte Status = 3;
    private const byte Close = 255;
    private const int BufferSize = 64 * 1024;

    private static readonly string[] s_protocols = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

    public static Task RunAsync(HttpContext context)
    {
        // ?protocols=v4.channel.k8s.io is an older server.
        string[] known = context.Request.Query["protocols"] is { Count: > 0 } asked ? [.. asked.OfType<string>()] : s_protocols;
        string? protocol = known.FirstOrDefault(context.WebSockets.WebSocketRequestedProtocols.Contains);
        if (protocol is null)
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return context.Response.WriteAsync($"unable to upgrade: unsupported protocol; known are {string.Join(", ", known)}");
        }

        string[] words = [.. context.Request.Query["command"].OfType<string>()];
        return Upgrade.ToWebSocketAsync(
            context,
            async (socket, ending) =>
            {
                // The empty message tells that the streams are there.
                await SendAsync(socket, Output, "", ending);
                JsonObject status = await RunAsync(socket, words, ending);
                await SendAsync(socket, Status, status.ToJsonString(), ending);
            },
            new WebSocketAcceptContext { SubProtocol = protocol });
    }

    private static async Task<JsonObject> RunAsync(WebSocket socket, string[] words, CancellationToken cancellationToken)
    {
        switch (words)
        {
            case ["echo", .. string[] rest]:
                await SendAsync(socket, Output, string.Join(' ', rest) + "\n", cancellationToken);
                return new JsonObject { ["status"] = "Success" };
            case ["cat"]:
                await CatAsync(socket, cancellationToken);
                return new JsonObject { ["status"] = "Success" };
            case ["fail", string code]:
                await SendAsync(socket, Error, "failing\n", cancellationToken);
                JsonObject cause = new() { ["reason"] = "ExitCode", ["message"] = code };
                return Failure($"command terminated with non-zero exit code: exit status {code}", "NonZeroExitCode", cause);
            default:
                return Failure($"exec: \"{string.Join(' ', words)}\": executable file not found in $PATH", "InternalError", null);
        }
    }

    private static JsonObject Failure(string message, string reason, JsonObject? cause)
    {
        JsonObject status = new() { ["status"] = "Failure", ["message"] = message, ["reason"] = reason };
        if (cause is not null)
        {
            status["details"] = new JsonObject { ["causes"] = new JsonArray(cause) };
        }

        return status;
    }

    // A byte at a time, as a program may write: a character may be cut.
    private static async Task CatAsync(WebSocket socket, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[BufferSize];
        while (true)
        {
            int length = 0;
            ValueWebSocketReceiveResult received;
            do
            {
                received = await socket.ReceiveAsync(buffer.AsMemory(length), cancellationToken);
                length += received.Count;
            }
            while (!received.EndOfMessage);

            if (received.MessageType == WebSocketMessageType.Close || buffer is [Close, Input, ..])
            {
                return;
            }

            for (int i = 1; i < length && buffer[0] == Input; i++)
            {
                byte[] one = [Output, buffer[i]];
                await socket.SendAsync(one, WebSocketMessageType.Binary, endOfMessage: true, cancellationToken);
            }
        }
    }

    private static Task SendAsync(WebSocket socket, byte channel, string text, CancellationToken cancellationToken)
    {
        byte[] message = [channel, .. Encoding.UTF8.GetBytes(text)];
        return socket.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, cancellationToken);
    }
}
