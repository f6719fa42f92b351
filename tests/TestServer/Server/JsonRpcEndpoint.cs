using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace MessageWebSockets.TestServer;

/// <summary>
/// Answers JSON-RPC 2.0 requests, and those of the Chromium DevTools protocol, which have no "jsonrpc". Methods: "echo" gives its
/// parameters back, "add" the sum of an array of numbers, "later" answers with the next request, behind that one's answer; any other
/// is an error. Before each answer comes a notification "working", as real servers send their own between the answers.
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

            JsonObject request = (JsonObject)JsonNode.Parse(message.ToArray())!;
            string method = request["method"]!.GetValue<string>();
            await SendAsync(socket, new JsonObject { ["method"] = "working", ["params"] = new JsonArray(method) }, request, ending);
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
