using System.Globalization;
using System.Text;

namespace MessageWebSockets.Soak;

/// <summary>What a soak run found. Counters are changed from many threads.</summary>
internal sealed class SoakReport
{
    private const long Mebibyte = 1024 * 1024;
    private const int Quarters = 4;

    // What is in flight differs by chance: in runs of two minutes the quarters' means of the heap lay up to 30 MiB apart.
    private const double Growth = 1.15;
    private const long Slack = 32 * Mebibyte;

    private readonly List<Sample> _samples = [];
    private readonly List<string> _problems = [];

    public long Sent;
    public long Received;
    public long Lost;
    public long InFlightAtBreak;
    public long PayloadBytes;

    /// <summary>What was sent and is not received yet, in bytes.</summary>
    public long BytesUnderWay;

    public long Connected;
    public long Closed;
    public long Broken;
    public long FaultsMet;
    public long ServerRestarts;

    public TimeSpan Duration { get; set; }

    public int Connections { get; init; }

    /// <summary>Before the first connection.</summary>
    public Sample? AtStart { get; set; }

    /// <summary>When every connection is closed.</summary>
    public Sample? AtEnd { get; set; }

    /// <summary>How long after the last connection memory and sockets took to go.</summary>
    public TimeSpan Cooling { get; set; }

    /// <summary>
    /// Whether nothing is left of the connections; the handles are those of the runtime's threads and of the name service.
    /// </summary>
    public bool IsCold => AtEnd!.Sockets == 0 && AtEnd.Heap <= AtStart!.Heap + (16 * Mebibyte) && AtEnd.Handles <= AtStart.Handles + 40;

    public bool Passed => Received > 0 && Lost == 0 && _problems.Count == 0 && IsCold
        && _samples.TrueForAll(sample => sample.Sockets <= Connections * 2) && !Growing().Any();

    public void Add(Sample sample) => _samples.Add(sample);

    public void AddProblem(string problem)
    {
        lock (_problems)
        {
            _problems.Add(problem);
        }
    }

    public override string ToString()
    {
        StringBuilder text = new();
        void Line(string name, string value) => text.Append(CultureInfo.InvariantCulture, $"{name,-32}{value}\n");
        Line("duration", Duration.ToString(@"hh\:mm\:ss", CultureInfo.InvariantCulture));
        Line("connections at a time", Number(Connections));
        Line("messages sent", Number(Sent));
        Line("messages received", Number(Received));
        Line("messages lost", Number(Lost));
        Line("in flight when one broke", Number(InFlightAtBreak));
        Line("payload each way, MiB", Number(PayloadBytes / Mebibyte));
        Line("connections established", Number(Connected));
        Line("connections closed in order", Number(Closed));
        Line("connections broken", Number(Broken));
        Line("connections re-established", Number(Math.Max(0, Connected - Connections)));
        Line("faults met", Number(FaultsMet));
        Line("server killed and restarted", Number(ServerRestarts));
        Line("working set by quarter, MiB", Curve(sample => sample.WorkingSet / Mebibyte));
        Line("of that in use", Curve(sample => sample.InUse / Mebibyte));
        Line("managed heap by quarter, MiB", Curve(sample => sample.Heap / Mebibyte));
        Line("payload under way, MiB", Curve(sample => sample.UnderWay / Mebibyte));
        Line("live socket objects by quarter", Curve(sample => sample.Sockets));
        Line("handles by quarter", Curve(sample => sample.Handles));
        Line("before the first", Describe(AtStart!));
        Line("after the last", $"{Describe(AtEnd!)}, {Number(AtEnd!.Sockets)} sockets, {Cooling.TotalSeconds:F0} s later");
        Line("peak working set, MiB", Number(_samples.Max(sample => sample.WorkingSet) / Mebibyte));
        Line("problems", Number(_problems.Count));
        foreach (string problem in _problems.Take(10))
        {
            text.Append(CultureInfo.InvariantCulture, $"  {problem}\n");
        }

        foreach (string curve in Growing())
        {
            text.Append(CultureInfo.InvariantCulture, $"  {curve} grew\n");
        }

        if (Received == 0)
        {
            text.Append("  nothing was received: let it run for longer\n");
        }

        return text.Append(Passed ? "soak passed" : "soak FAILED").ToString();
    }

    private static string Describe(Sample sample) =>
        $"{Number(sample.Heap / Mebibyte)} MiB managed, {Number(sample.InUse / Mebibyte)} MiB in use, {Number(sample.Handles)} handles";

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private string Curve(Func<Sample, long> of) => string.Join(" -> ", QuarterMeans(of).Select(mean => Number((long)mean)));

    // What is under way lies in the heap about twice, as its sender's array and in a buffer or an inbox, and grows with the share of
    // connections that are busy with large messages: that is the load and no leak. What of it lies in the server or on the way is not in
    // the heap, so no less than nothing is left. The working set is shown and not judged, because it contains what the collector and the C
    // library keep for later.
    private IEnumerable<string> Growing()
    {
        (string Name, Func<Sample, long> Of, long Slack)[] curves =
        [
            ("managed heap", sample => Math.Max(0, sample.Heap - (2 * sample.UnderWay)), Slack),
            ("memory outside of the heap", sample => sample.InUse - sample.Heap, Slack),
            ("handles", sample => sample.Handles, 32),
        ];
        return curves.Where(curve => !IsFlat(curve.Of, curve.Slack)).Select(curve => curve.Name);
    }

    // The first quarter warms up; a leak goes on growing after it.
    private bool IsFlat(Func<Sample, long> of, long slack)
    {
        double[] means = QuarterMeans(of);
        return means[^1] <= (means[1] * Growth) + slack;
    }

    private double[] QuarterMeans(Func<Sample, long> of)
    {
        int length = Math.Max(1, _samples.Count / Quarters);
        return [.. Enumerable.Range(0, Quarters).Select(quarter =>
            _samples.Skip(Math.Min(quarter * length, _samples.Count - 1)).Take(length).Average(sample => (double)of(sample)))];
    }

    /// <param name="WorkingSet">Of the process as it is, in bytes.</param>
    /// <param name="InUse">Its working set when the garbage collector has given back all it can, in bytes.</param>
    /// <param name="Heap">What of that is managed, in bytes.</param>
    /// <param name="Handles">Open files and sockets.</param>
    /// <param name="Sockets">Client objects that something still holds.</param>
    /// <param name="UnderWay">What was sent and is not received yet, in bytes.</param>
    internal sealed record Sample(long WorkingSet, long InUse, long Heap, long Handles, long Sockets, long UnderWay);
}
