using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace MessageWebSockets.Bench;

/// <summary>The test server as a process of its own, so that its garbage and its threads are not measured.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(10);
    private readonly Process _process;

    private ServerProcess(Process process, JsonElement ready)
    {
        _process = process;
        Raw = new Uri(ready.GetProperty("raw").GetString()!);
        RawTls = new Uri(ready.GetProperty("rawTls").GetString()!);
        Root = X509Certificate2.CreateFromPem(ready.GetProperty("caCertificatePem").GetString());
    }

    public Uri Raw { get; }

    public Uri RawTls { get; }

    /// <summary>The authority that signed the certificate of <see cref="RawTls"/>.</summary>
    public X509Certificate2 Root { get; }

    public static async Task<ServerProcess> StartAsync()
    {
        if (!File.Exists(Layout.TestServer))
        {
            throw new FileNotFoundException($"The test server is not built: {Layout.TestServer}");
        }

        ProcessStartInfo start = Binding.OnServerCore("dotnet", "exec", Layout.TestServer, "--raw", "--tls");
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        Process process = Process.Start(start) ?? throw new InvalidOperationException("The test server did not start.");
        try
        {
            string line = await process.StandardOutput.ReadLineAsync().WaitAsync(StartTimeout)
                ?? throw new EndOfStreamException("The test server ended before it was ready.");
            using JsonDocument ready = JsonDocument.Parse(line);
            return new ServerProcess(process, ready.RootElement);
        }
        catch
        {
            process.Kill();
            process.Dispose();
            throw;
        }
    }

    public Uri Flood(long count, int size, string type = "binary") => new(Raw, $"flood?count={count}&size={size}&type={type}");

    /// <summary>Asks it to stop; it also does so when its input ends with this process.</summary>
    public async ValueTask DisposeAsync()
    {
        using CancellationTokenSource timeout = new(StopTimeout);
        try
        {
            _process.StandardInput.Close();
            await _process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
        }

        _process.Dispose();
        Root.Dispose();
    }
}
