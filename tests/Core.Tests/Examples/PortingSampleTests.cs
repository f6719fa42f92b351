using MessageWebSockets.Examples;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;

namespace MessageWebSockets.Tests.Examples;

public sealed class PortingSampleTests
{
    [SocketFact]
    public async Task The_porting_sample_sends_receives_and_closes_against_the_test_server()
    {
        await using TestWebSocketServer server = await TestWebSocketServer.StartAsync();
        StringWriter log = new();

        Assert.True(await ClassicSample.RunAsync(server.At("echo"), log));

        Assert.Contains("Sent: Hello, World! (13 bytes)", log.ToString(), StringComparison.Ordinal);
        Assert.Contains("Received: Hello, World!", log.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("Failed", log.ToString(), StringComparison.Ordinal);
    }

    [SocketFact]
    public async Task The_porting_sample_tells_why_a_connect_failed()
    {
        await using TestWebSocketServer server = await TestWebSocketServer.StartAsync();
        StringWriter log = new();

        Assert.False(await ClassicSample.RunAsync(server.At("status/403"), log));

        Assert.Contains("Failed: Forbidden: ", log.ToString(), StringComparison.Ordinal);
    }

    [SocketFact]
    public async Task The_porting_sample_tells_of_a_connection_that_broke()
    {
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            await connection.ReadFrameAsync();
        });
        StringWriter log = new();

        Assert.False(await ClassicSample.RunAsync(server.Uri, log));

        Assert.Contains("Failed: ConnectionAborted: ", log.ToString(), StringComparison.Ordinal);
    }
}
