using System.Diagnostics;
using System.Text.Json;

namespace MessageWebSockets.Soak;

/// <summary>
/// The test server as a process of its own, so that the curves of this one are the client's, and so that it can be killed.
/// </summary>
internal sealed class ServerProcess : IDisposable
{
    private readonly Process _process;

    private ServerProcess(Process process, JsonElement addresses)
    {
        _process = process;
        Endpoint = new Uri(addresses.GetProperty("ws").GetString()!);
        Faults = addresses.GetProperty("faults").EnumerateObject()
            .ToDictionary(fault => fault.Name, fault => new Uri(fault.Value.GetString()!));
    }

    /// <summary>Where the well-behaved endpoints are.</summary>
    public Uri Endpoint { get; }

    public IReadOnlyDictionary<string, Uri> Faults { get; }

    public static async Task<ServerProcess> StartAsync()
    {
        string program = Path.Combine(AppContext.BaseDirectory, "MessageWebSockets.TestServer.dll");
        ProcessStartInfo start = new("dotnet", [program, "--raw"]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        Process process = Process.Start(start) ?? throw new InvalidOperationException("dotnet did not start.");
        string line = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The test server did not start.");
        return new ServerProcess(process, JsonDocument.Parse(line).RootElement);
    }

    /// <summary>Ends it as a crash would: the system resets every connection.</summary>
    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }
}
