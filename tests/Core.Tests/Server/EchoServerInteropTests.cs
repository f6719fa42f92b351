using System.ComponentModel;
using System.Diagnostics;
using MessageWebSockets.Tests.Loopback;
using Xunit;

namespace MessageWebSockets.Tests.Server;

/// <summary>The server against clients that no one here wrote.</summary>
public sealed class EchoServerInteropTests
{
    [SocketFact]
    public Task The_npm_package_ws_talks_to_it() => RunAsync("node", "ws_client.js", "Cannot find module 'ws'");

    [SocketFact]
    public Task Pythons_websockets_talks_to_it() =>
        RunAsync(File.Exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3", "websockets_client.py", "No module named 'websockets'");

    private static async Task RunAsync(string program, string script, string missingPackage)
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions { SubProtocols = { "v2" } });
        string root = RepositoryRoot();
        ProcessStartInfo start = new(
            program, [Path.Combine(root, "tests", "Core.Tests", "Interop", "clients", script), server.Uri.ToString()])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string installed = Path.Combine(root, "artifacts", "node", "node_modules");
        string? given = Environment.GetEnvironmentVariable("NODE_PATH");
        start.Environment["NODE_PATH"] = string.IsNullOrEmpty(given) ? installed : installed + Path.PathSeparator + given;
        Process client;
        try
        {
            client = Process.Start(start)!;
        }
        catch (Win32Exception)
        {
            Assert.Skip($"{program} is not installed.");
            return;
        }

        using (client)
        {
            Task<string> errors = client.StandardError.ReadToEndAsync();
            string output = await client.StandardOutput.ReadToEndAsync();
            await client.WaitForExitAsync();
            string said = await errors;
            Assert.SkipWhen(
                said.Contains(missingPackage, StringComparison.Ordinal), $"{program} has no package for {script}: {missingPackage}");
            Assert.Equal("", said);
            Assert.Equal(
                ["protocol v2", "text \u00e9\U0001d11e", "binary 100000", "pong", "closed 4000"],
                output.ReplaceLineEndings("\n").TrimEnd().Split('\n'));
        }
    }

    private static string RepositoryRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "WebSocket.slnx")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new DirectoryNotFoundException("The tests run outside the repository.");
    }
}
