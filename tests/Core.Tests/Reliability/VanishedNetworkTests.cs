using System.Diagnostics;
using MessageWebSockets.TestServer;
using Xunit;

namespace MessageWebSockets.Tests.Reliability;

/// <summary>A peer that is gone without a FIN or a reset, over a network that can really be cut.</summary>
public sealed class VanishedNetworkTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(1000);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_network_that_is_cut_is_noticed_within_interval_and_timeout_and_the_waiting_receive_says_so(bool isLinkDown)
    {
        using NetworkNamespace network = NetworkNamespace.CreateOrSkip();
        await using RawServer server = network.StartServer(async connection =>
        {
            await connection.AcceptHandshakeAsync();
            await connection.SendTextAsync("before");
            await connection.SinkAsync();
        });
        using MessageWebSocket socket = new();
        socket.Control.UseProxy = false;
        socket.Control.DesiredUnsolicitedPongInterval = Interval;
        socket.Control.KeepAliveTimeout = Patience;
        await socket.ConnectAsync(server.Uri).WaitAsync(FaultVisit.Patience);
        await socket.PingAsync().WaitAsync(FaultVisit.Patience);

        if (isLinkDown)
        {
            network.TakeLinkDown();
        }
        else
        {
            network.LoseWayBack();
        }

        long cut = Stopwatch.GetTimestamp();
        await socket.SendAsync("into nowhere");
        Assert.Equal("before", (await socket.ReceiveAsync().AsTask().WaitAsync(FaultVisit.Patience))?.Text);
        MessageWebSocketException failure =
            await Assert.ThrowsAsync<MessageWebSocketException>(() => socket.ReceiveAsync().AsTask().WaitAsync(FaultVisit.Patience));
        TimeSpan noticed = Stopwatch.GetElapsedTime(cut);

        Assert.Equal(WebErrorStatus.Timeout, failure.Status);
        Assert.Contains("no sign of life", failure.Message, StringComparison.Ordinal);

        // The other half is what timers and threads of a busy machine may add.
        Assert.InRange(noticed, Patience * 0.9, (Interval + Patience) * 1.5);
        Assert.Equal(MessageWebSocketState.Aborted, socket.State);
        await socket.Released.WaitAsync(FaultVisit.Patience);
    }

    [Fact]
    public async Task A_connect_into_a_network_that_is_cut_ends_with_its_timeout()
    {
        using NetworkNamespace network = NetworkNamespace.CreateOrSkip();
        await using RawServer server = network.StartServer(connection => connection.AcceptHandshakeAsync());
        network.TakeLinkDown();
        using MessageWebSocket socket = new();
        socket.Control.UseProxy = false;
        socket.Control.ConnectTimeout = Patience;

        MessageWebSocketException failure =
            await Assert.ThrowsAsync<MessageWebSocketException>(() => socket.ConnectAsync(server.Uri).WaitAsync(FaultVisit.Patience));

        Assert.Equal(WebErrorStatus.Timeout, failure.Status);
        Assert.Equal(MessageWebSocketState.Created, socket.State);
    }
}
