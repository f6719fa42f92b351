using MessageWebSockets.TestServer;

await using TestWebSocketServer server = await TestWebSocketServer.StartAsync();
Console.WriteLine($$"""{"pid":{{Environment.ProcessId}},"ws":"{{server.Uri}}"}""");
while (await Console.In.ReadLineAsync() is { } line && line != "stop")
{
}
