using System.Globalization;
using System.Text;
using MessageWebSockets.PowerShell.Completion;

namespace MessageWebSockets.PowerShell.Reporting;

/// <summary>
/// The charts of the report as inline SVG. Widths are in percent and texts in pixels, so that a chart fills a phone as well as a wide
/// screen and its letters stay readable on both.
/// </summary>
internal static class ReportChart
{
    private const int HistogramHeight = 130;
    private const int LabelHeight = 20;
    private const int Headroom = 16;
    private const int MostLabels = 9;

    // Six steps a decade, about equally wide on a logarithmic scale.
    private static readonly double[] Steps = [1, 1.5, 2, 3, 5, 7];

    /// <summary>A bar in parts; what is left of the whole stays empty.</summary>
    /// <param name="parts">The class, the size and the text of each part.</param>
    /// <param name="whole">What the full width stands for.</param>
    /// <param name="label">What the bar shows, for those who cannot see it; not escaped yet.</param>
    /// <param name="height">In pixels.</param>
    public static string Bar(IEnumerable<(string Class, double Size, string Text)> parts, double whole, string label, int height = 16)
    {
        StringBuilder svg = new();
        svg.Append(
            CultureInfo.InvariantCulture,
            $"<svg class=\"chart\" height=\"{height}\" role=\"img\" aria-label=\"{Html.Text(label)}\">"
            + $"<rect class=\"fill-none\" width=\"100%\" height=\"{height}\" rx=\"3\" opacity=\".45\"/>");
        double left = 0;
        foreach ((string name, double size, string text) in parts.Where(static part => part.Size > 0))
        {
            double share = whole > 0 ? size / whole : 0;
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<rect class=\"fill-{name}\" x=\"{Html.Percent(left)}\" width=\"{Html.Percent(share)}\" height=\"{height}\">"
                + $"<title>{Html.Text(text)}</title></rect>");
            left += share;
        }

        return svg.Append("</svg>").ToString();
    }

    /// <summary>How many values fall into each step of a logarithmic scale.</summary>
    /// <param name="values">Times in milliseconds.</param>
    /// <param name="what">What the times are of.</param>
    public static string Histogram(IReadOnlyCollection<double> values, string what)
    {
        double[] edges = Edges(values.Min(), values.Max());
        int[] counts = new int[edges.Length - 1];
        foreach (double value in values)
        {
            int found = Array.BinarySearch(edges, value);
            counts[Math.Clamp(found >= 0 ? found : ~found - 1, 0, counts.Length - 1)]++;
        }

        int highest = counts.Max();
        int every = Math.Max(1, (int)Math.Ceiling(edges.Length / (double)MostLabels));
        StringBuilder svg = new();
        svg.Append(
            CultureInfo.InvariantCulture,
            $"<svg class=\"chart\" height=\"{HistogramHeight + LabelHeight}\" role=\"img\" aria-label=\"Distribution of "
            + $"{Html.Text(what)}\">");
        for (int bin = 0; bin < counts.Length; bin++)
        {
            double height = counts[bin] == 0 ? 0 : Math.Max(2, (HistogramHeight - Headroom) * (double)counts[bin] / highest);
            string range = $"{Label(edges[bin])} to {Label(edges[bin + 1])} ms: {Html.Count(counts[bin])}";
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<rect class=\"fill-bar\" x=\"{Html.Percent((bin + 0.06) / counts.Length)}\" "
                + $"width=\"{Html.Percent(0.88 / counts.Length)}\" y=\"{HistogramHeight - height:0.#}\" height=\"{height:0.#}\">"
                + $"<title>{range}</title></rect>");
            if (counts[bin] == highest)
            {
                double middle = (bin + 0.5) / counts.Length;
                string anchor = middle < 0.08 ? "start" : middle > 0.92 ? "end" : "middle";
                double at = anchor == "start" ? bin / (double)counts.Length : anchor == "end" ? (bin + 1) / (double)counts.Length : middle;
                svg.Append(
                    CultureInfo.InvariantCulture,
                    $"<text x=\"{Html.Percent(at)}\" y=\"{HistogramHeight - height - 4:0.#}\" "
                    + $"text-anchor=\"{anchor}\">{Html.Count(counts[bin])}</text>");
            }
        }

        svg.Append(
            CultureInfo.InvariantCulture,
            $"<line class=\"axis\" x1=\"0\" x2=\"100%\" y1=\"{HistogramHeight}\" y2=\"{HistogramHeight}\"/>");
        for (int edge = 0; edge < edges.Length; edge += every)
        {
            string anchor = edge == 0 ? "start" : edge == edges.Length - 1 ? "end" : "middle";
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<text x=\"{Html.Percent(edge / (double)counts.Length)}\" y=\"{HistogramHeight + 15}\" "
                + $"text-anchor=\"{anchor}\">{Label(edges[edge])}</text>");
        }

        return svg.Append("</svg>").ToString();
    }

    /// <summary>A square of a colour, for a legend.</summary>
    public static string Swatch(string name) =>
        $"<svg aria-hidden=\"true\"><rect class=\"fill-{name}\" width=\"10\" height=\"10\" rx=\"2\"/></svg>";

    /// <summary>The edges of the steps that hold all values, from below the lowest to above the highest.</summary>
    private static double[] Edges(double low, double high)
    {
        const double Smallest = 0.01;
        int decade = (int)Math.Floor(Math.Log10(Math.Max(low, Smallest)));
        List<double> edges = [];
        for (; ; decade++)
        {
            foreach (double step in Steps)
            {
                double edge = step * Math.Pow(10, decade);
                if (edge <= low || edges.Count == 0)
                {
                    // The last edge that is not above the lowest value is the first one needed.
                    edges.Clear();
                }

                edges.Add(edge);
                if (edge > high && edges.Count > 1)
                {
                    return [.. edges];
                }
            }
        }
    }

    private static string Label(double time) => time.ToString("0.###", CultureInfo.InvariantCulture);
}
