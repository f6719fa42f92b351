using System.Security.Cryptography;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Sockets;

public sealed class StreamWebSocketTests
{
    private const int IpProtoTcp = 6;
    private const int TcpNoDelay = 1;
    private const int MostWaiting = 64 * 1024;

    [SocketFact]
    public async Task InputStream_reads_across_message_borders_and_fragments()
    {
        await using StreamDialogue dialogue = await StreamDialogue.OpenAsync();
        await dialogue.PeerSendsAsync([1, 2, 3]);
        await dialogue.PeerSendsAsync([]);
        await dialogue.PeerSendsAsync([4], fin: false);
        await dialogue.Peer.SendFrameAsync(WireOpcode.Ping, new byte[] { 9 });
        await dialogue.Peer.SendFrameAsync(WireOpcode.Continuation, new byte[] { 5, 6 }, fin: false);
        await dialogue.Peer.SendFrameAsync(WireOpcode.Continuation, default);
        await dialogue.PeerSendsAsync([7]);

        Assert.Equal([1, 2, 3, 4, 5, 6, 7], await dialogue.ReadAsync(7));
        Assert.Equal([9], (await dialogue.PeerReadsAsync(WireOpcode.Pong)).Payload);
    }

    [SocketFact]
    public async Task InputStream_gives_a_section_of_any_size_and_waits_only_when_nothing_is_there()
    {
        await using StreamDialogue dialogue = await StreamDialogue.OpenAsync();
        Task<byte[]> first = dialogue.ReadAsync(1);
        Assert.False(first.IsCompleted);
        await dialogue.PeerSendsAsync([1, 2, 3, 4]);

        Assert.Equal([1], await first);
        byte[] two = new byte[2];
        Assert.Equal(2, await dialogue.Socket.InputStream.ReadAsync(two));
        byte[] many = new byte[100];
        Assert.Equal(1, await dialogue.Socket.InputStream.ReadAsync(many));
        Assert.Equal((2, 3, 4), (two[0], two[1], many[0]));
    }

    [SocketFact]
    public async Task InputStream_gives_0_after_an_orderly_close_with_what_came_before_first()
    {
        await using StreamDialogue dialogue = await StreamDialogue.OpenAsync();
        await dialogue.PeerSendsAsync([1, 2]);
        await dialogue.Peer.SendCloseAsync(1000);
        dialogue.Peer.ShutdownSend();

        Assert.Equal([1, 2], await dialogue.ReadAsync(2));
        Assert.Equal(0, await dialogue.Socket.InputStream.ReadAsync(new byte[1]));
        Assert.Equal(0, await dialogue.Socket.InputStream.ReadAsync(new byte[1]));
        Assert.Equal(MessageWebSocketState.Closed, dialogue.Socket.State);
        Assert.Equal((ushort)1000, dialogue.Socket.Information.CloseCode);
    }

    [SocketTheory]
    [InlineData(false, WebErrorStatus.ConnectionAborted)]
    [InlineData(true, WebErrorStatus.ConnectionReset)]
    public async Task InputStream_throws_after_an_abnormal_end_with_what_came_before_first(bool isReset, WebErrorStatus status)
    {
        await using StreamDialogue dialogue = await StreamDialogue.OpenAsync();
        await dialogue.PeerSendsAsync([1, 2]);
        Assert.Equal([1], await dialogue.ReadAsync(1));
        if (isReset)
        {
            dialogue.Peer.Reset();
        }
        else
        {
            dialogue.Peer.ShutdownSend();
        }

        Assert.Equal([2], await dialogue.ReadAsync(1));
        MessageWebSocketException e = await Assert.ThrowsAsync<MessageWebSocketException>(() => dialogue.ReadAsync(1));
        Assert.Equal(status, e.Status);
        Assert.Equal(MessageWebSocketState.Aborted, dialogue.Socket.State);
        await Assert.ThrowsAsync<MessageWebSocketException>(() => dialogue.ReadAsync(1));
        await dialogue.Socket.Released;
    }

