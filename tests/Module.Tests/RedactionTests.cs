using MessageWebSockets.PowerShell.Errors;
using Xunit;

namespace MessageWebSockets.PowerShell.Tests;

public sealed class RedactionTests
{
    [Theory]
    [InlineData("ws://user:s3cret@host/x?token=t", "ws://***@host/x?...")]
    [InlineData(" ws://user:s3cret@host", " ws://***@host")]
    [InlineData("ws:\\\\user:s3cret@host", "ws:\\\\***@host")]
    [InlineData("user:s3cret@host:8080/path?token=t", "***@host:8080/path?...")]
    [InlineData("//user:s3cret@host/x", "//***@host/x")]
    [InlineData("wss//user:s3cret@host", "wss//***@host")]
    [InlineData("ws:/user:s3cret@host", "ws:/***@host")]
    [InlineData("ws:user:s3cret@host/", "ws:***@host/")]
    [InlineData("ws:////user:s3cret@host", "ws:////***@host")]
    [InlineData("http:user:s3cret@host", "http:***@host")]
    [InlineData("mailto:user:s3cret@host", "***@host")]
    [InlineData("user%3as3cret@host", "***@host")]
    [InlineData("user:s3cret%40host", "***@host")]
    [InlineData("ws://user:s3cret%40host", "ws://***@host")]
    [InlineData("ws://user:s3cret\uff20host/", "ws://***@host/")]
    [InlineData("ws://user:s3@cret@host/", "ws://***@host/")]
    [InlineData("ws://user:s3cret@ho st:99999/", "ws://***@ho st:99999/")]
    [InlineData("ws://user:x/s3cret@host", "ws://***@host")]
    [InlineData("ws://user:x?s3cret@host", "ws://***@host")]
    [InlineData("ws://user:x#s3cret@host", "ws://***@host")]
    [InlineData("user:12/s3cret@host", "***@host")]
    [InlineData("user:x?s3cret@host/y?z", "***@host/y?...")]
    [InlineData("wss//user:x?s3cret@host", "wss//***@host")]
    [InlineData("user:s3\ncret@host", "***@host")]
    [InlineData("***@host", "***@host")]
    public void Of_leaves_out_what_may_be_a_password_in_whatever_form(string given, string shown)
    {
        Assert.Equal(shown, Redaction.Of(given));
        Assert.DoesNotContain("cret", Redaction.WithoutUserInfo(given), StringComparison.Ordinal);
        Assert.True(
            !Uri.TryCreate(given, UriKind.RelativeOrAbsolute, out Uri? uri)
            || !(Redaction.Of(uri) + Redaction.Target(uri)).Contains("cret", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("ws://host/@me/x")]
    [InlineData("ws://host:8080/a@b")]
    [InlineData("ws://[::1]:8080/")]
    [InlineData("localhost:8080/x")]
    [InlineData("[::1]:8080")]
    [InlineData("ws://host:99999/x")]
    [InlineData("ws://[broken")]
    [InlineData("::::")]
    [InlineData("")]
    public void Of_leaves_other_texts_alone(string given) => Assert.Equal(given, Redaction.Of(given));

    [Theory]
    [InlineData("host/x?mail=a@b")]
    [InlineData("localhost:8080/x?mail=a@b")]
    [InlineData("ws://host:99999/x?mail=a@b")]
    [InlineData("ws://host/x?mail=a@b")]
    public void WithoutUserInfo_takes_no_query_for_a_password(string given) => Assert.Equal(given, Redaction.WithoutUserInfo(given));
}
