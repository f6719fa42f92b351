using System.Globalization;

namespace MessageWebSockets.Bench;

/// <summary>A script in bench/clients that plays a client: warms up, measures once, prints JSON.</summary>
/// <param name="Name">Its name in the table, with versions.</param>
/// <param name="Program">What runs the script.</param>
/// <param name="Script">The script and what it needs before the task.</param>
internal sealed record ForeignClient(string Name, string Program, IReadOnlyList<string> Script)
{
    public Task<double[]> MeasureAsync(
        string mode, Uri server, long count, int size, IEnumerable<string> names, CancellationToken cancellationToken)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        string[] arguments = [.. Script, mode, server.AbsoluteUri, count.ToString(culture), size.ToString(culture)];
        return ChildProgram.MeasureAsync(Program, arguments, names, cancellationToken);
    }
}