    [SocketTheory]
    [InlineData("small")]
    [InlineData("large")]
    [InlineData("fragments")]
    public async Task InputStream_refuses_a_text_message_with_close_code_1003(string kind)
    {
        await using StreamDialogue dialogue = await StreamDialogue.OpenAsync();
        await dialogue.PeerSendsAsync([1]);
        switch (kind)
        {
            case "small":
                await dialogue.Peer.SendTextAsync("aGVsbG8=");
                break;
            case "large":
                await dialogue.Peer.SendTextAsync(new string('A', 300_000));
                break;
            default:
                await dialogue.Peer.SendTextAsync("aGVs", fin: false);
                break;
        }

        Assert.Equal([1], await dialogue.ReadAsync(1));
        MessageWebSocketException e = await Assert.ThrowsAsync<MessageWebSocketException>(() => dialogue.ReadAsync(1));
        Assert.Equal(HResults.InvalidServerResponse, e.HResult);
        Assert.Contains("text message", e.Message, StringComparison.Ordinal);
        Assert.Equal((ushort)1003, (await dialogue.PeerReadsAsync(WireOpcode.Close)).CloseCode);
    }

    [SocketFact]
    public async Task InputStream_that_nobody_reads_holds_the_peer_back_at_64_KiB_and_loses_nothing()
    {
        const int Size = 16 * 1024 * 1024;
        byte[] sent = RandomNumberGenerator.GetBytes(Size);
        await using StreamDialogue dialogue = await StreamDialogue.OpenAsync();
        Task sending = Task.Run(async () =>
        {
            for (int at = 0; at < Size; at += 100_000)
            {
                await dialogue.PeerSendsAsync(sent[at..Math.Min(Size, at + 100_000)]);
            }
        });
        while (dialogue.Socket.Information.BytesQueued < MostWaiting)
        {
            await Task.Delay(1);
        }

        // Full, with more waiting at the door: the peer cannot finish, as no system buffers 16 MiB for it.
        Assert.Equal(MostWaiting, dialogue.Socket.Information.BytesQueued);
        Assert.Equal(MostWaiting, dialogue.Socket.Information.PayloadBytesReceived);
        Assert.InRange(dialogue.Socket.Information.BytesReceived, MostWaiting, (2 * MostWaiting) + 100);
        Assert.False(sending.IsCompleted);

        Assert.Equal(sent, await dialogue.ReadAsync(Size));
        await sending;
    }

    [SocketFact]
    public async Task InputStream_whose_reads_are_cancelled_loses_nothing_in_1000_times()
    {
        await using StreamDialogue dialogue = await StreamDialogue.OpenAsync();
        byte[] one = new byte[1];
        for (int i = 0; i < 1000; i++)
        {
            using CancellationTokenSource cancelled = new();
            ValueTask<int> read = dialogue.Socket.InputStream.ReadAsync(one, cancelled.Token);
            Task sending = dialogue.PeerSendsAsync([(byte)i]);
            await cancelled.CancelAsync();
            try
            {
                Assert.Equal(1, await read);
            }
            catch (OperationCanceledException e)
            {
                Assert.Equal(HResults.OperationCanceled, e.HResult);
                one = await dialogue.ReadAsync(1);
            }

            Assert.Equal((byte)i, one[0]);
            await sending;
        }

        Assert.Equal(MessageWebSocketState.Open, dialogue.Socket.State);
    }

    [SocketFact]
    public async Task InputStream_that_is_disposed_drops_what_comes_and_leaves_the_OutputStream_open()
    {
        await using StreamDialogue dialogue = await StreamDialogue.OpenAsync();
        Task<byte[]> waiting = dialogue.ReadAsync(1);
        dialogue.Socket.InputStream.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting);

        // More than is buffered on the way: nothing holds the peer back.
        await dialogue.PeerSendsAsync(new byte[8 * 1024 * 1024]);
        await dialogue.Peer.SendFrameAsync(WireOpcode.Ping, new byte[] { 1 });
        await dialogue.PeerReadsAsync(WireOpcode.Pong);
        await dialogue.Socket.OutputStream.WriteAsync(new byte[] { 5 });
        await dialogue.Socket.OutputStream.FlushAsync();

