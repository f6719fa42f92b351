using System.Globalization;
using System.Management.Automation;

namespace MessageWebSockets.PowerShell.Completion;

/// <summary>
/// Refuses numbers that are no time: of each parameter that is one, which are numbers of type double, with fractions.
/// <see cref="Times"/> makes time spans of what passes.
/// </summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
internal sealed class ValidateTimeAttribute : ValidateArgumentsAttribute
{
    /// <summary>Whether the number is one of milliseconds; without it it is one of seconds.</summary>
    public bool InMilliseconds { get; set; }

    /// <summary>Whether 0 is refused too, where it would mean nothing.</summary>
    public bool NotZero { get; set; }

    protected override void Validate(object arguments, EngineIntrinsics engineIntrinsics)
    {
        double time = LanguagePrimitives.ConvertTo<double>(arguments);
        double longest = Math.Floor(Times.LongestMilliseconds / (InMilliseconds ? 1 : 1000));
        string unit = InMilliseconds ? "milliseconds" : "seconds";
        string? problem = time switch
        {
            double.NaN => "is no time",
            < 0 => "is negative",
            0 when NotZero => "is no time here",
            _ when time > longest => "is too long",
            _ => null,
        };
        if (problem is not null)
        {
            string range = NotZero ? $"more than 0 and at most {longest}" : $"0 to {longest}";
            throw new ValidationMetadataException(string.Create(
                CultureInfo.InvariantCulture, $"{time} {problem}. Give a number of {unit}, with fractions if need be: {range} (24 days)."));
        }
    }
}
