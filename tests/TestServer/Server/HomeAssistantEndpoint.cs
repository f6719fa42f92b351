using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace MessageWebSockets.TestServer;

/// <summary>
/// Talks as Home Assistant's /api/websocket does: asks for a token, which is "secret", and then answers commands, whose ids have to
/// grow. "get_states" gives two states, with an event before them as real servers send their own between the answers; "ping" a pong;
/// any other is an error.
/// </summary>
internal static class HomeAssistantEndpoint
{
    private const string Token = "secret";
    private const int BufferSize = 64 * 1024;

    public static Task TalkAsync(HttpContext context) => Upgrade.ToWebSocketAsync(context, async (socket, ending) =>
    {
        await SendAsync(socket, new JsonObject { ["type"] = "auth_required", ["ha_version"] = "2026.11.0" }, ending);
        JsonNode? login = await ReceiveAsync(socket, ending);
        if ((string?)login?["type"] != "auth" || (string?)login["access_token"] != Token)
        {
            await SendAsync(socket, new JsonObject { ["type"] = "auth_invalid", ["message"] = "Invalid access token or password" }, ending);
            return;
        }

        await SendAsync(socket, new JsonObject { ["type"] = "auth_ok", ["ha_version"] = "2026.11.0" }, ending);
        long last = 0;
        while (await ReceiveAsync(socket, ending) is { } command)
        {
            long id = (long?)command["id"] ?? 0;
            await AnswerAsync(socket, id, id > last ? (string?)command["type"] : "id_reuse", ending);
            last = Math.Max(id, last);
        }
    });

    private static async Task AnswerAsync(WebSocket socket, long id, string? type, CancellationToken cancellationToken)
    {
        switch (type)
        {
            case "ping":
                await SendAsync(socket, new JsonObject { ["id"] = id, ["type"] = "pong" }, cancellationToken);
                break;
            case "get_states":
                await SendAsync(socket, new JsonObject { ["id"] = id + 1000, ["type"] = "event" }, cancellationToken);
                JsonArray states = [State("light.hall", "on"), State("sensor.door", "closed")];
                await SendAsync(
                    socket,
                    new JsonObject { ["id"] = id, ["type"] = "result", ["success"] = true, ["result"] = states },
                    cancellationToken);
                break;
            default:
                JsonObject error = new()
                {
                    ["code"] = type == "id_reuse" ? type : "unknown_command",
                    ["message"] = type == "id_reuse" ? "Identifier values have to increase." : "Unknown command.",
                };
                await SendAsync(
                    socket, new JsonObject { ["id"] = id, ["type"] = "result", ["success"] = false, ["error"] = error }, cancellationToken);
                break;
        }
    }

    private static JsonObject State(string entity, string state) => new() { ["entity_id"] = entity, ["state"] = state };

    private static async Task<JsonNode?> ReceiveAsync(WebSocket socket, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[BufferSize];
        int length = 0;
        ValueWebSocketReceiveResult received;
        do
        {
            received = await socket.ReceiveAsync(buffer.AsMemory(length), cancellationToken);
            length += received.Count;
        }
        while (!received.EndOfMessage);

        return received.MessageType == WebSocketMessageType.Close ? null : JsonNode.Parse(buffer.AsSpan(0, length));
    }

    private static Task SendAsync(WebSocket socket, JsonObject message, CancellationToken cancellationToken) =>
        socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(message), WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
}
