using System.Runtime.InteropServices;
using MessageWebSockets.TestServer;

if (ProgramOptions.Parse(args) is not { } options)
{
    await Console.Error.WriteLineAsync(ProgramOptions.Usage);
    return 2;
}

TaskCompletionSource told = new(TaskCreationOptions.RunContinuationsAsynchronously);
await using EverythingServer server = await EverythingServer.StartAsync(options);
// The web host takes these signals for itself, and would stop its own part alone.
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
Console.WriteLine(server.Describe());

// Standard input ends with the parent, however it dies: no server is left behind. Reading the console blocks its thread.
Task input = Task.Factory.StartNew(ReadInput, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
await Task.WhenAny(told.Task, input);
return 0;

void End(PosixSignalContext signal)
{
    signal.Cancel = true;
    told.TrySetResult();
}

static void ReadInput()
{
    while (Console.In.ReadLine() is { } line && line != "stop")
    {
    }
}
