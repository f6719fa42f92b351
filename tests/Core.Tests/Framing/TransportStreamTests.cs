using System.Net.Sockets;
using MessageWebSockets.Tests.Loopback;
using Xunit;

namespace MessageWebSockets.Tests.Framing;

/// <summary>What is known of the end of a TCP connection.</summary>
public sealed class TransportStreamTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_reset_that_a_write_meets_is_remembered()
    {
        using TransportPair pair = await TransportPair.ConnectAsync();
        await pair.Network.WriteAsync(new byte[1], Token);
        Assert.False(pair.Network.HasEnded);
        pair.Peer.LingerState = new LingerOption(true, 0);
        pair.Peer.Dispose();

        IOException failure = await Assert.ThrowsAsync<IOException>(async () =>
        {
            while (true)
            {
                await pair.Network.WriteAsync(new byte[1], Token);
            }
        });

        Assert.True(TransportStream.IsReset(failure));
        Assert.True(pair.Network is { WasReset: true, HasEnded: true, FirstByte: null });
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_write_that_this_side_ends_met_no_reset()
    {
        using TransportPair pair = await TransportPair.ConnectAsync();
        ValueTask write = pair.Network.WriteAsync(new byte[32 * 1024 * 1024], Token);
        Assert.False(write.IsCompleted, "More than the system takes while the peer does not read.");
        pair.Network.Socket.Dispose();

        IOException failure = await Assert.ThrowsAsync<IOException>(async () => await write);

        Assert.False(TransportStream.IsReset(failure));
        Assert.True(pair.Network is { WasReset: false, HasEnded: false });
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_reset_is_told_to_a_read_and_a_write_that_both_wait()
    {
        using TransportPair pair = await TransportPair.ConnectAsync();
        ValueTask write = pair.Network.WriteAsync(new byte[32 * 1024 * 1024], Token);
        ValueTask<int> read = pair.Network.ReadAsync(new byte[1], Token);
        pair.Peer.LingerState = new LingerOption(true, 0);
        pair.Peer.Dispose();

        IOException ofRead = await Assert.ThrowsAsync<IOException>(async () => await read);
        IOException ofWrite = await Assert.ThrowsAsync<IOException>(async () => await write);

        Assert.True(TransportStream.IsReset(ofRead));
        Assert.True(TransportStream.IsReset(ofWrite));
        Assert.True(pair.Network.WasReset);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task An_end_in_order_is_no_reset_and_the_first_byte_is_kept()
    {
        using TransportPair pair = await TransportPair.ConnectAsync();
        await pair.Peer.SendAsync(new byte[] { 7, 8 }, Token);
        byte[] buffer = new byte[1];
        Assert.Equal(1, await pair.Network.ReadAsync(buffer, Token));
        Assert.Equal(1, await pair.Network.ReadAsync(buffer, Token));
        pair.Peer.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await pair.Network.ReadAsync(buffer, Token));
        Assert.True(pair.Network is { WasReset: false, HasEnded: true, FirstByte: 7 });
        await pair.Network.WriteAsync(buffer, Token);
        Assert.Equal(1, await pair.Peer.ReceiveAsync(buffer, Token));
    }
}
