using System.IO.Compression;
using System.Security.Cryptography;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Sockets;

/// <summary>A stream gives what has arrived, however much of a frame that is.</summary>
public sealed class StreamArrivalTests
{
    // What fits into the framing's own memory, into the first read, into the queue, and into none of them.
    [SocketTheory]
    [InlineData(2, false)]
    [InlineData(1_000, false)]
    [InlineData(1_000, true)]
    [InlineData(100_000, false)]
    [InlineData(1_000_000, false)]
    [InlineData(1_000_000, true)]
    public async Task InputStream_reads_what_has_arrived_of_a_frame_and_then_the_rest(int length, bool isFragment)
    {
        byte[] payload = RandomNumberGenerator.GetBytes(length);
        await using StreamDialogue dialogue = await StreamDialogue.OpenAsync();
        await dialogue.PeerSendsAsync([1, 2, 3], fin: !isFragment);
        Assert.Equal([1, 2, 3], await dialogue.ReadAsync(3));
        byte[] frame = FrameBytes.Build(isFragment ? WireOpcode.Continuation : WireOpcode.Binary, payload);
        int header = frame.Length - length;

        int done = 0;
        foreach (int part in new[] { 1, length / 2, length })
        {
            await dialogue.Peer.SendBytesAsync(frame.AsMemory(done == 0 ? 0 : header + done, part - done + (done == 0 ? header : 0)));
            Assert.Equal(payload[done..part], await dialogue.ReadAsync(part - done));
            done = part;
        }

        await dialogue.PeerSendsAsync([4]);
        Assert.Equal([4], await dialogue.ReadAsync(1));
    }

    [SocketTheory]
    [InlineData(1_000, false)]
    [InlineData(1_000, true)]
    [InlineData(1_000_000, false)]
    public async Task InputStream_gives_what_has_arrived_of_a_frame_that_is_cut_off_and_then_the_error(int length, bool isReset)
    {
        byte[] payload = RandomNumberGenerator.GetBytes(length);
        await using StreamDialogue dialogue = await StreamDialogue.OpenAsync();
        byte[] frame = FrameBytes.Build(WireOpcode.Binary, payload);
        await dialogue.Peer.SendBytesAsync(frame.AsMemory(0, frame.Length / 2));
        int arrived = (frame.Length / 2) - (frame.Length - length);
        Assert.Equal(payload[..1], await dialogue.ReadAsync(1));
        if (!isReset)
        {
            dialogue.Peer.ShutdownSend();
        }

        Assert.Equal(payload[1..arrived], await dialogue.ReadAsync(arrived - 1));
        if (isReset)
        {
            dialogue.Peer.Reset();
        }

        MessageWebSocketException e = await Assert.ThrowsAsync<MessageWebSocketException>(() => dialogue.ReadAsync(1));
        Assert.Equal(isReset ? WebErrorStatus.ConnectionReset : WebErrorStatus.ConnectionAborted, e.Status);
    }

    [SocketFact]
    public async Task InputStream_reads_what_a_part_of_a_compressed_frame_yields()
    {
        byte[] first = RandomNumberGenerator.GetBytes(10_000);
        byte[] second = RandomNumberGenerator.GetBytes(10_000);
        using MemoryStream compressed = new();
        await using DeflateStream deflate = new(compressed, CompressionLevel.Fastest);
        deflate.Write(first);
        deflate.Flush();
        int half = (int)compressed.Length;
        deflate.Write(second);
        deflate.Flush();
        byte[] frame = FrameBytes.Build(WireOpcode.Binary, compressed.ToArray().AsSpan(0, (int)compressed.Length - 4), rsv: 4);
        int header = frame.Length - (int)compressed.Length + 4;
        await using StreamDialogue dialogue = await StreamDialogue.OpenAsync(
            static socket => socket.Control.Compression = new System.Net.WebSockets.WebSocketDeflateOptions(),
            new HandshakeAnswer { Extensions = "permessage-deflate" });

        await dialogue.Peer.SendBytesAsync(frame.AsMemory(0, header + half));
        Assert.Equal(first, await dialogue.ReadAsync(first.Length));
        await dialogue.Peer.SendBytesAsync(frame.AsMemory(header + half));
        Assert.Equal(second, await dialogue.ReadAsync(second.Length));
    }

    [SocketFact]
    public async Task InputStream_ends_in_order_with_a_close_frame_inside_a_message_because_its_borders_mean_nothing()
    {
        await using StreamDialogue dialogue = await StreamDialogue.OpenAsync();
        await dialogue.PeerSendsAsync([1, 2], fin: false);
        await dialogue.Peer.SendCloseAsync(1000);
        dialogue.Peer.ShutdownSend();

        Assert.Equal([1, 2], await dialogue.ReadAsync(2));
        Assert.Equal(0, await dialogue.Socket.InputStream.ReadAsync(new byte[1]));
        Assert.Equal((ushort)1000, dialogue.Socket.Information.CloseCode);
    }
}
