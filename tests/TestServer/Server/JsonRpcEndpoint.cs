using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace MessageWebSockets.TestServer;

/// <summary>
/// Answers JSON-RPC 2.0 requests, and those of the Chromium DevTools protocol, which have no "jsonrpc". Methods: "echo" gives its
/// parameters back, "add" the sum of an array of numbers, "later" answers with the next request, behind that one's answer; any other
/// is an error. Before each answer comes a notification "working", as real servers send their own between the answers. A batch is
/// answered in reverse, a notification not at all.
/// </summary>
internal static class JsonRpcEndpoint
{
    private const int BufferSize = 64 * 1024;
    private const int MethodNotFound = -32601;

    public static Task AnswerAsync(HttpContext context) => Upgrade.ToWebSocketAsync(context, async (socket, ending) =>
    {
        byte[] buffer = new byte[BufferSize];
        List<JsonObject> held = [];
        while (true)
        {
            using MemoryStream message = new();
            ValueWebSocketReceiveResult received;
            do
            {
                received = await socket.ReceiveAsync(buffer.AsMemory(), ending);
                message.Write(buffer, 0, received.Count);
            }
            while (!received.EndOfMessage);

            if (received.MessageType == WebSocketMessageType.Close)
            {
                return;
            }

            JsonNode parsed = JsonNode.Parse(message.ToArray())!;
            if (parsed is JsonArray batch)
            {
                await AnswerAsync(socket, batch, ending);
                continue;
            }

            JsonObject request = (JsonObject)parsed;
            string method = request["method"]!.GetValue<string>();
            await SendAsync(socket, new JsonObject { ["method"] = "working", ["params"] = new JsonArray(method) }, request, ending);
            if (request["id"] is null)
            {
                // A notification, which has no answer.
                continue;
            }

            if (method == "later")
            {
                held.Add(request);
                continue;
            }

            await SendAsync(socket, Answer(request, method), request, ending);
            foreach (JsonObject earlier in held)
            {
                await SendAsync(socket, Answer(earlier, "echo"), earlier, ending);
            }

            held.Clear();
        }
    });

    // Last request first: the order of the answers means nothing (JSON-RPC 2.0 section 6).
    private static async Task AnswerAsync(WebSocket socket, JsonArray batch, CancellationToken cancellationToken)
    {
        JsonArray answers = [];
        foreach (JsonObject request in batch.OfType<JsonObject>().Reverse())
        {
            if (request["id"] is not null)
            {
                JsonObject answer = Answer(request, request["method"]!.GetValue<string>());
                answer["jsonrpc"] = "2.0";
                answers.Add(answer);
            }
        }

        if (answers.Count > 0)
        {
            await socket.SendAsync(
                JsonSerializer.SerializeToUtf8Bytes(answers), WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
        }
    }

    private static JsonObject Answer(JsonObject request, string method)
    {
        JsonObject answer = new() { ["id"] = request["id"]?.DeepClone() };
        JsonNode? parameters = request["params"];
        switch (method)
        {
            case "echo":
                answer["result"] = parameters?.DeepClone();
                break;
            case "add":
                answer["result"] = parameters!.AsArray().Sum(number => number!.GetValue<double>());
                break;
            default:
                answer["error"] = new JsonObject { ["code"] = MethodNotFound, ["message"] = "Method not found" };
                break;
        }

        return answer;
    }

    private static Task SendAsync(WebSocket socket, JsonObject message, JsonObject request, CancellationToken cancellationToken)
    {
        // In the dialect of the request.
        if (request["jsonrpc"] is { } version)
        {
            message["jsonrpc"] = version.DeepClone();
        }

        return socket.SendAsync(
            JsonSerializer.SerializeToUtf8Bytes(message), WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
    }
}
