using System.Collections;
using System.Globalization;
using System.Management.Automation;

namespace MessageWebSockets.PowerShell;

/// <summary>A series of times as a line of small bars.</summary>
public static class Sparkline
{
    private const string Bars = "▁▂▃▄▅▆▇█";
    private const char Lost = '×';

    /// <summary>
    /// The series from left to right, the lowest value as the lowest bar and the highest as the highest. Where there are more values
    /// than characters, each stands for several and shows the highest of them, or a cross if any was lost.
    /// </summary>
    /// <param name="values">The values in their order; null for what was lost.</param>
    /// <param name="width">The most characters to return.</param>
    public static string Of(IEnumerable? values, int width)
    {
        double?[] series = values is null ? [] : [.. values.Cast<object?>().Select(Number)];
        double[] known = [.. series.Where(static value => value is not null).Select(static value => value!.Value)];
        double low = known.DefaultIfEmpty().Min();
        double span = known.DefaultIfEmpty().Max() - low;
        int columns = Math.Min(width, series.Length);
        return string.Create(Math.Max(columns, 0), (series, low, span), static (line, state) =>
        {
            for (int column = 0; column < line.Length; column++)
            {
                int begin = (int)((long)column * state.series.Length / line.Length);
                int end = (int)((column + 1L) * state.series.Length / line.Length);
                line[column] = Bar(state.series.AsSpan(begin, end - begin), state.low, state.span);
            }
        });
    }

    private static char Bar(ReadOnlySpan<double?> values, double low, double span)
    {
        double highest = low;
        foreach (double? value in values)
        {
            if (value is null)
            {
                return Lost;
            }

            highest = Math.Max(highest, value.Value);
        }

        return Bars[span > 0 ? Math.Min((int)((highest - low) / span * Bars.Length), Bars.Length - 1) : 0];
    }

    // In copies from another process the numbers are wrapped.
    private static double? Number(object? value) =>
        value is not null && LanguagePrimitives.TryConvertTo(value, CultureInfo.InvariantCulture, out double number) ? number : null;
}
