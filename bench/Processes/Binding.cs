using System.Diagnostics;
using System.Globalization;

namespace MessageWebSockets.Bench;

/// <summary>
/// Server and client on a core each, so that neither takes the other's: this program runs again as a child on the first core, with all
/// that it starts but the server, which goes to the second. On Linux, where taskset is there and two cores are.
/// </summary>
internal static class Binding
{
    /// <summary>Before the arguments of the child: the two cores and how many there are, as 0,1,2.</summary>
    public const string ChildName = "bound";

    /// <summary>The cores of client and server; null if not bound.</summary>
    public static (string Client, string Server)? Cores { get; private set; }

    /// <summary>How many cores there are, where this process is bound to one of them; else null.</summary>
    public static int? AllCores { get; private set; }

    /// <summary>Takes over what the parent chose.</summary>
    public static void Adopt(string cores)
    {
        string[] parts = cores.Split(',');
        Cores = (parts[0], parts[1]);
        AllCores = int.Parse(parts[2], CultureInfo.InvariantCulture);
    }

    /// <summary>Runs this program bound and gives its exit code; null where that cannot be.</summary>
    public static async Task<int?> TryRunBoundAsync(string[] arguments)
    {
        List<string> cores = FindCores();
        if (cores is not [string client, string server, ..] || await ChildProgram.TryRunAsync("taskset", "--version") is null)
        {
            return null;
        }

        string program = typeof(Binding).Assembly.Location;
        using Process process = Process.Start(
            "taskset", ["-c", client, "dotnet", "exec", program, ChildName, $"{client},{server},{cores.Count}", .. arguments]);
        await process.WaitForExitAsync();
        return process.ExitCode;
    }

    /// <summary>How to start a program on the server's core.</summary>
    public static ProcessStartInfo OnServerCore(string program, params IEnumerable<string> arguments) =>
        Cores is var (_, server)
            ? new ProcessStartInfo("taskset", ["-c", server, program, .. arguments])
            : new ProcessStartInfo(program, arguments);

    /// <summary>The cores that this process may use, from a list such as 0-1,4.</summary>
    private static List<string> FindCores()
    {
        const string StatusFile = "/proc/self/status";
        const string Allowed = "Cpus_allowed_list:";
        string? line = File.Exists(StatusFile)
            ? File.ReadLines(StatusFile).FirstOrDefault(line => line.StartsWith(Allowed, StringComparison.Ordinal))
            : null;
        List<string> cores = [];
        foreach (string range in line?[Allowed.Length..].Split(',', StringSplitOptions.TrimEntries) ?? [])
        {
            int[] ends = [.. range.Split('-').Select(end => int.Parse(end, CultureInfo.InvariantCulture))];
            cores.AddRange(Enumerable.Range(ends[0], ends[^1] - ends[0] + 1).Select(core => core.ToString(CultureInfo.InvariantCulture)));
        }

        return cores;
    }
}
