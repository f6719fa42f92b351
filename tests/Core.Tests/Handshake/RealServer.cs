using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace MessageWebSockets.Tests.Handshake;

/// <summary>
/// A server that no one here wrote, run on loopback for one test with a configuration of its own in a folder of its own, and ended
/// by its process id.
/// </summary>
internal sealed class RealServer : IAsyncDisposable
{
    private const int StartAttempts = 200;

    private static readonly string[] s_folders =
        [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator), "/usr/sbin", "/usr/local/sbin", "/sbin"];

    private readonly Process _process;
    private readonly string _folder;

    private RealServer(Process process, string folder, int port)
    {
        _process = process;
        _folder = folder;
        Port = port;
    }

    public int Port { get; }

    /// <summary>Starts the program and waits until it accepts connections; skips the test where it is not installed.</summary>
    /// <param name="program">The name of the executable.</param>
    /// <param name="prepare">Writes the configuration into the folder for the port; gives the arguments.</param>
    public static async Task<RealServer> StartAsync(string program, Func<string, int, string[]> prepare)
    {
        string? executable = OperatingSystem.IsWindows()
            ? null
            : s_folders.Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
        Assert.SkipWhen(executable is null, $"{program} is not installed on this machine.");
        string folder = Directory.CreateTempSubdirectory($"ws-{program}-").FullName;
        int port = FreePort();
        ProcessStartInfo start = new(executable!, prepare(folder, port))
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        RealServer server = new(Process.Start(start)!, folder, port);
        Task<string> output = server._process.StandardOutput.ReadToEndAsync();
        Task<string> errors = server._process.StandardError.ReadToEndAsync();
        for (int attempt = 0; attempt < StartAttempts && !server._process.HasExited; attempt++)
        {
            if (await AcceptsAsync(port))
            {
                return server;
            }

            // Nothing tells when another's program listens but trying.
            await Task.Delay(TimeSpan.FromMilliseconds(50));
        }

        await server.DisposeAsync();
        throw new InvalidOperationException($"{program} did not start: {await output} {await errors}");
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static int FreePort()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private static async Task<bool> AcceptsAsync(int port)
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
