using System.Net;
using Xunit;

namespace MessageWebSockets.Tests.Errors;

public sealed class MessageWebSocketExceptionTests
{
    [Fact]
    public void MessageWebSocketException_Status_follows_from_the_HResult()
    {
        var cause = new TimeoutException();
        var exception = new MessageWebSocketException("no answer", HResults.Timeout, cause);

        Assert.IsAssignableFrom<IOException>(exception);
        Assert.Equal("no answer", exception.Message);
        Assert.Equal(unchecked((int)0x80072EE2), exception.HResult);
        Assert.Equal(WebErrorStatus.Timeout, exception.Status);
        Assert.Same(cause, exception.InnerException);
    }

    [Fact]
    public void MessageWebSocketException_Status_can_be_stated_where_one_HResult_stands_for_two()
    {
        var exception = new MessageWebSocketException("rejected", HResults.CertificateInvalid)
        {
            Status = WebErrorStatus.CertificateIsInvalid,
        };

        Assert.Equal(WebErrorStatus.CertificateIsInvalid, exception.Status);
        Assert.Equal(unchecked((int)0x80072F89), exception.HResult);
    }

    [Fact]
    public void MessageWebSocketException_without_an_HResult_of_the_table_is_Unknown()
    {
        Assert.Equal(WebErrorStatus.Unknown, new MessageWebSocketException().Status);
        Assert.Equal(WebErrorStatus.Unknown, new MessageWebSocketException("m").Status);
        Assert.Equal(WebErrorStatus.Unknown, new MessageWebSocketException("m", new TimeoutException()).Status);
    }

    [Theory]
    [InlineData("wss://user:secret@example.org:8443/chat?room=1", "wss://example.org:8443/chat?room=1")]
    [InlineData("ws://token@[::1]:8080/", "ws://[::1]:8080/")]
    [InlineData("ws://example.org/a%20b", "ws://example.org/a%20b")]
    public void MessageWebSocketException_PeerUri_never_has_userinfo(string given, string kept)
    {
        var exception = new MessageWebSocketException("m", HResults.CannotConnect) { PeerUri = new Uri(given) };

        Assert.Equal(kept, exception.PeerUri?.AbsoluteUri);
        Assert.Equal("", exception.PeerUri?.UserInfo);
    }

    [Fact]
    public void MessageWebSocketException_PeerUri_takes_null_and_a_relative_address()
    {
        Assert.Null(new MessageWebSocketException("m") { PeerUri = null }.PeerUri);
        var relative = new Uri("chat", UriKind.Relative);
        Assert.Equal(relative, new MessageWebSocketException("m") { PeerUri = relative }.PeerUri);
    }

    [Fact]
    public void MessageWebSocketException_carries_the_response_of_a_failed_handshake_and_none_otherwise()
    {
        var headers = new Dictionary<string, IReadOnlyList<string>> { ["Retry-After"] = ["5"] };
        var refused = new MessageWebSocketException("m", HResults.FromHttpStatus(503))
        {
            HttpStatusCode = HttpStatusCode.ServiceUnavailable,
            ResponseHeaders = headers,
            ResponseBody = "later",
        };

        Assert.Equal(WebErrorStatus.ServiceUnavailable, refused.Status);
        Assert.Equal(unchecked((int)0x801901F7), refused.HResult);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.HttpStatusCode);
        Assert.Same(headers, refused.ResponseHeaders);
        Assert.Equal("later", refused.ResponseBody);

        var reset = new MessageWebSocketException("m", HResults.ConnectionReset);
        Assert.Null(reset.HttpStatusCode);
        Assert.Null(reset.ResponseHeaders);
        Assert.Null(reset.ResponseBody);
    }

    [Fact]
    public void MessageWebSocketException_GetBaseException_is_itself_so_that_GetStatus_finds_the_HResult()
    {
        MessageWebSocketException exception = new("lost", HResults.ConnectionReset, new IOException("below", new TimeoutException()));

        Assert.Same(exception, exception.GetBaseException());
        Assert.Equal(WebErrorStatus.ConnectionReset, WebSocketError.GetStatus(exception.GetBaseException().HResult));
        Assert.IsType<IOException>(exception.InnerException);
    }

    [Fact]
    public void MessageWebSocketException_PeerUri_is_the_address_as_it_was_given_but_for_a_password()
    {
        Uri given = new("ws://HOST.example:80/x");

        Assert.Same(given, new MessageWebSocketException("no answer", HResults.Timeout) { PeerUri = given }.PeerUri);
        Assert.Equal(
            "ws://host/x",
            new MessageWebSocketException("no answer", HResults.Timeout) { PeerUri = new Uri("ws://me:pw@host/x") }.PeerUri!.ToString());
    }
}
