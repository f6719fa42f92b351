using System.Globalization;
using System.Management.Automation;
using System.Text.RegularExpressions;

namespace MessageWebSockets.PowerShell.Reporting;

/// <summary>Reads the properties of a result, a live one or a copy that went through a job, a CLIXML file, CSV or JSON.</summary>
internal static partial class ReportValue
{
    private static readonly string[] s_dayFirst = ["d.M.yyyy H:mm:ss", "d.M.yyyy, H:mm:ss", "d.M.yyyy H.mm.ss", "d.M.yyyy"];

    public static object? Value(PSObject item, string property) =>
        item.Properties[property]?.Value is { } value ? (value is PSObject wrapped ? wrapped.BaseObject : value) : null;

    public static string? Text(PSObject item, string property) =>
        Value(item, property) is { } value ? Convert.ToString(value, CultureInfo.InvariantCulture) : null;

    // CSV has True and False, which PowerShell would both take for true.
    public static bool TryBoolean(object? value, out bool result)
    {
        object? plain = value is PSObject wrapped ? wrapped.BaseObject : value;
        result = plain is true;
        return plain is bool || (plain is string text && bool.TryParse(text, out result));
    }

    public static double? Number(PSObject item, string property)
    {
        object? value = Value(item, property);
        return value switch
        {
            null or "" => null,

            // Export-Csv writes numbers as the culture of its session does: with another mark for the point than this session's, perhaps,
            // and with none between thousands.
            string text when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) => Finite(number),
            string text when double.TryParse(text, NumberStyles.Float, CultureInfo.CurrentCulture, out double number) => Finite(number),
            string text
                when double.TryParse(
                    text.Replace(',', '.').Replace('\u066B', '.'), NumberStyles.Float, CultureInfo.InvariantCulture, out double number) =>
                Finite(number),
            IConvertible number and not string => Finite(number.ToDouble(CultureInfo.InvariantCulture)),
            _ => null,
        };
    }

    /// <summary>The text of a property that should be a time and cannot be read as one; null where there is none, or it can.</summary>
    public static string? UnreadTime(PSObject item, string property) =>
        Time(item, property) is null && Text(item, property) is { Length: > 0 } text ? text : null;

    /// <summary>
    /// The text of a property that is a time in numbers which this culture cannot read: who wrote it has another order of day and month.
    /// Null where there is none.
    /// </summary>
    public static string? TimeOfAnotherOrder(PSObject item, string property) =>
        Value(item, property) is string text && DayAndMonth.IsMatch(text)
            && !DateTime.TryParse(text, CultureInfo.CurrentCulture, DateTimeStyles.None, out _) ? text : null;

    [GeneratedRegex(@"^\d{1,2}[/-]\d{1,2}[/-]\d{4}\b")]
    private static partial Regex DayAndMonth { get; }

    private static double? Finite(double number) => double.IsFinite(number) ? number : null;

    public static DateTime? Time(PSObject item, string property) => Value(item, property) switch
    {
        DateTime time => time.Kind == DateTimeKind.Utc ? time.ToLocalTime() : time,

        // Every culture that writes points writes the day first, and others would read the month.
        string text when DateTime.TryParseExact(
            text, s_dayFirst, CultureInfo.InvariantCulture, DateTimeStyles.AllowWhiteSpaces, out DateTime time) && IsLikely(time) => time,
        string text when DateTime.TryParse(text, CultureInfo.CurrentCulture, DateTimeStyles.None, out DateTime time) && IsLikely(time) =>
            time,
        string text when DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out DateTime time) && IsLikely(time) =>
            time,
        _ => null,
    };

    // The year of another calendar is a number too: 1405 in Iran and 2569 in Thailand are 2026. A certificate that does not expire has 9999
    // (RFC 5280 section 4.1.2.5).
    private static bool IsLikely(DateTime time) => time.Year is (>= 2000 and < 2200) or 9999;
}
