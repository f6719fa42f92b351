using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using MessageWebSockets.Tests.Loopback;
using Xunit;

namespace MessageWebSockets.Tests.Interop;

/// <summary>The test server as a program: how it is told to end.</summary>
public sealed class TestServerProgramTests
{
    [SocketFact]
    public async Task TheTestServerEndsWhenItIsTerminated()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no SIGTERM to send.");
        using Process server = Start();
        using (JsonDocument.Parse((await server.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken))!))
        {
            // Its standard input stays open: the signal alone has to do.
            // The shell's own kill: a bare machine has no program of that name.
            using Process kill = Process.Start("sh", ["-c", string.Create(CultureInfo.InvariantCulture, $"kill -TERM {server.Id}")]);
            await server.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        Assert.Equal(0, server.ExitCode);
    }

    [SocketFact]
    public async Task TheTestServerEndsWithItsInput()
    {
        using Process server = Start();
        Assert.NotNull(await server.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
        server.StandardInput.Close();
        await server.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, server.ExitCode);
    }

    private static Process Start()
    {
        string program = Path.Combine(AppContext.BaseDirectory, "MessageWebSockets.TestServer.dll");
        ProcessStartInfo start = new("dotnet", [program]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        return Process.Start(start)!;
    }
}
