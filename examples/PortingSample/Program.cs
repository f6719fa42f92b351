// The classic MessageWebSocket sample as a program: connects to an echo server, sends one message, shows the answer and the close.
//   dotnet run --project examples/PortingSample -- wss://echo.example/
using MessageWebSockets.Examples;

if (args is not [string address] || !Uri.TryCreate(address, UriKind.Absolute, out Uri? uri))
{
    Console.Error.WriteLine("usage: PortingSample ws://host/path");
    return 2;
}

return await ClassicSample.RunAsync(uri, Console.Out) ? 0 : 1;