        Assert.Equal([5], (await dialogue.PeerReadsAsync(WireOpcode.Binary)).Payload);
        ObjectDisposedException e = await Assert.ThrowsAsync<ObjectDisposedException>(() => dialogue.ReadAsync(1));
        Assert.Equal(HResults.Closed, e.HResult);
        Assert.Equal(MessageWebSocketState.Open, dialogue.Socket.State);
    }

    [SocketFact]
    public async Task InputStream_with_a_DataReader_loads_all_or_what_is_there()
    {
        await using StreamDialogue dialogue = await StreamDialogue.OpenAsync();
        DataReader reader = new(dialogue.Socket.InputStream);
        Task<uint> all = reader.LoadAsync(4);
        await dialogue.PeerSendsAsync([0, 0]);
        await dialogue.PeerSendsAsync([1, 2, 9]);
        Assert.Equal(4u, await all);
        Assert.Equal(258u, reader.ReadUInt32());

        reader.InputStreamOptions = InputStreamOptions.Partial | InputStreamOptions.ReadAhead;
        Assert.Equal(1u, await reader.LoadAsync(1000));
        Assert.Equal(9, reader.ReadByte());
        Assert.Same(dialogue.Socket.InputStream, reader.DetachStream());
    }

    [SocketFact]
    public async Task InputStream_and_OutputStream_before_a_connect_are_illegal_method_calls()
    {
        await using StreamWebSocket socket = new();
        InvalidOperationException read = await Assert.ThrowsAsync<InvalidOperationException>(
            () => socket.InputStream.ReadAsync(new byte[1]).AsTask());
        InvalidOperationException flush = await Assert.ThrowsAsync<InvalidOperationException>(() => socket.OutputStream.FlushAsync());

        Assert.Equal(HResults.IllegalMethodCall, read.HResult);
        Assert.Equal(HResults.IllegalMethodCall, flush.HResult);
        Assert.True(socket.InputStream is { CanRead: true, CanWrite: false, CanSeek: false });
        Assert.True(socket.OutputStream is { CanRead: false, CanWrite: true, CanSeek: false });
    }

    [SocketFact]
    public async Task OutputStream_sends_what_was_written_as_binary_when_it_is_flushed()
    {
        await using StreamDialogue dialogue = await StreamDialogue.OpenAsync();
        await dialogue.Socket.OutputStream.FlushAsync();
        byte[] sent = RandomNumberGenerator.GetBytes(3000);
        await dialogue.Socket.OutputStream.WriteAsync(sent.AsMemory(0, 1000));
        dialogue.Socket.OutputStream.Write(sent, 1000, 1999);
        dialogue.Socket.OutputStream.WriteByte(sent[2999]);
        await dialogue.Socket.OutputStream.FlushAsync();

        Assert.Equal(sent, await PeerReadsBinaryAsync(dialogue, sent.Length));
        Assert.Equal(sent.Length, dialogue.Socket.Information.PayloadBytesSent);
    }

    [SocketFact]
    public async Task OutputStream_sends_a_long_write_in_frames_as_they_fill()
    {
        byte[] sent = RandomNumberGenerator.GetBytes(1_000_000);
        await using StreamDialogue dialogue = await StreamDialogue.OpenAsync();
        await dialogue.Socket.OutputStream.WriteAsync(sent);

        // What fills no frame is the only thing that waits.
        List<byte> received = [];
        while (received.Count < sent.Length / MostWaiting * MostWaiting)
        {
            RawFrame frame = await dialogue.PeerReadsAsync(WireOpcode.Binary);
            Assert.Equal(MostWaiting, frame.Payload.Length);
            Assert.True(frame.Fin && frame.Masked);
            received.AddRange(frame.Payload);
        }

        await dialogue.Socket.OutputStream.FlushAsync();
        received.AddRange((await dialogue.PeerReadsAsync(WireOpcode.Binary)).Payload);
        Assert.Equal(sent, received);
    }

    [SocketFact]
    public async Task OutputStream_sends_what_nobody_flushes_so_that_CopyToAsync_makes_a_tunnel()
    {
        await using StreamDialogue dialogue = await StreamDialogue.OpenAsync();
        await using StreamDialogue source = await StreamDialogue.OpenAsync();
        Task copying = source.Socket.InputStream.CopyToAsync(dialogue.Socket.OutputStream);
        await source.PeerSendsAsync([1, 2, 3]);

        Assert.Equal([1, 2, 3], await PeerReadsBinaryAsync(dialogue, 3));
        await source.Peer.SendCloseAsync(1000);
        await copying;
    }

    [SocketFact]
    public async Task OutputStream_that_is_disposed_sends_what_was_written_and_leaves_the_InputStream_open()
    {
        await using StreamDialogue dialogue = await StreamDialogue.OpenAsync();
        await dialogue.Socket.OutputStream.WriteAsync(new byte[] { 1, 2 });
        await dialogue.Socket.OutputStream.DisposeAsync();
        Assert.Equal([1, 2], await PeerReadsBinaryAsync(dialogue, 2));

        ObjectDisposedException e = await Assert.ThrowsAsync<ObjectDisposedException>(
            () => dialogue.Socket.OutputStream.WriteAsync(new byte[1]).AsTask());
        Assert.Equal(HResults.Closed, e.HResult);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => dialogue.Socket.OutputStream.FlushAsync());
        await dialogue.PeerSendsAsync([7]);
        Assert.Equal([7], await dialogue.ReadAsync(1));
        Assert.Equal(MessageWebSocketState.Open, dialogue.Socket.State);
    }

    [SocketFact]
    public async Task OutputStream_write_cancelled_while_the_peer_does_not_read_leaves_the_connection_whole()
    {
        byte[] block = RandomNumberGenerator.GetBytes(MostWaiting);
        await using StreamDialogue dialogue = await StreamDialogue.OpenAsync(
            static socket => socket.Control.OutboundBufferSizeInBytes = 16 * 1024,
            preparePeer: static peer => peer.LimitReceiveBuffer(16 * 1024));
        int accepted = 0;
        using CancellationTokenSource cancelled = new();
        Task write;
        while (true)
        {
            // Each write is one frame: it waits whole or not at all.
            write = dialogue.Socket.OutputStream.WriteAsync(block, cancelled.Token).AsTask();
            if (!write.IsCompleted)
            {
                break;
            }

            accepted++;
        }

        await cancelled.CancelAsync();
        if (!(await Record.ExceptionAsync(() => write) is OperationCanceledException))
        {
            accepted++;
        }

        byte[] last = [1, 2, 3];
        Task closing = Task.Run(async () =>
        {
            await dialogue.Socket.OutputStream.WriteAsync(last);
            await dialogue.Socket.OutputStream.FlushAsync();
        });
        byte[] received = await PeerReadsBinaryAsync(dialogue, (accepted * block.Length) + last.Length);
        await closing;
        for (int i = 0; i < accepted; i++)
        {
            Assert.True(received.AsSpan(i * block.Length, block.Length).SequenceEqual(block));
        }

        Assert.Equal(last, received[^3..]);
        Assert.Equal(MessageWebSocketState.Open, dialogue.Socket.State);
    }

    [SocketFact]
    public async Task DataWriter_StoreAsync_cancelled_while_the_peer_does_not_read_sends_nothing_twice()
    {
        byte[] bytes = RandomNumberGenerator.GetBytes(8 * MostWaiting);
        await using StreamDialogue dialogue = await StreamDialogue.OpenAsync(
            static socket => socket.Control.OutboundBufferSizeInBytes = 16 * 1024,
            preparePeer: static peer => peer.LimitReceiveBuffer(16 * 1024));
        using DataWriter writer = new(dialogue.Socket.OutputStream);
        writer.WriteBytes(bytes);
        using CancellationTokenSource cancelled = new();
        Task<uint> store = writer.StoreAsync(cancelled.Token);
        Assert.False(store.IsCompleted);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store);

        // Some frames had left: they are stored, and the next store counts them.
        Assert.InRange(writer.UnstoredBufferLength, 1u, (uint)bytes.Length - 1);
        Task<uint> again = writer.StoreAsync();
        byte[] received = await PeerReadsBinaryAsync(dialogue, bytes.Length);
        Assert.Equal((uint)bytes.Length, await again);
        Assert.True(received.AsSpan().SequenceEqual(bytes));
        Assert.Equal(MessageWebSocketState.Open, dialogue.Socket.State);
    }

    [SocketFact]
    public async Task InputStream_and_OutputStream_work_at_once_from_two_threads()
    {
        const int Size = 8 * 1024 * 1024;
        byte[] there = RandomNumberGenerator.GetBytes(Size);
        byte[] back = RandomNumberGenerator.GetBytes(Size);
        await using StreamDialogue dialogue = await StreamDialogue.OpenAsync();
        Task writing = Task.Run(async () =>
        {
            for (int at = 0; at < Size; at += 5_000)
            {
                await dialogue.Socket.OutputStream.WriteAsync(there.AsMemory(at, Math.Min(5_000, Size - at)));
            }

            await dialogue.Socket.OutputStream.FlushAsync();
        });
        Task<byte[]> reading = Task.Run(() => dialogue.ReadAsync(Size));
        Task sending = Task.Run(async () =>
        {
            for (int at = 0; at < Size; at += 70_000)
            {
                await dialogue.PeerSendsAsync(back[at..Math.Min(Size, at + 70_000)]);
            }
        });

        Assert.Equal(there, await PeerReadsBinaryAsync(dialogue, Size));
        Assert.Equal(back, await reading);
        await Task.WhenAll(writing, sending);
    }

    [SocketFact]
    public async Task CloseAsync_ends_writing_and_what_the_peer_sends_before_its_close_frame_is_read()
    {
        const int Size = 4 * 1024 * 1024;
        byte[] rest = RandomNumberGenerator.GetBytes(Size);
        await using StreamDialogue dialogue = await StreamDialogue.OpenAsync();
        Task<WebSocketCloseResult> closing = dialogue.Socket.CloseAsync(1000);
        await dialogue.PeerReadsAsync(WireOpcode.Close);
        Assert.Equal(MessageWebSocketState.Closing, dialogue.Socket.State);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => dialogue.Socket.OutputStream.FlushAsync());

        Task sending = Task.Run(async () =>
        {
            await dialogue.PeerSendsAsync(rest);
            await dialogue.Peer.SendCloseAsync(1000);
            dialogue.Peer.ShutdownSend();
        });
        Assert.Equal(rest, await dialogue.ReadAsync(Size));
        Assert.Equal(0, await dialogue.Socket.InputStream.ReadAsync(new byte[1]));
        Assert.Equal(new WebSocketCloseResult(1000, ""), await closing);
        await sending;
    }

    [SocketFact]
    public async Task Close_raises_Closed_once_and_leaves_what_has_arrived_readable()
    {
        int closed = 0;
        await using StreamDialogue dialogue = await StreamDialogue.OpenAsync(socket => socket.Closed += (_, e) => closed += e.Code);
        await dialogue.PeerSendsAsync([1, 2]);
        Assert.Equal([1], await dialogue.ReadAsync(1));
        dialogue.Socket.Close(1001, "away");
        dialogue.Socket.Close();

        Assert.Equal(1001, closed);
        RawFrame close = await dialogue.PeerReadsAsync(WireOpcode.Close);
        Assert.Equal(((ushort?)1001, "away"), (close.CloseCode, close.CloseReason));
        Assert.Equal([2], await dialogue.ReadAsync(1));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => dialogue.ReadAsync(1));
        ObjectDisposedException e = await Assert.ThrowsAsync<ObjectDisposedException>(() => dialogue.Socket.OutputStream.FlushAsync());
        Assert.Equal(HResults.Closed, e.HResult);
        Assert.Throws<ArgumentOutOfRangeException>(() => dialogue.Socket.Close(1005));
    }

    [SocketFact]
    public async Task Closed_tells_code_and_reason_of_the_peer()
    {
        TaskCompletionSource<WebSocketClosedEventArgs> closed = new();
        await using StreamDialogue dialogue = await StreamDialogue.OpenAsync(socket => socket.Closed += (sender, e) =>
        {
            Assert.Same(socket, sender);
            closed.SetResult(e);
        });
        Assert.Throws<InvalidOperationException>(() => dialogue.Socket.Closed += (_, _) => { });
        await dialogue.Peer.SendCloseAsync(4001, "bye");

        WebSocketClosedEventArgs told = await closed.Task;
        Assert.Equal((4001, "bye"), ((int)told.Code, told.Reason));
        Assert.Equal((ushort)4001, (await dialogue.PeerReadsAsync(WireOpcode.Close)).CloseCode);
    }

    [SocketFact]
    public async Task ConnectAsync_has_the_handshake_of_MessageWebSocket()
    {
        await using StreamWebSocket wrong = new();
        await Assert.ThrowsAsync<ArgumentException>(() => wrong.ConnectAsync(new Uri("http://127.0.0.1/")));
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.SendResponseAsync(403, "no");
        });
        MessageWebSocketException refused = await Assert.ThrowsAsync<MessageWebSocketException>(() => wrong.ConnectAsync(server.Uri));
        Assert.Equal((WebErrorStatus.Forbidden, "no"), (refused.Status, refused.ResponseBody));

        await using StreamDialogue dialogue = await StreamDialogue.OpenAsync(
            socket =>
            {
                socket.Control.SupportedProtocols.Add("binary");
                socket.SetRequestHeader("X-Token", "t");
            },
            new HandshakeAnswer { SubProtocol = "binary" });
        Assert.Equal("t", dialogue.Peer.Request!.Headers["X-Token"]);
        Assert.Equal("binary", dialogue.Socket.Information.Protocol);
        Assert.Equal(dialogue.Uri, dialogue.Socket.Uri);
        InvalidOperationException again = await Assert.ThrowsAsync<InvalidOperationException>(
            () => dialogue.Socket.ConnectAsync(dialogue.Uri));
        Assert.Equal(HResults.IllegalMethodCall, again.HResult);
        Assert.Throws<InvalidOperationException>(() => dialogue.Socket.SetRequestHeader("X-Token", "u"));
    }

    [SocketTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Control_NoDelay_is_TCP_NODELAY_of_the_real_socket(bool noDelay)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The socket of a port is found through /proc, which is Linux only.");
        await using StreamWebSocket untouched = new();
        Assert.True(untouched.Control.NoDelay);
        await using StreamDialogue dialogue = await StreamDialogue.OpenAsync(socket => socket.Control.NoDelay = noDelay);

        Assert.Equal(noDelay ? 1 : 0, SocketOption.Of(dialogue.Socket.Information, IpProtoTcp, TcpNoDelay));
        Assert.Throws<InvalidOperationException>(() => dialogue.Socket.Control.NoDelay = !noDelay);
    }

    [SocketFact]
    public async Task Clone_has_the_settings_headers_and_handlers()
    {
        object? sender = null;
        using StreamWebSocket original = new();
        original.Control.NoDelay = false;
        original.Control.SupportedProtocols.Add("binary");
        original.Control.DesiredUnsolicitedPongInterval = TimeSpan.FromSeconds(3);
        original.SetRequestHeader("X-Token", "t");
        original.Closed += (s, _) => sender = s;

        using StreamWebSocket clone = original.Clone();
        await using RawServer server = RawServer.Start(async connection =>
        {
            await connection.AcceptHandshakeAsync(new HandshakeAnswer { SubProtocol = "binary" });
            await connection.HoldAsync();
        });
        await clone.ConnectAsync(server.Uri);
        clone.Close();

        Assert.False(clone.Control.NoDelay);
        Assert.Equal(TimeSpan.FromSeconds(3), clone.Control.ActualUnsolicitedPongInterval);
        Assert.Equal("t", server.Connections[0].Request!.Headers["X-Token"]);
        Assert.Same(clone, sender);
        Assert.Equal(MessageWebSocketState.Created, original.State);
    }

    [SocketFact]
    public async Task Compression_goes_both_ways()
    {
        await using TestWebSocketServer server = await TestWebSocketServer.StartAsync();
        await using StreamWebSocket socket = new();
        socket.Control.Compression = new System.Net.WebSockets.WebSocketDeflateOptions();
        await socket.ConnectAsync(server.At("/echo"));
        byte[] sent = [.. Enumerable.Range(0, 500_000).Select(static i => (byte)(i / 1000))];
        Task writing = Task.Run(async () =>
        {
            await socket.OutputStream.WriteAsync(sent);
            await socket.OutputStream.FlushAsync();
        });
        byte[] received = new byte[sent.Length];
        await socket.InputStream.ReadExactlyAsync(received);
        await writing;

        Assert.Equal(sent, received);
    }

    [SocketFact]
    public async Task PingAsync_completes_with_the_round_trip_time()
    {
        await using StreamDialogue dialogue = await StreamDialogue.OpenAsync();
        Task<TimeSpan> ping = dialogue.Socket.PingAsync();
        RawFrame asked = await dialogue.PeerReadsAsync(WireOpcode.Ping);
        await dialogue.Peer.SendFrameAsync(WireOpcode.Pong, asked.Payload);

        Assert.True(await ping > TimeSpan.Zero);
    }

    private static async Task<byte[]> PeerReadsBinaryAsync(StreamDialogue dialogue, int length)
    {
        using MemoryStream received = new();
        while (received.Length < length)
        {
            received.Write((await dialogue.PeerReadsAsync(WireOpcode.Binary)).Payload);
        }

        return received.ToArray();
    }
}
