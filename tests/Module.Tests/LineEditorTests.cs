using MessageWebSockets.PowerShell.Terminal;
using Xunit;

namespace MessageWebSockets.PowerShell.Tests;

public sealed class LineEditorTests
{
    private readonly LineEditor _editor = new("/ping", "/pong", "/help");

    // Text is typed as it is; a bar in the expectation is where the cursor stands.
    [Theory]
    [InlineData("abc", "", "abc|")]
    [InlineData("abc", "Left", "ab|c")]
    [InlineData("abc", "Left Left Left Left", "|abc")]
    [InlineData("abc", "Left Right Right", "abc|")]
    [InlineData("abc", "Home", "|abc")]
    [InlineData("abc", "Home End", "abc|")]
    [InlineData("abc", "Ctrl+A", "|abc")]
    [InlineData("abc", "Ctrl+A Ctrl+E", "abc|")]
    [InlineData("abc", "Ctrl+B Ctrl+B Ctrl+F", "ab|c")]
    [InlineData("abc", "Left Backspace", "a|c")]
    [InlineData("abc", "Home Backspace", "|abc")]
    [InlineData("abc", "Ctrl+H", "ab|")]
    [InlineData("abc", "Home Delete", "|bc")]
    [InlineData("abc", "Delete", "abc|")]
    [InlineData("abc", "Home Ctrl+D", "|bc")]
    [InlineData("abc", "Escape", "|")]
    [InlineData("abc", "Ctrl+C", "|")]
    [InlineData("one two three", "Ctrl+W", "one two |")]
    [InlineData("one two  ", "Ctrl+W", "one |")]
    [InlineData("one two", "Left Left Ctrl+W", "one |wo")]
    [InlineData("one two", "Ctrl+W Ctrl+W Ctrl+W", "|")]
    [InlineData("one two", "Ctrl+Left Ctrl+Left", "|one two")]
    [InlineData("one two", "Home Ctrl+Right", "one |two")]
    [InlineData("one two", "Alt+B Alt+B Alt+F", "one |two")]
    [InlineData("one two", "Alt+Backspace", "one |")]
    [InlineData("one two", "Ctrl+Left Ctrl+U", "|two")]
    [InlineData("one two", "Ctrl+Left Ctrl+K", "one |")]
    [InlineData("one two", "Ctrl+U Ctrl+Y Ctrl+Y", "one twoone two|")]
    [InlineData("one two", "Ctrl+Left Ctrl+K Home Ctrl+Y", "two|one ")]
    [InlineData("abc", "Alt+X Ctrl+X F1", "abc|")]
    [InlineData("gr\u00fc\u00dfe \u4f60\u597d", "Left", "gr\u00fc\u00dfe \u4f60|\u597d")]
    [InlineData("a\u0301b", "Left Backspace", "|b")] // a letter and its accent
    [InlineData("\U0001f469\u200d\U0001f680!", "Left Left", "|\U0001f469\u200d\U0001f680!")] // an astronaut: two emoji joined
    [InlineData("\U0001f469\u200d\U0001f680", "Backspace", "|")]
    [InlineData("\U0001d11e", "Backspace", "|")]
    [InlineData("/pi", "Tab", "/ping |")]
    [InlineData("/p", "Tab", "/p|")]
    [InlineData("/nothing", "Tab", "/nothing|")]
    [InlineData("a", "Tab", "a\t|")]
    public void Keys_edit_the_line(string typed, string keys, string expected)
    {
        Type(typed);
        foreach (string key in keys.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            Assert.Equal(LineEditorResult.Edited, _editor.Handle(Key(key)));
        }

        Assert.Equal(expected, _editor.Text.Insert(_editor.Cursor, "|"));
    }

    [Fact]
    public void Text_goes_in_where_the_cursor_is()
    {
        Type("ad");
        _editor.Handle(Key("Left"));
        Type("bc");

        Assert.Equal(("abcd", 3), (_editor.Text, _editor.Cursor));
    }

    [Theory]
    [InlineData("Enter", LineEditorResult.Entered)]
    [InlineData("Ctrl+D", LineEditorResult.Ended)]
    [InlineData("Ctrl+C", LineEditorResult.Ended)]
    [InlineData("Ctrl+L", LineEditorResult.Cleared)]
    public void On_an_empty_line_some_keys_mean_more(string key, object result) =>
        Assert.Equal((LineEditorResult)result, _editor.Handle(Key(key)));

    [Theory]
    [InlineData('\r')]
    [InlineData('\n')]
    public void A_pasted_line_end_enters_the_line(char end)
    {
        Type("pasted");

        Assert.Equal(LineEditorResult.Entered, _editor.Handle(new ConsoleKeyInfo(end, ConsoleKey.None, false, false, false)));
        Assert.Equal("pasted", _editor.Take());
        Assert.Equal(("", 0), (_editor.Text, _editor.Cursor));
    }

    [Fact]
    public void The_arrows_go_through_the_history_and_back_to_what_was_being_typed()
    {
        foreach (string line in (string[])["first", "second", "second", ""])
        {
            Type(line);
            _editor.Take();
        }

        Type("draft");
        Assert.Equal("second", After("Up"));
        Assert.Equal("first", After("Up"));
        Assert.Equal("first", After("Up"));
        Assert.Equal("second", After("Down"));
        Assert.Equal("draft", After("Down"));
        Assert.Equal("draft", After("Down"));
        Assert.Equal("second", After("Ctrl+P"));
        Assert.Equal("draft", After("Ctrl+N"));
        Assert.Equal(["first", "second"], _editor.History);
    }

    [Fact]
    public void A_line_of_the_history_can_be_changed_without_changing_the_history()
    {
        Type("first");
        _editor.Take();
        After("Up");
        Type("!");
        Assert.Equal("first!", _editor.Take());

        Assert.Equal(["first", "first!"], _editor.History);
    }

    [Fact]
    public void The_history_keeps_a_thousand_lines()
    {
        for (int i = 0; i < 1100; i++)
        {
            Type($"{i}");
            _editor.Take();
        }

        Assert.Equal((1000, "100", "1099"), (_editor.History.Count, _editor.History[0], _editor.History[^1]));
    }

    private void Type(string text)
    {
        foreach (char c in text)
        {
            _editor.Handle(new ConsoleKeyInfo(c, ConsoleKey.None, false, false, false));
        }
    }

    private string After(string key)
    {
        _editor.Handle(Key(key));
        return _editor.Text;
    }

    private static ConsoleKeyInfo Key(string name)
    {
        bool control = name.StartsWith("Ctrl+", StringComparison.Ordinal);
        bool alt = name.StartsWith("Alt+", StringComparison.Ordinal);
        string bare = name.Split('+')[^1];
        ConsoleKey key = bare switch
        {
            "Left" => ConsoleKey.LeftArrow,
            "Right" => ConsoleKey.RightArrow,
            "Up" => ConsoleKey.UpArrow,
            "Down" => ConsoleKey.DownArrow,
            _ => Enum.Parse<ConsoleKey>(bare),
        };
        char c = bare switch
        {
            "Tab" => '\t',
            "Enter" => '\r',
            "Escape" => '\e',
            { Length: 1 } when control => (char)(bare[0] - '@'),
            { Length: 1 } => char.ToLowerInvariant(bare[0]),
            _ => '\0',
        };
        return new ConsoleKeyInfo(c, key, false, alt, control);
    }
}
