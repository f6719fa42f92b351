using System.Net.WebSockets;
using System.Security.Cryptography;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Sockets;

/// <summary>
/// A <see cref="StreamWebSocket"/> that closes: what was written to it and not flushed, and what its readers are told.
/// </summary>
public sealed class StreamCloseTests
{
    private const int FrameSize = 64 * 1024;

    [SocketTheory]
    [InlineData("CloseAsync")]
    [InlineData("Close")]
    [InlineData("Dispose")]
    [InlineData("DisposeAsync")]
    [InlineData("OutputStream.Dispose")]
    [InlineData("peer")]
    public async Task Close_sends_what_was_written_and_not_flushed_ahead_of_the_close_frame(string way)
    {
        foreach (int size in (int[])[1, 5_000, FrameSize, 70_000, 200_000])
        {
            byte[] sent = RandomNumberGenerator.GetBytes(size);
            await using StreamDialogue dialogue = await StreamDialogue.OpenAsync();
            await dialogue.Socket.OutputStream.WriteAsync(sent);
            Task closing = CloseAsync(dialogue, way);

            Assert.Equal(sent, await PeerReadsToTheCloseAsync(dialogue));
            if (way != "peer")
            {
                await dialogue.Peer.SendCloseAsync(1000);
            }

            dialogue.Peer.ShutdownSend();
            await closing;
            Assert.Equal(size, dialogue.Socket.Information.PayloadBytesSent);
        }
    }

    [SocketFact]
    public async Task CloseAsync_with_compression_sends_what_was_written_and_not_flushed()
    {
        await using TestWebSocketServer server = await TestWebSocketServer.StartAsync();
        await using StreamWebSocket socket = new();
        socket.Control.Compression = new WebSocketDeflateOptions();
        await socket.ConnectAsync(server.At("/echo"));
        byte[] sent = [.. Enumerable.Range(0, 70_000).Select(static i => (byte)(i / 1000))];
        await socket.OutputStream.WriteAsync(sent);
        Task closing = socket.CloseAsync(1000);
        byte[] received = new byte[sent.Length];
        await socket.InputStream.ReadExactlyAsync(received);
        await closing;

        Assert.Equal(sent, received);
    }

    [SocketFact]
    public async Task Close_beside_a_write_that_waits_for_room_sends_what_was_accepted_and_ends_the_write()
    {
        byte[] block = RandomNumberGenerator.GetBytes(FrameSize - 1);
        await using StreamDialogue dialogue = await StreamDialogue.OpenAsync(
            static socket => socket.Control.OutboundBufferSizeInBytes = 16 * 1024,
            preparePeer: static peer => peer.LimitReceiveBuffer(16 * 1024));
        int accepted = 0;
        Task write;
        while (true)
        {
            write = dialogue.Socket.OutputStream.WriteAsync(block).AsTask();
            if (!write.IsCompleted)
            {
                break;
            }

            accepted++;
        }

        dialogue.Socket.Close();
        byte[] received = await PeerReadsToTheCloseAsync(dialogue);

        // Who waited has found room after all, or is told that not all of it was sent.
        if (await Record.ExceptionAsync(() => write) is { } e)
        {
            Assert.IsType<ObjectDisposedException>(e);
            Assert.InRange(received.Length, accepted * block.Length, ((accepted + 1) * block.Length) - 1);
        }
        else
        {
            accepted++;
            Assert.Equal(accepted * block.Length, received.Length);
        }

        for (int i = 0; i < accepted; i++)
        {
            Assert.True(received.AsSpan(i * block.Length, block.Length).SequenceEqual(block));
        }

        await Assert.ThrowsAsync<ObjectDisposedException>(() => dialogue.Socket.OutputStream.WriteAsync(new byte[1]).AsTask());
    }

    [SocketTheory]
    [InlineData("Close")]
    [InlineData("Dispose")]
    [InlineData("DisposeAsync")]
    public async Task A_local_close_is_no_end_for_who_reads_in_the_middle_of_a_stream(string way)
    {
        await using StreamDialogue dialogue = await StreamDialogue.OpenAsync();
        await dialogue.PeerSendsAsync([1, 2], fin: false);
        Assert.Equal([1, 2], await dialogue.ReadAsync(2));
        Task copying = dialogue.Socket.InputStream.CopyToAsync(Stream.Null);
        await CloseAsync(dialogue, way);

        ObjectDisposedException e = await Assert.ThrowsAsync<ObjectDisposedException>(() => copying);
        Assert.Equal(HResults.Closed, e.HResult);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => dialogue.ReadAsync(1));
    }

    [SocketTheory]
    [InlineData("CloseAsync")]
    [InlineData("peer")]
    public async Task An_end_that_the_peer_has_told_stays_one_when_the_socket_is_disposed_of(string way)
    {
        await using StreamDialogue dialogue = await StreamDialogue.OpenAsync();
        Task<int> reading = dialogue.Socket.InputStream.ReadAsync(new byte[1]).AsTask();
        Task closing = CloseAsync(dialogue, way);
        if (way == "CloseAsync")
        {
            await PeerReadsToTheCloseAsync(dialogue);
            await dialogue.Peer.SendCloseAsync(1000);
            dialogue.Peer.ShutdownSend();
        }

        await closing;
        Assert.Equal(0, await reading);
        dialogue.Socket.Dispose();

        Assert.Equal(0, await dialogue.Socket.InputStream.ReadAsync(new byte[1]));
    }

    private static Task CloseAsync(StreamDialogue dialogue, string way)
    {
        StreamWebSocket socket = dialogue.Socket;
        switch (way)
        {
            case "CloseAsync":
                return socket.CloseAsync(1000);
            case "Close":
                socket.Close();
                break;
            case "Dispose":
                socket.Dispose();
                break;
            case "DisposeAsync":
                return socket.DisposeAsync().AsTask();
            case "OutputStream.Dispose":
                socket.OutputStream.Dispose();
                socket.Close();
                break;
            default:
                return dialogue.Peer.SendCloseAsync(1000);
        }

        return Task.CompletedTask;
    }

    private static async Task<byte[]> PeerReadsToTheCloseAsync(StreamDialogue dialogue)
    {
        using MemoryStream received = new();
        while (true)
        {
            RawFrame frame = await dialogue.PeerReadsAsync();
            if (frame.Opcode == WireOpcode.Close)
            {
                return received.ToArray();
            }

            Assert.Equal(WireOpcode.Binary, frame.Opcode);
            received.Write(frame.Payload);
        }
    }
}
