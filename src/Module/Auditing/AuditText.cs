using System.Globalization;

namespace MessageWebSockets.PowerShell.Auditing;

/// <summary>The words of evidence that several checks share.</summary>
internal static class AuditText
{
    public static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.###} s");

    public static string Milliseconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0} ms");

    /// <summary>A close code as it came: a close frame may have none.</summary>
    public static string Closed(int code) => code switch
    {
        ReceivedFrame.NoCode => "closed without a code",
        ReceivedFrame.HalfCode => "closed with half a code",
        _ => $"closed with {code}",
    };

    /// <summary>Why there is nothing to judge by.</summary>
    public static string NoConnection(MessageWebSocketException failure) => $"no connection: {AuditAnswer.Shown(failure.Message)}";

    /// <summary>A size as people write it.</summary>
    public static string Size(long bytes) => bytes switch
    {
        >= 1024 * 1024 when bytes % (1024 * 1024) == 0 => $"{bytes / (1024 * 1024)} MiB",
        >= 1024 when bytes % 1024 == 0 => $"{bytes / 1024} KiB",
        _ => $"{bytes} bytes",
    };
}
