using System.Globalization;

namespace MessageWebSockets.Bench;

/// <summary>One of the numbers that a measurement gives.</summary>
internal sealed record Metric(string Name, Unit Unit)
{
    public string Format(double value) => Unit switch
    {
        Unit.PerSecond when value >= 1e6 => Number(value / 1e6, " M/s"),
        Unit.PerSecond when value >= 1e3 => Number(value / 1e3, " k/s"),
        Unit.PerSecond => Number(value, " /s"),
        Unit.Microseconds => Number(value, " µs"),
        Unit.Milliseconds => Number(value, " ms"),
        Unit.Bytes when value >= 10_240 => Number(value / 1024, " KiB"),
        Unit.Bytes => Number(value, " B"),
        Unit.Mebibytes => Number(value, " MiB"),
        _ => Number(value, ""),
    };

    private static string Number(double value, string unit) =>
        value.ToString(Math.Abs(value) >= 100 ? "0" : "0.0#", CultureInfo.InvariantCulture) + unit;
}
