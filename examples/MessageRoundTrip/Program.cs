// A message there and back: starts the test server in this process, connects, sends text, JSON and binary, prints what comes
// back, and closes in order. Exit code 0 when every message came back as it went.
using System.Text.Json;
using MessageWebSockets;
using MessageWebSockets.TestServer;

await using TestWebSocketServer server = await TestWebSocketServer.StartAsync();
Console.WriteLine($"server     {server.At("echo")}");

await using MessageWebSocket socket = new();
await socket.ConnectAsync(server.At("echo"));
Console.WriteLine(
    $"connected  from port {socket.Information.LocalPort} in {socket.Information.ConnectTimings!.Total.TotalMilliseconds:0.0} ms, "
    + $"state {socket.State}");

string text = "Grüße, 世界";
string json = JsonSerializer.Serialize(new { id = 1, command = "status", verbose = true });
byte[] binary = [0x00, 0x01, 0x7F, 0x80, 0xFF];
bool allCameBack = true;

await socket.SendAsync(text);
Console.WriteLine($"sent       text   {text}");
await socket.SendAsync(json);
Console.WriteLine($"sent       JSON   {json}");
await socket.SendAsync(binary, SocketMessageType.Binary);
Console.WriteLine($"sent       binary {Convert.ToHexString(binary)}");

await ReceiveAsync("text  ", message => message.Text, text);
await ReceiveAsync("JSON  ", message => message.Text, json);
await ReceiveAsync("binary", message => Convert.ToHexString(message.Bytes), Convert.ToHexString(binary));

TimeSpan roundTrip = await socket.PingAsync();
Console.WriteLine($"ping       {roundTrip.TotalMilliseconds:0.00} ms");

WebSocketCloseResult close = await socket.CloseAsync(1000, "done");
Console.WriteLine($"closed     code {close.Code}, reason \"{close.Reason}\", state {socket.State}");
Console.WriteLine(allCameBack ? "Every message came back as it went." : "A message came back changed.");
return allCameBack ? 0 : 1;

async Task ReceiveAsync(string what, Func<WsMessage, string> show, string expected)
{
    WsMessage? message = await socket.ReceiveAsync();
    string received = message is null ? "(the connection ended)" : show(message);
    allCameBack &= received == expected;
    Console.WriteLine($"received   {what} {received}");
}
