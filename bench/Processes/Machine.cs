using System.Globalization;
using System.Runtime.InteropServices;

namespace MessageWebSockets.Bench;

/// <summary>Where and when the numbers were made.</summary>
/// <param name="LoadAtStart">What else ran: the load average of the last minute before; null where there is none.</param>
internal sealed record Machine(
    string Processor,
    int Cores,
    double MemoryGiB,
    string System,
    string Runtime,
    string? PowerShell,
    string? Commit,
    DateTimeOffset Started,
    double? LoadAtStart)
{
    public static async Task<Machine> DescribeAsync() => new(
        FindProcessor(),
        Environment.ProcessorCount,
        GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1024.0 * 1024 * 1024),
        $"{RuntimeInformation.OSDescription} {RuntimeInformation.OSArchitecture}",
        RuntimeInformation.FrameworkDescription,
        await ChildProgram.TryRunAsync("pwsh", "--version"),
        await ChildProgram.TryRunAsync("git", "-C", Layout.Root, "describe", "--always", "--dirty"),
        DateTimeOffset.UtcNow,
        FindLoad());

    private static string FindProcessor()
    {
        const string ProcessorFile = "/proc/cpuinfo";
        string? line = File.Exists(ProcessorFile)
            ? File.ReadLines(ProcessorFile).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
            : null;
        return line?[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim()
            ?? Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER")
            ?? RuntimeInformation.ProcessArchitecture.ToString();
    }

    private static double? FindLoad()
    {
        const string LoadFile = "/proc/loadavg";
        return File.Exists(LoadFile) ? double.Parse(File.ReadAllText(LoadFile).Split(' ')[0], CultureInfo.InvariantCulture) : null;
    }
}
