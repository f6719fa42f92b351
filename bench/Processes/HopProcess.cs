using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace MessageWebSockets.Bench;

/// <summary>One end of a tunnel, or a relay, as a process of its own. It ends with its input, and so with this process.</summary>
/// <param name="process">The process; where nobody holds it, it is collected and its input closed.</param>
/// <param name="port">Where it listens.</param>
internal sealed class HopProcess(Process process, int port)
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    public int Port => port;

    /// <summary>What it took of the processor so far, with what it started: websockify has a process for each connection.</summary>
    public TimeSpan ProcessorTime => Tree(process.Id).Aggregate(TimeSpan.Zero, static (sum, id) => sum + TimeOf(id));

    /// <summary>Start-WsTunnel in a PowerShell.</summary>
    /// <param name="module">The manifest of the module.</param>
    /// <param name="target">A TCP port, or null for a tunnel to <paramref name="uri"/>.</param>
    /// <param name="uri">The WebSocket.</param>
    public static Task<HopProcess> StartTunnelAsync(string module, int? target, Uri? uri)
    {
        string[] where = target is { } port ? ["-Target", Loopback(port)] : ["-Uri", uri!.AbsoluteUri];
        return StartAsync(
            target is not null,
            "pwsh",
            ["-NoLogo", "-NoProfile", "-NonInteractive", "-File", Layout.Source("Tunnel.ps1"), "-Path", module, .. where]);
    }

    /// <summary>A bare relay, which is this program.</summary>
    public static Task<HopProcess> StartRelayAsync(int target, bool isOnServerCore) => StartAsync(
        isOnServerCore,
        "dotnet",
        ["exec", typeof(HopProcess).Assembly.Location, TcpRelay.ChildName, target.ToString(CultureInfo.InvariantCulture)]);

    /// <summary>websockify, which says neither where it listens nor when, and does not watch its input.</summary>
    public static async Task<HopProcess> StartWebsockifyAsync(int target)
    {
        int port = FreePort();
        ProcessStartInfo start = Binding.OnServerCore(
            "sh", "-c", $"websockify {Loopback(port)} {Loopback(target)} >/dev/null 2>&1 & cat; kill $!");
        start.RedirectStandardInput = true;
        Process process = Start(start);
        using CancellationTokenSource patience = new(StartTimeout);
        while (!process.HasExited)
        {
            try
            {
                using Socket probe = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await probe.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), patience.Token);
                return new HopProcess(process, port);
            }
            catch (SocketException)
            {
                await Task.Delay(50, patience.Token);
            }
        }

        throw new InvalidOperationException("websockify did not start.");
    }

    private static async Task<HopProcess> StartAsync(bool isOnServerCore, string program, string[] arguments)
    {
        ProcessStartInfo start = isOnServerCore ? Binding.OnServerCore(program, arguments) : new ProcessStartInfo(program, arguments);
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        Process process = Start(start);
        string? line = await process.StandardOutput.ReadLineAsync().WaitAsync(StartTimeout);
        return int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out int port)
            ? new HopProcess(process, port)
            : throw new InvalidOperationException($"{program} did not say where it listens: {line}");
    }

    private static Process Start(ProcessStartInfo start) =>
        Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} did not start.");

    private static List<int> Tree(int root)
    {
        List<int> ids = [root];
        if (!OperatingSystem.IsLinux())
        {
            return ids;
        }

        ILookup<int, int> children = Process.GetProcesses().ToLookup(static other => ParentOf(other.Id), static other => other.Id);
        for (int i = 0; i < ids.Count; i++)
        {
            ids.AddRange(children[ids[i]]);
        }

        return ids;
    }

    // The second field behind the name, which stands in parentheses and may hold anything.
    private static int ParentOf(int id)
    {
        try
        {
            string line = File.ReadAllText($"/proc/{id}/stat");
            return int.Parse(line[(line.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static TimeSpan TimeOf(int id)
    {
        try
        {
            using Process process = Process.GetProcessById(id);
            return process.TotalProcessorTime;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or IOException)
        {
            // It has just ended.
            return TimeSpan.Zero;
        }
    }

    private static string Loopback(int port) => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");

    private static int FreePort()
    {
        using Socket probe = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }
}
