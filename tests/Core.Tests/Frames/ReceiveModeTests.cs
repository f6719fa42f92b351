using System.Text;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Frames;

public sealed class ReceiveModeTests
{
    [SocketFact]
    public async Task ReceiveMode_PartialMessage_gives_chunks_with_IsMessageComplete_on_the_last()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(Partial);
        await dialogue.Peer.SendFrameAsync(WireOpcode.Binary, new byte[] { 1, 2 }, fin: false);
        WsMessage first = await dialogue.ReceiveAsync();
        await dialogue.Peer.SendFrameAsync(WireOpcode.Continuation, new byte[] { 3 }, fin: false);
        WsMessage second = await dialogue.ReceiveAsync();
        await dialogue.Peer.SendFrameAsync(WireOpcode.Continuation, new byte[] { 4, 5 });
        WsMessage third = await dialogue.ReceiveAsync();
        await dialogue.Peer.SendTextAsync("whole");
        WsMessage next = await dialogue.ReceiveAsync();

        Assert.Equal([1, 2], first.Bytes);
        Assert.Equal([3], second.Bytes);
        Assert.Equal([4, 5], third.Bytes);
        Assert.Equal([false, false, true, true], new[] { first, second, third, next }.Select(chunk => chunk.IsMessageComplete));
        Assert.All([first, second, third], chunk => Assert.Equal(SocketMessageType.Binary, chunk.MessageType));
        Assert.Equal("whole", next.Text);
        Assert.Equal(2, dialogue.Socket.Information.MessagesReceived);
    }

    [SocketFact]
    public async Task ReceiveMode_PartialMessage_ends_a_message_whose_last_frame_is_empty()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(Partial);
        await dialogue.Peer.SendFrameAsync(WireOpcode.Text, "a"u8.ToArray(), fin: false);
        await dialogue.Peer.SendFrameAsync(WireOpcode.Continuation, Array.Empty<byte>());
        await dialogue.Peer.SendTextAsync("");

        WsMessage[] chunks = [await dialogue.ReceiveAsync(), await dialogue.ReceiveAsync(), await dialogue.ReceiveAsync()];

        Assert.Equal(["a", "", ""], chunks.Select(chunk => chunk.Text));
        Assert.Equal([false, true, true], chunks.Select(chunk => chunk.IsMessageComplete));
    }

    [SocketTheory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    public async Task ReceiveMode_PartialMessage_never_splits_a_character_of_a_text(int fragment)
    {
        const string Text = "aé€𝄞 Grüße 世界 \U0001F600!";
        byte[] bytes = Encoding.UTF8.GetBytes(Text);
        await using Dialogue dialogue = await Dialogue.OpenAsync(Partial);
        for (int start = 0; start < bytes.Length; start += fragment)
        {
            bool isLast = start + fragment >= bytes.Length;
            await dialogue.Peer.SendFrameAsync(
                start == 0 ? WireOpcode.Text : WireOpcode.Continuation,
                bytes.AsMemory(start, Math.Min(fragment, bytes.Length - start)),
                fin: isLast);
        }

        UTF8Encoding strict = new(false, throwOnInvalidBytes: true);
        StringBuilder text = new();
        WsMessage chunk;
        do
        {
            chunk = await dialogue.ReceiveAsync();
            text.Append(strict.GetString(chunk.Bytes));
        }
        while (!chunk.IsMessageComplete);

        Assert.Equal(Text, text.ToString());
    }

    [SocketTheory]
    [InlineData(1_000)]
    [InlineData(100_000)]
    [InlineData(1_000_000)]
    public async Task ReceiveMode_PartialMessage_gives_what_has_arrived_of_a_frame_and_then_the_rest(int length)
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(Partial);
        byte[] payload = [.. Enumerable.Range(0, length).Select(i => (byte)(i * 7))];
        byte[] frame = FrameBytes.Build(WireOpcode.Binary, payload);
        int half = frame.Length / 2;
        int arrived = half - (frame.Length - length);
        await dialogue.Peer.SendBytesAsync(frame.AsMemory(0, half));
        (byte[] first, bool isEnd) = await ReceiveChunksAsync(dialogue, arrived);
        await dialogue.Peer.SendBytesAsync(frame.AsMemory(half));
        (byte[] second, bool isEndThen) = await ReceiveChunksAsync(dialogue, length - arrived);

        Assert.Equal(payload, (byte[])[.. first, .. second]);
        Assert.Equal((false, true), (isEnd, isEndThen));
    }

    [SocketFact]
    public async Task ReceiveMode_PartialMessage_gives_what_has_arrived_of_a_frame_that_is_cut_off_and_then_the_error()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(Partial);
        byte[] frame = FrameBytes.Build(WireOpcode.Text, "abcdefghij\u20AC"u8);

        // All but the last byte of the last character, which no chunk has without its end.
        await dialogue.Peer.SendBytesAsync(frame.AsMemory(0, frame.Length - 1));
        dialogue.Peer.ShutdownSend();

        (byte[] chunks, bool isEnd) = await ReceiveChunksAsync(dialogue, 10);
        Assert.Equal("abcdefghij", Encoding.UTF8.GetString(chunks));
        Assert.False(isEnd);
        MessageWebSocketException e = await Assert.ThrowsAsync<MessageWebSocketException>(() => dialogue.Socket.ReceiveAsync().AsTask());
        Assert.Equal(WebErrorStatus.ConnectionAborted, e.Status);
    }

    [SocketFact]
    public async Task ReceiveMode_PartialMessage_raises_one_event_a_chunk()
    {
        EventRecorder events = new();
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket =>
        {
            Partial(socket);
            events.RecordMessages(socket);
        });
        await dialogue.Peer.SendFrameAsync(WireOpcode.Text, "one "u8.ToArray(), fin: false);
        MessageWebSocketMessageReceivedEventArgs first = await events.NextMessageAsync();
        await dialogue.Peer.SendFrameAsync(WireOpcode.Continuation, "two"u8.ToArray());
        MessageWebSocketMessageReceivedEventArgs second = await events.NextMessageAsync();

        Assert.False(first.IsMessageComplete);
        Assert.True(second.IsMessageComplete);
        Assert.Equal(SocketMessageType.Utf8, second.MessageType);
        Assert.Equal("one ", first.GetDataReader().ReadString(4));
        Assert.Equal("two", second.GetDataReader().ReadString(3));
    }

    [SocketFact]
    public async Task ReceiveMode_PartialMessage_still_refuses_a_message_larger_than_MaxMessageSize()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket =>
        {
            Partial(socket);
            socket.Control.MaxMessageSize = 100;
        });
        await dialogue.Peer.SendFrameAsync(WireOpcode.Binary, new byte[60], fin: false);
        await dialogue.Peer.SendFrameAsync(WireOpcode.Continuation, new byte[60]);

        Assert.Equal(60, (await dialogue.ReceiveAsync()).Length);
        MessageWebSocketException refused = await Assert.ThrowsAsync<MessageWebSocketException>(
            () => dialogue.Socket.ReceiveAsync().AsTask());
        Assert.Equal(HResults.MessageTooLarge, refused.HResult);
        Assert.Equal((ushort)1009, (await dialogue.PeerReadsAsync(WireOpcode.Close)).CloseCode);
    }

    [SocketTheory]
    [InlineData(MessageWebSocketReceiveMode.FullMessage, 2)]
    [InlineData(MessageWebSocketReceiveMode.PartialMessage, 2)]
    [InlineData(MessageWebSocketReceiveMode.FullMessage, 65_537)]
    public async Task ReceiveMode_refuses_a_text_whose_empty_last_frame_leaves_a_character_unfinished(
        MessageWebSocketReceiveMode mode, int length)
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket => socket.Control.ReceiveMode = mode);
        byte[] cut = new byte[length];
        cut.AsSpan().Fill((byte)'a');
        cut[^2] = 0xE2;
        cut[^1] = 0x82;
        await dialogue.Peer.SendFrameAsync(WireOpcode.Text, cut, fin: false);
        await dialogue.Peer.SendFrameAsync(WireOpcode.Continuation, Array.Empty<byte>());

        MessageWebSocketException refused = await Assert.ThrowsAsync<MessageWebSocketException>(async () =>
        {
            while (true)
            {
                Assert.False((await dialogue.ReceiveAsync()).IsMessageComplete);
            }
        });
        Assert.Equal(HResults.InvalidServerResponse, refused.HResult);
        Assert.Equal((ushort)1007, (await dialogue.PeerReadsAsync(WireOpcode.Close)).CloseCode);
    }

    // Chunks until there are so many bytes, and whether the last one ends its message.
    private static async Task<(byte[] Bytes, bool IsEnd)> ReceiveChunksAsync(Dialogue dialogue, int count)
    {
        List<byte> received = [];
        WsMessage chunk;
        do
        {
            chunk = await dialogue.ReceiveAsync();
            received.AddRange(chunk.Bytes);
        }
        while (received.Count < count);

        return ([.. received], chunk.IsMessageComplete);
    }

    private static void Partial(MessageWebSocket socket) => socket.Control.ReceiveMode = MessageWebSocketReceiveMode.PartialMessage;
}
