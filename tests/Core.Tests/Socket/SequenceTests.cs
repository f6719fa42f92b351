using System.Buffers;
using System.Net.WebSockets;
using System.Text;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Sockets;

/// <summary>Messages in several pieces: sent without being put together, forwarded as they came, and disposed of.</summary>
public sealed class SequenceTests
{
    private const int Long = 300_000;

    [SocketTheory]
    [InlineData(1, 2, 3)]
    [InlineData(5, 0, 7)]
    [InlineData(0, 0, 0)]
    [InlineData(3, 65_530, 4)]
    [InlineData(65_536, 65_536, 10)]
    public async Task SendSequenceAsync_sends_one_masked_frame_whatever_the_pieces(params int[] lengths)
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        byte[] whole = Bytes(lengths.Sum());

        Task sending = dialogue.Socket.SendSequenceAsync(Cut(whole, lengths), SocketMessageType.Binary).AsTask();
        RawFrame frame = await dialogue.PeerReadsAsync(WireOpcode.Binary);
        await sending;

        Assert.True(frame.Fin);
        Assert.True(frame.Masked);
        Assert.Equal(whole, frame.Payload);
        Assert.Equal(whole.Length, dialogue.Socket.Information.PayloadBytesSent);
    }

    [SocketFact]
    public async Task SendSequenceAsync_judges_text_over_all_pieces()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        byte[] text = "Grüße, 世界, 𝄞"u8.ToArray();
        for (int cut = 1; cut < text.Length; cut++)
        {
            await dialogue.Socket.SendSequenceAsync(Cut(text, cut, text.Length - cut), SocketMessageType.Utf8);
            Assert.Equal(text, (await dialogue.PeerReadsAsync(WireOpcode.Text)).Payload);
        }

        byte[][] wrong = [[0x41, 0xC3, 0x41], [0x41, 0x41, 0xC3]];
        foreach (byte[] bytes in wrong)
        {
            await Assert.ThrowsAsync<ArgumentException>(
                () => dialogue.Socket.SendSequenceAsync(Cut(bytes, 2, 1), SocketMessageType.Utf8).AsTask());
        }

        await dialogue.Socket.SendAsync("next");
        Assert.Equal("next", (await dialogue.PeerReadsAsync(WireOpcode.Text)).Text);
    }

    [SocketFact]
    public async Task SendSequenceAsync_ends_a_record_as_any_send_does()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(static socket => socket.Control.RecordSeparator = "\u001e");
        await dialogue.Socket.SendSequenceAsync(Cut("record"u8.ToArray(), 2, 4), SocketMessageType.Utf8);
        Assert.Equal("record\u001e", (await dialogue.PeerReadsAsync(WireOpcode.Text)).Text);
    }

    [SocketTheory]
    [InlineData(0, 3)]
    [InlineData(0, 0)]
    [InlineData(3, 0)]
    [InlineData(0, 3, 0, 4, 0)]
    public async Task SendSequenceAsync_compresses_whatever_the_pieces(params int[] lengths)
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(
            new WebSocketEchoServerOptions { Compression = new WebSocketDeflateOptions() });
        await using MessageWebSocket socket = new();
        socket.Control.Compression = new WebSocketDeflateOptions();
        await socket.ConnectAsync(server.Uri);
        byte[] whole = Bytes(lengths.Sum());

        await socket.SendSequenceAsync(Cut(whole, lengths), SocketMessageType.Binary);

        Assert.Equal(whole, Assert.IsType<WsMessage>(await socket.ReceiveAsync()).Bytes);
        Assert.Equal(1, socket.Information.MessagesSent);
        Assert.Equal(Math.Max(1, lengths.Count(static length => length > 0)), socket.Information.FramesSent);
    }

    [SocketTheory]
    [InlineData(false, SocketMessageType.Utf8)]
    [InlineData(true, SocketMessageType.Utf8)]
    [InlineData(false, SocketMessageType.Binary)]
    [InlineData(true, SocketMessageType.Binary)]
    public async Task ForwardAsync_sends_a_received_message_on_as_it_is(bool isCompressed, SocketMessageType type)
    {
        await using WebSocketEchoServer server = WebSocketEchoServer.Start(new WebSocketEchoServerOptions
        {
            Compression = isCompressed ? new WebSocketDeflateOptions() : null,
        });
        await using MessageWebSocket socket = new();
        socket.Control.Compression = isCompressed ? new WebSocketDeflateOptions() : null;
        await socket.ConnectAsync(server.Uri);
        byte[] bytes = Bytes(Long);
        await socket.SendAsync(bytes, type);
        for (int i = 0; i < 3; i++)
        {
            using WsMessage message = Assert.IsType<WsMessage>(await socket.ReceiveAsync());
            Assert.Equal(type, message.MessageType);
            Assert.False(message.AsSequence().IsSingleSegment);
            Assert.True(message.AsSequence().ToArray().AsSpan().SequenceEqual(bytes));
            await socket.ForwardAsync(message);
        }
    }

    [SocketFact]
    public async Task A_message_that_was_disposed_of_gives_its_memory_to_the_next_and_no_other_is_touched()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        List<WsMessage> kept = [];
        for (int i = 0; i < 40; i++)
        {
            byte[] content = [.. Enumerable.Repeat((byte)i, Long)];
            Task sending = dialogue.Peer.SendFrameAsync(WireOpcode.Binary, content);
            WsMessage message = await dialogue.ReceiveAsync();
            await sending;
            if (i % 4 == 0)
            {
                kept.Add(message);
                continue;
            }

            message.Dispose();
            message.Dispose();
            Assert.Equal(Long, message.Length);
        }

        Assert.All(kept, static (message, index) => Assert.Equal(-1, message.Bytes.AsSpan().IndexOfAnyExcept((byte)(index * 4))));
    }

    // A filter of ReadAllAsync, for one, may still be reading what another reader takes.
    [SocketFact]
    public async Task The_memory_of_a_message_that_somebody_was_shown_is_nobody_elses_when_it_is_disposed_of()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        Task sending = dialogue.Peer.SendFrameAsync(WireOpcode.Binary, new byte[Long]);
        Assert.True(await dialogue.Socket.WaitToReceiveAsync(TestContext.Current.CancellationToken));
        Assert.True(dialogue.Socket.TryPeek(out WsMessage? shown));
        ReadOnlySequence<byte> bytes = shown.AsSequence();
        WsMessage taken = await dialogue.ReceiveAsync();
        await sending;
        Assert.Same(shown, taken);

        taken.Dispose();
        for (int i = 1; i <= 5; i++)
        {
            sending = dialogue.Peer.SendFrameAsync(WireOpcode.Binary, Enumerable.Repeat((byte)i, Long).ToArray());
            Assert.Equal(i, (await dialogue.ReceiveAsync()).Bytes[0]);
            await sending;
        }

        Assert.Equal(-1, bytes.ToArray().AsSpan().IndexOfAnyExcept((byte)0));
    }

    [SocketTheory]
    [InlineData(5)]
    [InlineData(Long)]
    public async Task A_message_that_was_disposed_of_says_so(int length)
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        WsMessage read = await SendAndReceiveAsync(dialogue, length);
        string text = read.Text;
        read.Dispose();
        Assert.Same(text, read.Text);
        Assert.Same(text, read.ToString());

        WsMessage unread = await SendAndReceiveAsync(dialogue, length);
        unread.Dispose();
        Assert.Equal("", unread.ToString());
        Assert.Throws<ObjectDisposedException>(() => unread.Text);
        Assert.Throws<ObjectDisposedException>(() => unread.Bytes);
        Assert.Throws<ObjectDisposedException>(() => unread.Data);
        Assert.Throws<ObjectDisposedException>(() => unread.AsMemory());
        Assert.Throws<ObjectDisposedException>(() => unread.AsSequence());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => dialogue.Socket.ForwardAsync(unread).AsTask());
        Assert.Equal(MessageWebSocketState.Open, dialogue.Socket.State);
    }

    [SocketFact]
    public async Task What_somebody_looked_at_in_the_inbox_is_not_released_by_who_takes_it()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        using CancellationTokenSource enough = new();
        Func<MessageWebSocket, Task>[] looks =
        [
            static socket => Task.FromResult(socket.TryPeek(out _)),
            async socket =>
            {
                await foreach (WsMessage _ in socket.ReadAllAsync(_ => Never(enough), enough.Token))
                {
                }
            },
        ];
        foreach (Func<MessageWebSocket, Task> look in looks)
        {
            await dialogue.Peer.SendFrameAsync(WireOpcode.Text, Bytes(Long));
            Assert.True(await dialogue.Socket.WaitToReceiveAsync());
            await Record.ExceptionAsync(() => look(dialogue.Socket));
            WsMessage seen = await dialogue.ReceiveAsync();
            seen.Release();
            Assert.Equal(Long, seen.AsSequence().Length);
        }

        WsMessage unseen = await SendAndReceiveAsync(dialogue, Long);
        unseen.Release();
        Assert.Throws<ObjectDisposedException>(() => unseen.AsSequence());
    }

    private static bool Never(CancellationTokenSource enough)
    {
        enough.Cancel();
        return false;
    }

    private static async Task<WsMessage> SendAndReceiveAsync(Dialogue dialogue, int length)
    {
        Task sending = dialogue.Peer.SendFrameAsync(WireOpcode.Text, Bytes(length));
        WsMessage message = await dialogue.ReceiveAsync();
        await sending;
        return message;
    }

    private static byte[] Bytes(int length) => [.. Enumerable.Range(0, length).Select(static i => (byte)(i % 127))];

    private static ReadOnlySequence<byte> Cut(byte[] bytes, params int[] lengths)
    {
        PayloadSegment first = new(bytes.AsMemory(0, lengths[0]), 0);
        PayloadSegment last = first;
        int start = lengths[0];
        foreach (int length in lengths.Skip(1))
        {
            last = last.Append(bytes.AsMemory(start, length));
            start += length;
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }
}
