using System.Globalization;
using System.Net;

namespace MessageWebSockets.PowerShell.Reporting;

/// <summary>Values as text of a page: whatever a server, a certificate or a list of addresses had in it stays text.</summary>
internal static class Html
{
    /// <summary>A text with every character that means something in HTML, or nothing to the eye, made visible.</summary>
    public static string Text(string? text) => WebUtility.HtmlEncode(TerminalText.Escape(text));

    /// <summary>As <see cref="Text(string)"/>, of at most so many characters.</summary>
    public static string Text(string? text, int width) => WebUtility.HtmlEncode(TerminalText.Escape(text, width));

    public static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    public static string Counted(long number, string one, string many) => $"{Count(number)} {(number == 1 ? one : many)}";

    /// <summary>A share in percent; never 0 or 100 for what is neither.</summary>
    public static string Share(long part, long whole)
    {
        double percent = whole == 0 ? 0 : 100.0 * part / whole;
        return percent switch
        {
            > 0 and < 0.1 => "below 0.1 %",
            > 99.9 and < 100 => "above 99.9 %",
            _ => percent.ToString(percent is 0 or 100 ? "0" : "0.0", CultureInfo.InvariantCulture) + " %",
        };
    }

    public static string Milliseconds(double? time) => time switch
    {
        null => "",
        < 0.995 => time.Value.ToString("0.00", CultureInfo.InvariantCulture) + " ms",
        < 99.5 => time.Value.ToString("0.0", CultureInfo.InvariantCulture) + " ms",
        < 9999.5 => time.Value.ToString("0", CultureInfo.InvariantCulture) + " ms",
        _ => (time.Value / 1000).ToString("0.0", CultureInfo.InvariantCulture) + " s",
    };

    /// <summary>A coordinate of SVG in percent.</summary>
    public static string Percent(double share) => (share * 100).ToString("0.###", CultureInfo.InvariantCulture) + "%";

    public static string Day(DateTime time) => time.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    public static string Minute(DateTime time) => time.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
}
