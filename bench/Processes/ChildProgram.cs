using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;

namespace MessageWebSockets.Bench;

/// <summary>A program that runs to its end and prints one line of JSON as its last.</summary>
internal static class ChildProgram
{
    /// <summary>Runs it; kills it, and what it started, when the token says so.</summary>
    /// <exception cref="InvalidOperationException">It failed; the message has what it said.</exception>
    public static async Task<string> RunAsync(string program, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        Task<string> error = process.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return process.ExitCode == 0
            ? (await output).Trim()
            : throw new InvalidOperationException($"{Path.GetFileName(program)} ended with {process.ExitCode}: {(await error).Trim()}");
    }

    /// <summary>Runs it and takes numbers out of its last line.</summary>
    public static async Task<double[]> MeasureAsync(
        string program, IEnumerable<string> arguments, IEnumerable<string> names, CancellationToken cancellationToken)
    {
        string output = await RunAsync(program, arguments, cancellationToken);
        using JsonDocument json = JsonDocument.Parse(output[(output.LastIndexOf('\n') + 1)..]);
        return [.. names.Select(name => json.RootElement.GetProperty(name).GetDouble())];
    }

    /// <summary>This program again, as a child with a task of its own.</summary>
    public static Task<double[]> MeasureSelfAsync(
        IEnumerable<string> arguments, IEnumerable<string> names, CancellationToken cancellationToken) =>
        MeasureAsync("dotnet", ["exec", typeof(ChildProgram).Assembly.Location, .. arguments], names, cancellationToken);

    /// <summary>The output of a program that may be absent; null if it is, or fails.</summary>
    public static async Task<string?> TryRunAsync(string program, params string[] arguments)
    {
        using CancellationTokenSource timeout = new(TimeSpan.FromSeconds(20));
        try
        {
            return await RunAsync(program, arguments, timeout.Token);
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException or OperationCanceledException)
        {
            return null;
        }
    }
}
