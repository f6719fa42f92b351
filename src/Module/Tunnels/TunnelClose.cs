using System.Globalization;
using MessageWebSockets.PowerShell.Errors;

namespace MessageWebSockets.PowerShell.Tunnels;

/// <summary>
/// What the close codes of a tunnel mean: only an end in order may look like one to the TCP connection at the other side.
/// </summary>
internal static class TunnelClose
{
    /// <summary>The TCP connection ended in order.</summary>
    public const ushort Normal = 1000;

    /// <summary>The tunnel stops.</summary>
    public const ushort GoingAway = 1001;

    /// <summary>The TCP connection broke.</summary>
    public const ushort Failed = 1011;

    private const ushort Empty = 1005;

    /// <summary>Whether a peer that closed so has sent all it had to send.</summary>
    public static bool IsOrderly(ushort code) => code is Normal or Empty;

    /// <summary>How a peer closed that had not sent everything.</summary>
    public static string Describe(string peer, ushort code, string? reason)
    {
        string said = string.IsNullOrEmpty(reason) ? "" : $": {TerminalText.Escape(reason)}";
        return string.Create(CultureInfo.InvariantCulture, $"{peer} closed with {code}{said}");
    }
}
