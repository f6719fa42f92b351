using System.Globalization;
using System.Text;

namespace MessageWebSockets.PowerShell.Terminal;

/// <summary>How a line that is typed looks in one row of the terminal: a long one shows the part around the cursor.</summary>
/// <param name="Row">The prompt and the text that fits, as it is written.</param>
/// <param name="Column">The column of the cursor, from 0.</param>
internal sealed record LineView(string Row, int Column)
{
    private const char More = '\u2026';

    /// <param name="prompt">What stands before the text.</param>
    /// <param name="text">What was typed; its control characters are shown as escapes.</param>
    /// <param name="cursor">The index of the cursor in the text.</param>
    /// <param name="width">The columns of the terminal.</param>
    public static LineView Of(string prompt, string text, int cursor, int width)
    {
        // The last column stays free: a character there makes some terminals go on in the next row.
        int room = Math.Max(width - 1, 2);
        if (Columns(prompt) > room / 2)
        {
            prompt = "> ";
        }

        room = Math.Max(room - Columns(prompt), 2);
        (List<(string Shown, int Columns)> elements, int at) = Split(text, cursor);
        int total = elements.Sum(static element => element.Columns);
        int before = elements.Take(at).Sum(static element => element.Columns);
        if (total <= room)
        {
            return new LineView(prompt + string.Concat(elements.Select(static element => element.Shown)), Columns(prompt) + before);
        }

        // From the cursor backwards as far as there is room, with a quarter of it for what follows; marks where something is cut off.
        int behind = Math.Min(total - before, room / 4);
        int start = at;
        int shownBefore = 0;
        while (start > 0 && shownBefore + elements[start - 1].Columns <= room - behind - 2)
        {
            shownBefore += elements[--start].Columns;
        }

        StringBuilder row = new(prompt);
        int column = Columns(prompt) + shownBefore;
        int used = 0;
        if (start > 0)
        {
            row.Append(More);
            column++;
            used++;
        }

        int end = start;
        while (end < elements.Count && used + elements[end].Columns <= room - 1)
        {
            used += elements[end].Columns;
            row.Append(elements[end++].Shown);
        }

        if (end < elements.Count)
        {
            row.Append(More);
        }

        return new LineView(row.ToString(), column);
    }

    private static int Columns(string text)
    {
        int columns = 0;
        for (int index = 0; index < text.Length;)
        {
            int length = StringInfo.GetNextTextElementLength(text, index);
            columns += TextColumns.Of(text.AsSpan(index, length));
            index += length;
        }

        return columns;
    }

    private static (List<(string Shown, int Columns)> Elements, int At) Split(string text, int cursor)
    {
        List<(string, int)> elements = [];
        int at = 0;
        for (int index = 0; index < text.Length;)
        {
            if (index == cursor)
            {
                at = elements.Count;
            }

            int length = StringInfo.GetNextTextElementLength(text, index);
            string shown = TerminalText.Escape(text.Substring(index, length));
            elements.Add((shown, Columns(shown)));
            index += length;
        }

        return (elements, cursor >= text.Length ? elements.Count : at);
    }
}
