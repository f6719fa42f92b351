using System.Globalization;

namespace MessageWebSockets.PowerShell.Terminal;

/// <summary>
/// A line that is being typed: keys in, text and cursor out. It moves and deletes by text elements, so that a letter with its accents
/// or an emoji is one step. The keys are those of readline and Windows.
/// </summary>
internal sealed class LineEditor
{
    private const int MostLines = 1000;

    private readonly List<string> _history = [];
    private readonly IReadOnlyList<string> _completions;
    private string _draft = "";
    private string _cut = "";
    private int _browsed;

    /// <param name="completions">What Tab completes a line to that begins with a slash.</param>
    public LineEditor(params IReadOnlyList<string> completions) => _completions = completions;

    /// <summary>What was typed so far.</summary>
    public string Text { get; private set; } = "";

    /// <summary>Where the next character goes: an index of <see cref="Text"/>.</summary>
    public int Cursor { get; private set; }

    /// <summary>The lines that were entered, oldest first.</summary>
    public IReadOnlyList<string> History => _history;

    /// <summary>Does what a key is for.</summary>
    public LineEditorResult Handle(ConsoleKeyInfo key)
    {
        if (key.Key == ConsoleKey.Enter || key.KeyChar is '\r' or '\n')
        {
            return LineEditorResult.Entered;
        }

        if (key.Modifiers.HasFlag(ConsoleModifiers.Control) && !key.Modifiers.HasFlag(ConsoleModifiers.Alt)
            && HandleControl(key.Key) is { } result)
        {
            return result;
        }

        switch (key.Key)
        {
            case ConsoleKey.Backspace:
                Delete(key.Modifiers.HasFlag(ConsoleModifiers.Alt) ? WordBefore() : Before(), Cursor);
                break;
            case ConsoleKey.Delete:
                Delete(Cursor, After());
                break;
            case ConsoleKey.LeftArrow:
                Cursor = Before();
                break;
            case ConsoleKey.RightArrow:
                Cursor = After();
                break;
            case ConsoleKey.Home:
                Cursor = 0;
                break;
            case ConsoleKey.End:
                Cursor = Text.Length;
                break;
            case ConsoleKey.UpArrow:
                Browse(-1);
                break;
            case ConsoleKey.DownArrow:
                Browse(1);
                break;
            case ConsoleKey.Escape:
                Set("");
                break;
            case ConsoleKey.Tab when Text.StartsWith('/') && !Text.Contains(' '):
                Complete();
                break;
            case ConsoleKey.B when key.Modifiers == ConsoleModifiers.Alt:
                Cursor = WordBefore();
                break;
            case ConsoleKey.F when key.Modifiers == ConsoleModifiers.Alt:
                Cursor = WordAfter();
                break;
            default:
                Type(key);
                break;
        }

        return LineEditorResult.Edited;
    }

    private void Type(ConsoleKeyInfo key)
    {
        // AltGr is Ctrl and Alt on Windows, and its characters are to be typed; Alt alone makes commands that are not known here.
        bool isCommand = key.Modifiers.HasFlag(ConsoleModifiers.Alt) && !key.Modifiers.HasFlag(ConsoleModifiers.Control);
        if (!isCommand && (key.KeyChar == '\t' || !char.IsControl(key.KeyChar)))
        {
            Insert(key.KeyChar.ToString());
        }
    }

    /// <summary>Takes the line, which is then empty, and remembers it.</summary>
    public string Take()
    {
        string line = Text;
        if (line.Length > 0 && (_history.Count == 0 || _history[^1] != line))
        {
            _history.Add(line);
            if (_history.Count > MostLines)
            {
                _history.RemoveAt(0);
            }
        }

        Set("");
        _draft = "";
        _browsed = _history.Count;
        return line;
    }

    private LineEditorResult? HandleControl(ConsoleKey key)
    {
        switch (key)
        {
            case ConsoleKey.A:
                Cursor = 0;
                break;
            case ConsoleKey.E:
                Cursor = Text.Length;
                break;
            case ConsoleKey.B:
                Cursor = Before();
                break;
            case ConsoleKey.F:
                Cursor = After();
                break;
            case ConsoleKey.LeftArrow:
                Cursor = WordBefore();
                break;
            case ConsoleKey.RightArrow:
                Cursor = WordAfter();
                break;
            case ConsoleKey.H:
                Delete(Before(), Cursor);
                break;
            case ConsoleKey.U:
                Cut(0, Cursor);
                break;
            case ConsoleKey.K:
                Cut(Cursor, Text.Length);
                break;
            case ConsoleKey.W or ConsoleKey.Backspace:
                Cut(WordBefore(), Cursor);
                break;
            case ConsoleKey.Y:
                Insert(_cut);
                break;
            case ConsoleKey.P:
                Browse(-1);
                break;
            case ConsoleKey.N:
                Browse(1);
                break;
            case ConsoleKey.L:
                return LineEditorResult.Cleared;
            case ConsoleKey.D when Text.Length > 0:
                Delete(Cursor, After());
                break;
            case ConsoleKey.C when Text.Length > 0:
                Set("");
                _browsed = _history.Count;
                break;
            case ConsoleKey.C or ConsoleKey.D:
                return LineEditorResult.Ended;
            default:
                return null;
        }

        return LineEditorResult.Edited;
    }

    private void Insert(string text)
    {
        Text = Text.Insert(Cursor, text);
        Cursor += text.Length;
    }

    private void Delete(int start, int end)
    {
        Text = Text.Remove(start, end - start);
        Cursor = start;
    }

    private void Cut(int start, int end)
    {
        if (end > start)
        {
            _cut = Text[start..end];
            Delete(start, end);
        }
    }

    private void Set(string text)
    {
        Text = text;
        Cursor = text.Length;
    }

    private void Browse(int step)
    {
        int target = Math.Clamp(_browsed + step, 0, _history.Count);
        if (target == _browsed)
        {
            return;
        }

        if (_browsed == _history.Count)
        {
            _draft = Text;
        }

        _browsed = target;
        Set(target == _history.Count ? _draft : _history[target]);
    }

    private void Complete()
    {
        string[] matching = [.. _completions.Where(completion => completion.StartsWith(Text, StringComparison.Ordinal))];
        if (matching.Length == 1)
        {
            Set(matching[0] + " ");
        }
    }

    private int After() => Cursor < Text.Length ? Cursor + StringInfo.GetNextTextElementLength(Text, Cursor) : Cursor;

    // Elements can only be told going forward.
    private int Before()
    {
        int start = 0;
        for (int next = 0; next < Cursor; next += StringInfo.GetNextTextElementLength(Text, next))
        {
            start = next;
        }

        return start;
    }

    private int WordBefore()
    {
        int index = Cursor;
        while (index > 0 && char.IsWhiteSpace(Text[index - 1]))
        {
            index--;
        }

        while (index > 0 && !char.IsWhiteSpace(Text[index - 1]))
        {
            index--;
        }

        return index;
    }

    private int WordAfter()
    {
        int index = Cursor;
        while (index < Text.Length && !char.IsWhiteSpace(Text[index]))
        {
            index++;
        }

        while (index < Text.Length && char.IsWhiteSpace(Text[index]))
        {
            index++;
        }

        return index;
    }
}
