using System.Net;
using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Handshake;

/// <summary>A request goes out once, its one-time headers with it, unless an answer asks for it again.</summary>
public sealed class OneRequestTests(TestCertificates certificates) : IClassFixture<TestCertificates>
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Request_goes_out_once_to_a_server_that_resumed_TLS_before_and_now_hangs_up(bool resets)
    {
        bool hangsUp = false;
        await using RawServer server = RawServer.Start(
            async connection =>
            {
                if (!hangsUp)
                {
                    await connection.AcceptHandshakeAsync();
                    await connection.SinkAsync();
                    return;
                }

                // Without a request this ends with the connection that only asks for what is wrong.
                await connection.ReadRequestAsync();
                if (resets)
                {
                    connection.Reset();
                }
            },
            new RawServerOptions { Tls = new RawTlsOptions(certificates.Server) });
        for (int i = 0; i < 2; i++)
        {
            using MessageWebSocket before = Trusting();
            await before.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);
            await before.CloseAsync(cancellationToken: TestContext.Current.CancellationToken);
        }

        hangsUp = true;
        int asked = 0;
        using MessageWebSocket socket = Trusting();
        socket.ServerCustomValidationRequested += (_, _) => asked++;
        socket.SetRequestHeader("X-One-Time", "once");

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        Assert.Equal(resets ? WebErrorStatus.ConnectionReset : WebErrorStatus.ConnectionAborted, failure.Status);
        await server.WhenIdleAsync(TestContext.Current.CancellationToken).WaitAsync(ConnectFailure.Patience);
        Assert.Single(server.Connections, connection => connection.Request?.Headers.ContainsKey("X-One-Time") == true);
        Assert.Equal(1, asked);
        Assert.Equal(certificates.Server.Leaf.Thumbprint, socket.Information.ServerCertificate?.Thumbprint);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task Request_goes_out_once_to_a_server_that_hangs_up_though_there_is_a_credential(bool tls, bool resets)
    {
        await using RawServer server = RawServer.Start(
            async connection =>
            {
                await connection.ReadRequestAsync();
                if (resets)
                {
                    connection.Reset();
                }
            },
            new RawServerOptions { Tls = tls ? new RawTlsOptions(certificates.Server) : null });
        using MessageWebSocket socket = Trusting();
        socket.Control.ServerCredential = new NetworkCredential("user", "pass");

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        Assert.Equal(resets ? WebErrorStatus.ConnectionReset : WebErrorStatus.ConnectionAborted, failure.Status);
        Assert.Single(server.Connections, connection => connection.Request is not null);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task Request_with_the_answer_to_a_challenge_goes_out_once(bool tls, bool closesAfterChallenge)
    {
        int answers = 0;
        await using RawServer server = RawServer.Start(
            async connection =>
            {
                RawRequest request = await connection.ReadRequestAsync();
                if (!request.Headers.ContainsKey("Authorization"))
                {
                    string end = closesAfterChallenge ? "Connection: close\r\n" : "";
                    await connection.SendBytesAsync(
                        $"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"test\"\r\nContent-Length: 0\r\n{end}\r\n");
                    if (closesAfterChallenge)
                    {
                        return;
                    }

                    byte[] second = new byte[4096];
                    if (await connection.ReadBytesAsync(second) == 0)
                    {
                        return;
                    }
                }

                // It hangs up on the right answer.
                Interlocked.Increment(ref answers);
            },
            new RawServerOptions { Tls = tls ? new RawTlsOptions(certificates.Server) : null });
        using MessageWebSocket socket = Trusting();
        socket.Control.ServerCredential = new NetworkCredential("user", "pass");

        MessageWebSocketException failure = await ConnectFailure.OfAsync(socket, server.Uri);

        Assert.True(failure.Status is WebErrorStatus.ConnectionAborted or WebErrorStatus.ConnectionReset, failure.ToString());
        await server.WhenIdleAsync(TestContext.Current.CancellationToken).WaitAsync(ConnectFailure.Patience);
        Assert.Equal(1, answers);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Challenge_of_a_server_that_closes_after_it_is_answered_on_a_new_connection(bool tls)
    {
        TaskCompletionSource<string?> arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using RawServer server = RawServer.Start(
            async connection =>
            {
                RawRequest request = await connection.ReadRequestAsync();
                if (request.Headers.ContainsKey("Authorization"))
                {
                    await connection.AcceptHandshakeAsync();
                    arrived.SetResult((await connection.ReadUntilAsync(TestServer.FrameOpcode.Text))?.Text);
                    await connection.SinkAsync();
                    return;
                }

                await connection.SendResponseAsync(401, "Who are you?", ("WWW-Authenticate", "Basic realm=\"test\""));
            },
            new RawServerOptions { Tls = tls ? new RawTlsOptions(certificates.Server) : null });
        using MessageWebSocket socket = Trusting();
        socket.Control.ServerCredential = new NetworkCredential("user", "pass");

        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);
        await socket.SendAsync("over the watched stream", TestContext.Current.CancellationToken);
        await socket.CloseAsync(cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(2, server.Connections.Count);
        Assert.Equal("over the watched stream", await arrived.Task);
    }

    private MessageWebSocket Trusting()
    {
        MessageWebSocket socket = new();
        socket.Control.TrustedRoots = certificates.Roots;
        return socket;
    }
}
