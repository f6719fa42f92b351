using System.Globalization;

namespace MessageWebSockets.PowerShell.Views;

/// <summary>Byte counts as a person reads them.</summary>
internal static class ByteCount
{
    private static readonly string[] Units = ["KB", "MB", "GB", "TB"];

    /// <summary>For example <c>5 B</c> or <c>4.1 KB</c>, in PowerShell's units of 1024.</summary>
    public static string Of(long bytes)
    {
        if (bytes < 1024)
        {
            return $"{bytes} B";
        }

        double value = bytes;
        int unit = -1;
        while (value >= 1024 && unit < Units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        return $"{value.ToString("0.0", CultureInfo.InvariantCulture)} {Units[unit]}";
    }
}
