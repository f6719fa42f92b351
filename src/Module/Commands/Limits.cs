namespace MessageWebSockets.PowerShell;

/// <summary>Bounds of parameters.</summary>
internal static class Limits
{
    /// <summary>The longest time a timer of .NET can be set to, in seconds.</summary>
    public const int Seconds = int.MaxValue / 1000;

    /// <summary>A timeout parameter as a time span: 0 means no limit.</summary>
    public static TimeSpan Timeout(int seconds) => seconds == 0 ? System.Threading.Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(seconds);
}
