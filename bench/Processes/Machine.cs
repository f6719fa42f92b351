using System.Globalization;
using System.Runtime.InteropServices;

namespace MessageWebSockets.Bench;

/// <summary>Where and when the numbers were made.</summary>
/// <param name="LoadAtStart">What else ran: the load average of the last minute before; null where there is none.</param>
/// <param name="Binding">Which cores client and server run on.</param>
internal sealed record Machine(
    string Processor,
    int Cores,
    double MemoryGiB,
    string System,
    string Runtime,
    string? PowerShell,
    string? Commit,
    DateTimeOffset Started,
    double? LoadAtStart,
    string Binding)
{
    public static async Task<Machine> DescribeAsync() => new(
        FindProcessor(),
        MessageWebSockets.Bench.Binding.AllCores ?? Environment.ProcessorCount,
        GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1024.0 * 1024 * 1024),
        $"{RuntimeInformation.OSDescription} {RuntimeInformation.OSArchitecture}",
        RuntimeInformation.FrameworkDescription,
        await ChildProgram.TryRunAsync("pwsh", "--version"),
        await ChildProgram.TryRunAsync("git", "-C", Layout.Root, "describe", "--always", "--dirty"),
        DateTimeOffset.UtcNow,
        FindLoad(),
        MessageWebSockets.Bench.Binding.Cores is var (client, server)
            ? $"client on core {client}, server on core {server}"
            : "not bound to cores");

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
