using System.Diagnostics;
using Xunit;

namespace MessageWebSockets.Tests.Reliability;

/// <summary>
/// Runs one test in a process of its own. How much memory a process takes depends on what the garbage collector learned from the
/// tests before: after a message of 1 GiB it collects less often.
/// </summary>
internal static class OwnProcess
{
    private const string Variable = "TEST_RUNS_IN_ITS_OWN_PROCESS";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    /// <summary>Whether this is such a process.</summary>
    public static bool IsThis => Environment.GetEnvironmentVariable(Variable) is not null;

    /// <summary>Runs a test there, and fails with its output when it fails.</summary>
    /// <param name="test">The full name of the test method.</param>
    public static async Task RunAsync(string test)
    {
        ProcessStartInfo start = new("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(typeof(OwnProcess).Assembly.Location);
        start.ArgumentList.Add("-method");
        start.ArgumentList.Add(test);
        start.Environment[Variable] = "1";
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        using CancellationTokenSource patience = new(Patience);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }

        string report = await output + await errors;
        Assert.True(process.ExitCode == 0, report);
        Assert.Contains("Total: 1,", report, StringComparison.Ordinal);
    }
}
