using MessageWebSockets.PowerShell.Terminal;
using Xunit;

namespace MessageWebSockets.PowerShell.Tests;

public sealed class LineViewTests
{
    [Theory]
    [InlineData("abc", 3, 20, "> abc", 5)]
    [InlineData("abc", 0, 20, "> abc", 2)]
    [InlineData("", 0, 20, "> ", 2)]
    [InlineData("\u4f60\u597d", 1, 20, "> \u4f60\u597d", 4)] // two columns each
    [InlineData("a\u0301b", 2, 20, "> a\u0301b", 3)] // the accent takes none
    [InlineData("\U0001f469\u200d\U0001f680!", 5, 20, "> \U0001f469\u200d\U0001f680!", 4)]
    [InlineData("a\tb", 3, 20, "> a\\tb", 6)] // a tab is shown
    [InlineData("a\eb", 3, 20, "> a\\eb", 6)]
    [InlineData("0123456789", 10, 10, "> \u202656789", 8)]
    [InlineData("0123456789", 0, 10, "> 012345\u2026", 2)]
    [InlineData("0123456789", 10, 13, "> 0123456789", 12)]
    public void A_line_is_shown_with_the_cursor_where_it_belongs(string text, int cursor, int width, string row, int column)
    {
        LineView view = LineView.Of("> ", text, cursor, width);

        Assert.Equal((row, column), (view.Row, view.Column));
    }

    [Fact]
    public void The_cursor_is_always_within_the_row_and_the_row_within_the_terminal()
    {
        string text = string.Concat(Enumerable.Repeat("ab\u4f60\tc\U0001f600e\u0301 ", 8));
        for (int width = 1; width < 100; width++)
        {
            for (int cursor = 0; cursor <= text.Length; cursor++)
            {
                LineView view = LineView.Of("host> ", text, cursor, width);

                Assert.InRange(view.Column, 0, Math.Max(width, 4));
                int columns = System.Globalization.StringInfo.ParseCombiningCharacters(view.Row).Select((start, index) =>
                    TextColumns.Of(System.Globalization.StringInfo.GetNextTextElement(view.Row, start))).Sum();
                Assert.InRange(columns, view.Column, Math.Max(width - 1, 5));
            }
        }
    }

    [Fact]
    public void A_long_prompt_gives_way_in_a_narrow_terminal() =>
        Assert.Equal("> text", LineView.Of("a.very.long.host.example> ", "text", 4, 30).Row);

    [Theory]
    [InlineData("a", 1)]
    [InlineData("\u00e9", 1)]
    [InlineData("e\u0301", 1)]
    [InlineData("\u4f60", 2)]
    [InlineData("\uff21", 2)]
    [InlineData("\uac00", 2)]
    [InlineData("\U0001f600", 2)]
    [InlineData("\u2764\ufe0f", 2)]
    [InlineData("\u2764", 1)]
    [InlineData("\U0001d11e", 1)]
    [InlineData("\u0301", 0)]
    public void An_element_has_the_columns_of_its_widest_character(string element, int columns) =>
        Assert.Equal(columns, TextColumns.Of(element));
}
