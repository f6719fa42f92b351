using System.Buffers.Binary;
using System.Net.Sockets;
using System.Security.Cryptography;
using Xunit;
using static MessageWebSockets.PowerShell.Tests.Tunnels.RawPeers;

namespace MessageWebSockets.PowerShell.Tests.Tunnels;

/// <summary>A tunnel passes on what has arrived, however much of a frame that is.</summary>
public sealed class TunnelArrivalTests
{
    private const int Limit = 60_000;

    [Theory(Timeout = Limit)]
    [InlineData(1_000)]
    [InlineData(1_000_000)]
    public async Task A_TCP_client_gets_what_has_arrived_of_a_frame_and_then_the_rest(int length)
    {
        byte[] payload = RandomNumberGenerator.GetBytes(length);
        await using RawServerPair scene = await RawServerPair.OpenAsync();
        (_, Socket client, Socket peer) = scene;

        await AssertPassedOnInPartsAsync(peer, client, Header(length), payload, payload);
    }

    [Theory(Timeout = Limit)]
    [InlineData(1_000)]
    [InlineData(1_000_000)]
    public async Task A_service_gets_what_has_arrived_of_a_frame_and_then_the_rest(int length)
    {
        byte[] payload = RandomNumberGenerator.GetBytes(length);
        byte[] key = [0x11, 0x22, 0x44, 0x88];
        await using TcpPair pair = new();
        using Socket client = await ConnectWebSocketAsync(pair.Inbound);
        Socket service = await pair.AcceptAsync();

        byte[] masked = [.. payload.Select((value, index) => (byte)(value ^ key[index % key.Length]))];
        await AssertPassedOnInPartsAsync(client, service, [.. Header(length, isMasked: true), .. key], masked, payload);
    }

    [Fact(Timeout = Limit)]
    public async Task A_frame_that_is_cut_off_is_passed_on_as_far_as_it_came_and_then_resets()
    {
        await using RawServerPair scene = await RawServerPair.OpenAsync();
        (_, Socket client, Socket peer) = scene;
        await peer.SendAllAsync((byte[])[.. Header(1_000), .. new byte[300]]);
        await client.ReadExactlyAsync(300);
        peer.Shutdown(SocketShutdown.Send);
        Assert.Equal(SocketError.ConnectionReset, await client.ReadEndAsync());

        await using TcpPair pair = new();
        using Socket webSocket = await ConnectWebSocketAsync(pair.Inbound);
        Socket service = await pair.AcceptAsync();
        await webSocket.SendAllAsync((byte[])[.. Header(1_000, isMasked: true), 0, 0, 0, 0, .. new byte[300]]);
        await service.ReadExactlyAsync(300);
        webSocket.Shutdown(SocketShutdown.Send);
        Assert.Equal(SocketError.ConnectionReset, await service.ReadEndAsync());
    }

    [Fact(Timeout = Limit)]
    public async Task Fragments_pings_and_a_close_frame_inside_a_message_are_a_stream_and_its_end()
    {
        await using RawServerPair scene = await RawServerPair.OpenAsync();
        (_, Socket client, Socket peer) = scene;
        await peer.SendAllAsync(new byte[] { 0x02, 1, 7, 0x89, 1, 5, 0x00, 0, 0x00, 2, 8, 9, 0x88, 2, 1000 >> 8, 1000 & 0xFF });
        Assert.Equal([7, 8, 9], await client.ReadExactlyAsync(3));
        Assert.Equal(SocketError.Success, await client.ReadEndAsync());

        await using TcpPair pair = new();
        using Socket webSocket = await ConnectWebSocketAsync(pair.Inbound);
        Socket service = await pair.AcceptAsync();
        await webSocket.SendAllAsync(new byte[]
        {
            0x02, 0x81, 1, 1, 1, 1, 7 ^ 1, 0x89, 0x81, 2, 2, 2, 2, 5 ^ 2, 0x00, 0x80, 0, 0, 0, 0, 0x00, 0x82, 3, 4, 3, 4, 8 ^ 3, 9 ^ 4,
            0x88, 0x82, 0, 0, 0, 0, 1000 >> 8, 1000 & 0xFF,
        });
        Assert.Equal([7, 8, 9], await service.ReadExactlyAsync(3));
        Assert.Equal(SocketError.Success, await service.ReadEndAsync());
        Assert.Equal([0x8A, 1, 5], await webSocket.ReadExactlyAsync(3));
    }

    private static byte[] Header(int length, bool isMasked = false)
    {
        byte[] header = new byte[10];
        header[0] = 0x82;
        header[1] = isMasked ? (byte)0x80 : (byte)0;
        if (length <= ushort.MaxValue)
        {
            header[1] |= 126;
            BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(2), (ushort)length);
            return header[..4];
        }

        header[1] |= 127;
        BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(2), length);
        return header;
    }

    // In parts that end at no multiple of the length of a mask.
    private static async Task AssertPassedOnInPartsAsync(Socket from, Socket to, byte[] header, byte[] sent, byte[] expected)
    {
        await from.SendAllAsync(header);
        int done = 0;
        foreach (int part in new[] { 1, 3, (sent.Length / 2) + 1, sent.Length })
        {
            await from.SendAllAsync(sent.AsMemory(done, part - done));
            Assert.Equal(expected[done..part], await to.ReadExactlyAsync(part - done));
            done = part;
        }
    }
}
