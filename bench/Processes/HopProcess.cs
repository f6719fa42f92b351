using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace MessageWebSockets.Bench;

/// <summary>One end of a tunnel, or a relay, as a process of its own. It ends with its input, and so with this process.</summary>
internal static class HopProcess
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    // A process that nobody holds any more is collected, and its input closed.
    private static readonly List<Process> s_running = [];

    /// <summary>Start-WsTunnel in a PowerShell.</summary>
    /// <param name="module">The manifest of the module.</param>
    /// <param name="target">A TCP port, or null for a tunnel to <paramref name="uri"/>.</param>
    /// <param name="uri">The WebSocket.</param>
    /// <returns>The port where it listens.</returns>
    public static Task<int> StartTunnelAsync(string module, int? target, Uri? uri)
    {
        string[] where = target is { } port ? ["-Target", Loopback(port)] : ["-Uri", uri!.AbsoluteUri];
        return StartAsync(target is not null, "pwsh", ["-NoLogo", "-NoProfile", "-NonInteractive", "-File", Layout.Source("Tunnel.ps1"), "-Path", module, .. where]);
    }

    /// <summary>A bare relay, which is this program.</summary>
    public static Task<int> StartRelayAsync(int target, bool isOnServerCore) => StartAsync(
        isOnServerCore,
        "dotnet",
        ["exec", typeof(HopProcess).Assembly.Location, TcpRelay.ChildName, target.ToString(CultureInfo.InvariantCulture)]);

    /// <summary>websockify, which says neither where it listens nor when, and does not watch its input.</summary>
    public static async Task<int> StartWebsockifyAsync(int target)
    {
        int port = FreePort();
        ProcessStartInfo start = Binding.OnServerCore("sh", "-c", $"websockify {Loopback(port)} {Loopback(target)} >/dev/null 2>&1 & cat; kill $!");
        start.RedirectStandardInput = true;
        Process process = Start(start);
        using CancellationTokenSource patience = new(StartTimeout);
        while (!process.HasExited)
        {
            try
            {
                using Socket probe = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await probe.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), patience.Token);
                return port;
            }
            catch (SocketException)
            {
                await Task.Delay(50, patience.Token);
            }
        }

        throw new InvalidOperationException("websockify did not start.");
    }

    private static async Task<int> StartAsync(bool isOnServerCore, string program, string[] arguments)
    {
        ProcessStartInfo start = isOnServerCore ? Binding.OnServerCore(program, arguments) : new ProcessStartInfo(program, arguments);
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        Process process = Start(start);
        string? line = await process.StandardOutput.ReadLineAsync().WaitAsync(StartTimeout);
        return int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out int port)
            ? port
            : throw new InvalidOperationException($"{program} did not say where it listens: {line}");
    }

    private static Process Start(ProcessStartInfo start)
    {
        Process process = Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} did not start.");
        s_running.Add(process);
        return process;
    }

    private static string Loopback(int port) => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");

    private static int FreePort()
    {
        using Socket probe = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }
}
