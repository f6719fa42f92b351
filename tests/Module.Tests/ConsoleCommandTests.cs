using MessageWebSockets.PowerShell.Terminal;
using Xunit;

namespace MessageWebSockets.PowerShell.Tests;

public sealed class ConsoleCommandTests
{
    [Theory]
    [InlineData("hello /ping", "", "hello /ping")]
    [InlineData("//etc", "", "/etc")]
    [InlineData("///", "", "//")]
    [InlineData("/ping", "ping", "")]
    [InlineData("/PING", "ping", "")]
    [InlineData("/close 1000  good bye ", "close", "1000  good bye")]
    [InlineData("/", "/", "")]
    [InlineData("/ x", "/", "x")]
    public void A_slash_begins_a_command_and_two_a_text(string line, string name, string argument) =>
        Assert.Equal(new ConsoleCommand(name, argument), ConsoleCommand.Parse(line));

    [Theory]
    [InlineData("", null, "")]
    [InlineData("1000", 1000, "")]
    [InlineData("4000 good  bye", 4000, "good  bye")]
    public void Close_takes_a_code_and_a_reason(string argument, int? code, string reason) =>
        Assert.Equal(((ushort?)code, reason), new ConsoleCommand("close", argument).CloseArguments());

    [Theory]
    [InlineData("bye")]
    [InlineData("999")]
    [InlineData("1005")]
    [InlineData("1015")]
    [InlineData("2999")]
    [InlineData("5000")]
    [InlineData("-1")]
    [InlineData("70000")]
    public void Close_refuses_codes_that_cannot_be_sent(string argument) =>
        Assert.Throws<FormatException>(() => new ConsoleCommand("close", argument).CloseArguments());

    [Fact]
    public void Close_refuses_a_reason_that_is_too_long()
    {
        Assert.Equal(122, new ConsoleCommand("close", "1000 " + new string('\u00e9', 61)).CloseArguments().Reason.Length * 2);
        Assert.Throws<FormatException>(() => new ConsoleCommand("close", "1000 " + new string('\u00e9', 62)).CloseArguments());
        Assert.Throws<FormatException>(() => new ConsoleCommand("close", "1000 \ud83d").CloseArguments());
    }
}
