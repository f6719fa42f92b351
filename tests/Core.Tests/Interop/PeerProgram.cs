using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;

namespace MessageWebSockets.Tests.Interop;

/// <summary>A server of someone else's, run as a program that ends with its standard input.</summary>
public abstract class PeerProgram : IAsyncDisposable
{
    private static readonly TimeSpan ExitPatience = TimeSpan.FromSeconds(5);

    private Process? _process;

    /// <summary>Why it cannot be tested here; null when it runs.</summary>
    public string? SkipReason { get; private set; }

    public int Port { get; private set; }

    /// <summary>The port of the server that forbids context takeover.</summary>
    public int NoTakeoverPort { get; private set; }

    protected static string RepositoryRoot
    {
        get
        {
            DirectoryInfo? folder = new(AppContext.BaseDirectory);
            while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "WebSocket.slnx")))
            {
                folder = folder.Parent;
            }

            return folder?.FullName ?? throw new DirectoryNotFoundException("The tests run outside the repository.");
        }
    }

    protected static string ScriptPath(string name) => Path.Combine(RepositoryRoot, "tests", "Core.Tests", "Interop", "servers", name);

    /// <param name="program">the interpreter</param>
    /// <param name="script">the file in servers/</param>
    /// <param name="missingPackage">what its error output says when the package is not installed</param>
    /// <param name="environment">more variables for it</param>
    protected async Task StartAsync(string program, string script, string missingPackage, params (string Name, string Value)[] environment)
    {
        ProcessStartInfo start = new(program, [ScriptPath(script)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        try
        {
            _process = Process.Start(start)!;
        }
        catch (Win32Exception)
        {
            SkipReason = $"{program} is not installed.";
            return;
        }

        Task<string> errors = _process.StandardError.ReadToEndAsync();
        if (await _process.StandardOutput.ReadLineAsync() is not { } line)
        {
            string said = await errors;
            SkipReason = said.Contains(missingPackage, StringComparison.Ordinal)
                ? $"{program} has no package for {script}: {missingPackage}"
                : throw new InvalidOperationException($"{script} did not start: {said}");
            return;
        }

        using JsonDocument ports = JsonDocument.Parse(line);
        Port = ports.RootElement.GetProperty("port").GetInt32();
        NoTakeoverPort = ports.RootElement.GetProperty("noTakeoverPort").GetInt32();
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_process is null)
        {
            return;
        }

        _process.StandardInput.Close();
        using CancellationTokenSource patience = new(ExitPatience);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
