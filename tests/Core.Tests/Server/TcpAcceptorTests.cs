using System.Net;
using System.Net.Sockets;
using MessageWebSockets.Tests.Loopback;
using Xunit;

namespace MessageWebSockets.Tests.Server;

/// <summary>How a server stops.</summary>
public sealed class TcpAcceptorTests
{
    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Those_who_are_served_are_told_of_the_stop_outside_of_the_context_of_its_caller()
    {
        TaskCompletionSource isServed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TcpAcceptor acceptor = TcpAcceptor.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        acceptor.Start(async (_, _, stopping) =>
        {
            isServed.SetResult();
            await Task.Delay(Timeout.Infinite, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        });
        using Socket client = new(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(acceptor.LocalEndPoint, TestContext.Current.CancellationToken);
        await isServed.Task;
        Assert.Equal(0, await ForeignContext.CountPostsAsync(acceptor.StopAsync));
        Assert.Equal(0, await client.ReceiveAsync(new byte[1], TestContext.Current.CancellationToken));
    }
}
