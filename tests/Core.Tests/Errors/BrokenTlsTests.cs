using System.Security.Authentication;
using System.Text;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;

namespace MessageWebSockets.Tests.Errors;

/// <summary>What breaks the TLS of an open connection is told as that; the end of TCP below TLS is told as on a plain connection.</summary>
public sealed class BrokenTlsTests(TestCertificates certificates) : IClassFixture<TestCertificates>
{
    // What comes in place of a record: one that was not encrypted with the keys of the connection (RFC 8446 section 5.2), something that
    // is no record at all, and an alert in the clear (section 6).
    private static readonly Dictionary<string, byte[]> s_broken = new()
    {
        ["forged"] = [23, 3, 3, 0, 40, .. Enumerable.Repeat((byte)0x5A, 40)],
        ["junk"] = Encoding.ASCII.GetBytes("HTTP/1.1 500 the gateway says no\r\n\r\n"),
        ["alert"] = [21, 3, 3, 0, 2, 2, 40],
    };

    [SocketTheory]
    [InlineData("forged", SslProtocols.Tls12)]
    [InlineData("forged", SslProtocols.None)]
    [InlineData("junk", SslProtocols.Tls12)]
    [InlineData("junk", SslProtocols.None)]
    [InlineData("alert", SslProtocols.None)]
    public async Task What_is_no_TLS_of_the_connection_is_told_as_that(string broken, SslProtocols protocols)
    {
        await using RawServer server = Start(protocols, connection => connection.SendPastTlsAsync(s_broken[broken]));
        using MessageWebSocket socket = Trusting();
        await socket.ConnectAsync(server.Uri);

        MessageWebSocketException failure = await FailureAsync(socket);

        Assert.Contains(" broke the TLS connection, or somebody on the way did: ", failure.Message, StringComparison.Ordinal);
        Assert.EndsWith(" Connect again to go on.", failure.Message, StringComparison.Ordinal);
        Assert.Equal((HResults.ConnectionAborted, WebErrorStatus.ConnectionAborted), (failure.HResult, failure.Status));

        // What the framework met; the reader has the failure of the connection once more.
        MessageWebSocketException known = Assert.IsType<MessageWebSocketException>(failure.InnerException);
        Assert.Same(socket.Information.Failure, known);
        Exception? cause = known.InnerException;
        Assert.True(cause is AuthenticationException or (IOException and not MessageWebSocketException), $"{cause}");
    }

    [SocketTheory]
    [InlineData("FIN", HResults.ConnectionAborted, "ended the connection without a close frame")]
    [InlineData("FIN in a record", HResults.ConnectionAborted, "ended the connection without a close frame")]
    [InlineData("RST", HResults.ConnectionReset, "reset the connection")]
    public async Task The_end_of_TCP_below_TLS_is_told_as_the_end(string end, int hresult, string text)
    {
        await using RawServer server = Start(SslProtocols.None, async connection =>
        {
            if (end == "FIN in a record")
            {
                await connection.SendPastTlsAsync(s_broken["forged"].AsMemory(0, 20));
            }

            if (end == "RST")
            {
                connection.Reset();
            }
            else
            {
                connection.ShutdownSend();
                await connection.DrainBytesAsync();
            }
        });
        using MessageWebSocket socket = Trusting();
        await socket.ConnectAsync(server.Uri);

        MessageWebSocketException failure = await FailureAsync(socket);

        Assert.Equal(hresult, failure.HResult);
        Assert.Contains(text, failure.Message, StringComparison.Ordinal);
    }

    private static async Task<MessageWebSocketException> FailureAsync(MessageWebSocket socket)
    {
        Assert.Equal("before", (await socket.ReceiveAsync())!.Text);
        return await Assert.ThrowsAsync<MessageWebSocketException>(() => socket.ReceiveAsync().AsTask());
    }

    private RawServer Start(SslProtocols protocols, Func<RawConnection, Task> breakAsync) => RawServer.Start(
        async connection =>
        {
            await connection.AcceptHandshakeAsync();
            await connection.SendTextAsync("before");
            await connection.AwaitClientCaughtUpAsync();
            await breakAsync(connection);
            await connection.DrainBytesAsync();
        },
        new RawServerOptions { Tls = new RawTlsOptions(certificates.Server) { Protocols = protocols } });

    private MessageWebSocket Trusting()
    {
        MessageWebSocket socket = new();
        socket.Control.TrustedRoots = certificates.Roots;
        return socket;
    }
}
