using MessageWebSockets.TestServer;

if (ProgramOptions.Parse(args) is not { } options)
{
    await Console.Error.WriteLineAsync(ProgramOptions.Usage);
    return 2;
}

await using EverythingServer server = await EverythingServer.StartAsync(options);
Console.WriteLine(server.Describe());

// Standard input ends with the parent, however it dies: no server is left behind.
while (await Console.In.ReadLineAsync() is { } line && line != "stop")
{
}

return 0;
