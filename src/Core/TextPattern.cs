using System.Text;
using System.Text.RegularExpressions;
using System.Text.Unicode;

namespace MessageWebSockets;

/// <summary>Patterns that are tried on what a peer sends, by the receive loop: within a limit of time and size.</summary>
internal static class TextPattern
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    /// <summary>The pattern, with a limit of time where it has none: the peer chooses the text.</summary>
    public static Regex WithLimit(Regex pattern) =>
        pattern.MatchTimeout == Regex.InfiniteMatchTimeout ? new Regex(pattern.ToString(), pattern.Options, Limit) : pattern;

    // What is no text is a character a byte, so that a pattern can name its bytes: \xD0\x00.
    private static string Text(byte[] payload) => (Utf8.IsValid(payload) ? Encoding.UTF8 : Encoding.Latin1).GetString(payload);

    /// <summary>How a pattern matches a message; null where it does not, or not in time, which is reported.</summary>
    public static Match? Match(Regex pattern, byte[] payload)
    {
        try
        {
            Match match = pattern.Match(Text(payload));
            return match.Success ? match : null;
        }
        catch (RegexMatchTimeoutException e)
        {
            ForeignCode.Report($"The pattern {pattern}", e);
            return null;
        }
    }
}
