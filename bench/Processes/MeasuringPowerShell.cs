using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace MessageWebSockets.Bench;

/// <summary>
/// bench/Cmdlets.ps1 in a PowerShell of its own, which measures whenever it is asked: PowerShell takes so long to be compiled in full
/// that not every measurement can have a process. It ends with its input, and so with this process.
/// </summary>
internal sealed class MeasuringPowerShell : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _errors;

    private MeasuringPowerShell(Process process)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
    }

    public static MeasuringPowerShell Start(IEnumerable<string> arguments)
    {
        string script = Layout.Source("Cmdlets.ps1");
        ProcessStartInfo start = new("pwsh", ["-NoLogo", "-NoProfile", "-NonInteractive", "-File", script, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return new MeasuringPowerShell(Process.Start(start) ?? throw new InvalidOperationException("pwsh did not start."));
    }

    /// <summary>Has it do the work a number of times.</summary>
    /// <returns>The seconds that took, and those of the processor.</returns>
    /// <exception cref="InvalidOperationException">It failed; the message has what it said.</exception>
    public async Task<double[]> MeasureAsync(long count, CancellationToken cancellationToken)
    {
        string? line = null;
        try
        {
            await _process.StandardInput.WriteLineAsync(count.ToString(CultureInfo.InvariantCulture).AsMemory(), cancellationToken);
            await _process.StandardInput.FlushAsync(cancellationToken);
            line = await _process.StandardOutput.ReadLineAsync(cancellationToken);
        }
        catch (IOException)
        {
            // It is gone, and says below why.
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
            throw;
        }

        if (line is null)
        {
            throw new InvalidOperationException($"pwsh ended: {(await _errors).Trim()}");
        }

        using JsonDocument json = JsonDocument.Parse(line);
        return [json.RootElement.GetProperty("seconds").GetDouble(), json.RootElement.GetProperty("processor").GetDouble()];
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(10)))
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }
}
