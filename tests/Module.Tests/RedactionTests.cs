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

    [Theory]
    [InlineData("Authorization", "Bearer s3cret", "***")]
    [InlineData("Set-Cookie", "sid=s3cret", "***")]
    [InlineData("X-Auth", "s3cret", "***")]
    [InlineData("X-Key", "s3cret", "***")]
    [InlineData("X-Session-Id", "s3cret", "***")]
    [InlineData("sec-websocket-protocol", "base64url.bearer.authorization.k8s.io.s3cret", "base64url.bearer.authorization.k8s.io.***")]
    [InlineData("Sec-WebSocket-Protocol", "access_token, s3cret", "access_token, ***")]
    [InlineData("Sec-WebSocket-Protocol", "access_token.eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.s1G", "access_token.***")]
    [InlineData("Sec-WebSocket-Protocol", "token-s3cr3tA1.b2.c3", "token-***")]
    [InlineData("X-Api-Key-V2", "s3cret", "***")]
    [InlineData("X-Pwd", "s3cret", "***")]
    [InlineData("X-Pass", "s3cret", "***")]
    [InlineData("X-Key-Passphrase", "s3cret", "***")]
    [InlineData("X-JWT-Assertion", "s3cret", "***")]
    [InlineData("X-Bypass", "yes", "yes")]
    [InlineData("X-Passenger", "3", "3")]
    [InlineData("X-ApiKey-Id", "s3cret", "***")]
    [InlineData("X-Echo", "Bearer s3cret", "Bearer ***")]
    [InlineData("X-Echo", "was basic s3cret==, so", "was basic ***, so")]
    [InlineData("X-Echo", "eyJhbGciOiJub25lIn0.s3cret.x", "***")]
    [InlineData("Location", "https://user:s3cret@host/x?code=s3cret#s3cret", "https://***@host/x?...")]
    [InlineData("Location", "https://host/x#s3cret", "https://host/x#...")]
    [InlineData("Location", "/x#s3cret", "/x#...")]
    [InlineData("Link", "</x?key=s3cret>; rel=next", "</x?...>; rel=next")]
    [InlineData("WWW-Authenticate", "Bearer realm=\"host\", scope=\"a b\"", "Bearer realm=\"host\", scope=\"a b\"")]
    [InlineData("WWW-Authenticate", "Basic realm=\"host\"", "Basic realm=\"host\"")]
    [InlineData("Server", "nginx/1.2 (Basic)", "nginx/1.2 (Basic)")]
    [InlineData("X-Author", "somebody", "somebody")]
    [InlineData("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")]
    public void Header_leaves_out_secrets_by_its_name_and_in_its_value(string name, string value, string shown) =>
        Assert.Equal(shown, Redaction.Header(name, value, ["v1", "access_token", "s3cret"]));

    [Theory]
    [InlineData("X-Api-Key", "x", true)]
    [InlineData("X-Other", "Bearer s3cret", true)]
    [InlineData("Accept-Language", "de", false)]
    [InlineData("Referer", "https://host/?a=b", false)]
    public void IsCredential_is_what_tells_who_asks(string name, string value, bool isCredential) =>
        Assert.Equal(isCredential, Redaction.IsCredential(name, value));

    [Fact]
    public void A_path_has_no_user() => Assert.Equal("/users/me@host/feed?...", Redaction.Path("/users/me@host/feed?key=s3cret"));

    [Fact]
    public void Header_reads_what_a_stranger_sent_in_linear_time()
    {
        foreach (string part in new[] { "?", "eyJ", "://", "://#", "Bearer ", "Bearer\t" })
        {
            string value = string.Concat(Enumerable.Repeat(part, 64 * 1024 / part.Length));
            Assert.True(Redaction.Header("X-Echo", value, []).Length <= 2 * value.Length);
        }
    }
}
