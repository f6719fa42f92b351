using System.Globalization;

namespace MessageWebSockets.Bench;

/// <summary>What is asked of a ratio, or of the measured value itself where there is nothing to compare with.</summary>
internal sealed record Target(Bound Bound, double Value)
{
    public bool IsMetBy(double value) => Bound == Bound.AtLeast ? value >= Value : value <= Value;

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{(Bound == Bound.AtLeast ? "≥" : "≤")} {Value:0.0##}");
}
