using System.Net;
using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Handshake;

public sealed class CredentialTests
{
    [Theory]
    [InlineData("basic")]
    [InlineData("digest?algorithm=MD5")]
    [InlineData("digest?algorithm=SHA-256")]
    public async Task ServerCredential_answers_a_401_challenge(string path)
    {
        await using TestWebSocketServer server = await TestWebSocketServer.StartAsync();
        using MessageWebSocket socket = new();
        socket.Control.ServerCredential = new NetworkCredential("user", "pass");

        await socket.ConnectAsync(server.At(path), TestContext.Current.CancellationToken);
        await socket.SendAsync("in", TestContext.Current.CancellationToken);

        Assert.Equal("in", (await socket.ReceiveAsync(TestContext.Current.CancellationToken))?.Text);
        Assert.Equal(HttpStatusCode.SwitchingProtocols, socket.Information.HandshakeStatusCode);
    }

    [Theory]
    [InlineData("basic")]
    [InlineData("digest")]
    public async Task ServerCredential_that_is_missing_or_wrong_is_a_401_that_does_not_show_it(string path)
    {
        await using TestWebSocketServer server = await TestWebSocketServer.StartAsync();
        using MessageWebSocket missing = new();
        using MessageWebSocket wrong = new();
        wrong.Control.ServerCredential = new NetworkCredential("user", "s3cret");

        MessageWebSocketException none = await ConnectFailure.OfAsync(missing, server.At(path));
        MessageWebSocketException bad = await ConnectFailure.OfAsync(wrong, server.At(path));

        none.Is(WebErrorStatus.Unauthorized, 0x80190191, "It wants credentials");
        bad.Is(WebErrorStatus.Unauthorized, 0x80190191, "others than it was given");
        Assert.Equal("Who are you?", none.ResponseBody);
        Assert.True(none.ResponseHeaders!.ContainsKey("WWW-Authenticate"));
        Assert.DoesNotContain("s3cret", bad.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ServerCredential_is_sent_only_when_the_server_asks()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            await connection.SinkAsync();
        });
        using MessageWebSocket socket = new();
        socket.Control.ServerCredential = new NetworkCredential("user", "pass");

        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);

        Assert.DoesNotContain("Authorization", server.Connections[0].Request!.Headers.Keys);
    }

    [Fact]
    public async Task ServerCredential_set_after_a_401_makes_another_try_succeed_on_the_same_object()
    {
        await using TestWebSocketServer server = await TestWebSocketServer.StartAsync();
        using MessageWebSocket socket = new();

        await ConnectFailure.OfAsync(socket, server.At("basic"));
        socket.Control.ServerCredential = new NetworkCredential("user", "pass");
        await socket.ConnectAsync(server.At("basic"), TestContext.Current.CancellationToken);

        Assert.Equal(MessageWebSocketState.Open, socket.State);
        Assert.False(socket.Information.HandshakeHeaders.ContainsKey("WWW-Authenticate"));
        InvalidOperationException late = Assert.Throws<InvalidOperationException>(() => socket.Control.ServerCredential = null);
        Assert.Equal("0x8000000E", $"0x{late.HResult:X8}");
    }

    [Theory]
    [InlineData("Negotiate", true)]
    [InlineData("Negotiate", false)]
    [InlineData("NTLM", true)]
    [InlineData("NTLM", false)]
    public async Task ServerCredential_for_Negotiate_or_NTLM_that_comes_to_nothing_is_a_401_and_not_a_hang(
        string scheme, bool hasCredential)
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendResponseAsync(401, "Who are you?", ("WWW-Authenticate", scheme));
        });
        using MessageWebSocket socket = new();
        socket.Control.ServerCredential = hasCredential ? new NetworkCredential("user", "s3cret", "DOMAIN") : null;

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri).WaitAsync(TimeSpan.FromSeconds(30));

        failure.Is(WebErrorStatus.Unauthorized, 0x80190191);
        Assert.DoesNotContain("s3cret", failure.ToString(), StringComparison.Ordinal);
    }
}
