using System.Net;
using System.Text;
using MessageWebSockets.PowerShell;
using MessageWebSockets.PowerShell.Reporting;

namespace MessageWebSockets.Fuzz.Targets;

/// <summary>Texts of a server in a report, on a terminal and in an error message.</summary>
/// <remarks>The first byte chooses the width, the second one whether the text is UTF-8 or UTF-16, which may have half a
/// character.</remarks>
internal sealed class Escaping : FuzzTarget
{
    public override string Name => "escaping";

    public override void Run(ReadOnlySpan<byte> input)
    {
        int width = Take(ref input) + 1;
        string text = (Take(ref input) & 1) == 0
            ? Encoding.UTF8.GetString(input)
            : new string(System.Runtime.InteropServices.MemoryMarshal.Cast<byte, char>(input));

        string html = Html.Text(text);
        Require(!html.AsSpan().ContainsAny('<', '>', '"') && !html.Contains('\'', StringComparison.Ordinal), "Markup in a report.");
        Require(WebUtility.HtmlDecode(html) == TerminalText.Escape(text), "Another text in a report.");

        string cut = TerminalText.Escape(text, width);
        Require(cut.Length <= width, "A text wider than its column.");
        Require(!Steers(cut), "A character that steers a terminal.");
        string lines = TerminalText.EscapeLines(text).Replace("\r\n", "", StringComparison.Ordinal).Replace(
            "\n", "", StringComparison.Ordinal);
        Require(!Steers(lines.Replace("\t", "", StringComparison.Ordinal)), "Lines that steer a terminal.");

        Require(!PeerText.Clean(text).Any(char.IsControl), "A control character in an error message.");
        Require(!PeerText.OneLine(PeerText.OfHtml(text)).Any(char.IsControl), "A control character in the words of a page.");
        _ = PeerText.SubProtocol(text);
        _ = PeerText.Close(1000, text);
    }

    // Of a pair of surrogates neither half has to be escaped.
    private static bool Steers(string text)
    {
        for (int index = 0; index < text.Length; index++)
        {
            if (index + 1 < text.Length && char.IsSurrogatePair(text, index))
            {
                index++;
            }
            else if (PeerText.MustEscape(text[index]))
            {
                return true;
            }
        }

        return false;
    }
}
