namespace MessageWebSockets.PowerShell.Completion;

/// <summary>Times that users give as numbers, as time spans; <see cref="ValidateTimeAttribute"/> has checked them.</summary>
internal static class Times
{
    /// <summary>The longest time that every timer of .NET can be set to, in milliseconds: 24 days.</summary>
    public const double LongestMilliseconds = int.MaxValue;

    /// <summary>
    /// A number of seconds; 0 stays zero, and what is more than 0 is a millisecond at least, lest it be taken for "no limit".
    /// </summary>
    public static TimeSpan OfSeconds(double seconds) => OfMilliseconds(seconds * 1000);

    /// <summary>A number of milliseconds, rounded as <see cref="OfSeconds"/> does.</summary>
    public static TimeSpan OfMilliseconds(double milliseconds) =>
        milliseconds == 0 ? TimeSpan.Zero : TimeSpan.FromMilliseconds(Math.Max(1, Math.Round(milliseconds)));

    /// <summary>How long to wait, in seconds: 0 means no limit.</summary>
    public static TimeSpan Limit(double seconds) => seconds == 0 ? Timeout.InfiniteTimeSpan : OfSeconds(seconds);
}
