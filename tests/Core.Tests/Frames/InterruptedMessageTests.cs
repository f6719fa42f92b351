using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Frames;

/// <summary>Only a final frame ends a message: whatever interrupts one discards it and is told as what it is.</summary>
public sealed class InterruptedMessageTests
{
    [SocketFact]
    public async Task A_close_frame_with_half_a_code_is_refused_at_its_announcement()
    {
        await using Dialogue dialogue = await OpenAsync(isCompressed: false);

        await dialogue.Peer.SendBytesAsync((byte[])[0x88, 0x01]);

        Assert.Equal(HResults.InvalidServerResponse, (await FailsAsync(dialogue)).HResult);
        Assert.Equal(FrameBytes.ClosePayload(1002), (await dialogue.PeerReadsAsync(WireOpcode.Close)).Payload);
    }

    // A first fragment, whole and compressed, and one that brings nothing.
    public static TheoryData<byte[], bool> FirstFragments { get; } = new()
    {
        { FrameBytes.Build(WireOpcode.Binary, "DELETE /a"u8, fin: false), false },
        { FrameBytes.Text("DELETE /a", fin: false), false },
        { FrameBytes.Build(WireOpcode.Binary, [], fin: false), false },
        { FrameBytes.Build(WireOpcode.Text, [0xF2, 0x48, 0xCD], fin: false, rsv: 4), true },
        { FrameBytes.Build(WireOpcode.Binary, new byte[70_000], fin: false), false },
    };

    [SocketTheory]
    [MemberData(nameof(FirstFragments))]
    public async Task A_close_frame_inside_a_message_discards_it_and_is_answered(byte[] first, bool isCompressed)
    {
        await using Dialogue dialogue = await OpenAsync(isCompressed);

        await dialogue.Peer.SendBytesAsync((byte[])[.. first, .. FrameBytes.Close(1001, "restart")]);

        Assert.Null(await dialogue.Socket.ReceiveAsync());
        Assert.Equal(((ushort?)1001, "restart"), (dialogue.Socket.Information.CloseCode, dialogue.Socket.Information.CloseReason));
        Assert.Equal(FrameBytes.ClosePayload(1001), (await dialogue.PeerReadsAsync(WireOpcode.Close)).Payload);
        Assert.Equal(MessageWebSocketState.Closed, dialogue.Socket.State);
        Assert.Equal(0, dialogue.Socket.Information.MessagesReceived);
    }

    [SocketTheory]
    [MemberData(nameof(FirstFragments))]
    public async Task A_close_frame_inside_a_message_raises_Closed_and_nothing_else(byte[] first, bool isCompressed)
    {
        EventRecorder events = new();
        await using Dialogue dialogue = await OpenAsync(isCompressed, events.RecordAll);

        await dialogue.Peer.SendBytesAsync((byte[])[.. first, .. FrameBytes.Close(1001, "restart")]);

        WebSocketClosedEventArgs closed = await events.NextCloseAsync();
        Assert.Equal((1001, "restart"), (closed.Code, closed.Reason));
        Assert.Equal(FrameBytes.ClosePayload(1001), (await dialogue.PeerReadsAsync(WireOpcode.Close)).Payload);
        dialogue.Peer.ShutdownSend();
        await dialogue.Socket.Released;
        Assert.False(events.HasMore);
    }

    [SocketTheory]
    [MemberData(nameof(FirstFragments))]
    public async Task A_close_frame_inside_a_message_is_what_CloseAsync_waited_for(byte[] first, bool isCompressed)
    {
        await using Dialogue dialogue = await OpenAsync(isCompressed);
        await dialogue.Peer.SendBytesAsync(first);
        Task<WebSocketCloseResult> closing = dialogue.Socket.CloseAsync(1000);
        await dialogue.PeerReadsAsync(WireOpcode.Close);

        await dialogue.Peer.SendCloseAsync(1001, "restart");
        dialogue.Peer.ShutdownSend();

        Assert.Equal(new WebSocketCloseResult(1001, "restart"), await closing);
        Assert.Null(await dialogue.Socket.ReceiveAsync());
    }

    [SocketTheory]
    [InlineData("", "")]
    [InlineData("DELETE /a", "DELETE /a")]
    [InlineData("\u00E9", "")]
    public async Task In_chunks_what_came_is_handed_out_as_incomplete_and_the_close_follows(string sent, string handedOut)
    {
        await using Dialogue dialogue = await OpenAsync(
            configure: socket => socket.Control.ReceiveMode = MessageWebSocketReceiveMode.PartialMessage);
        byte[] text = System.Text.Encoding.UTF8.GetBytes(sent);
        byte[] cut = sent == "\u00E9" ? text[..1] : text;

        await dialogue.Peer.SendBytesAsync(
            (byte[])[.. FrameBytes.Build(WireOpcode.Text, cut, fin: false), .. FrameBytes.Close(1001, "restart")]);

        WsMessage chunk = await dialogue.ReceiveAsync();
        Assert.Equal((handedOut, false, SocketMessageType.Utf8), (chunk.Text, chunk.IsMessageComplete, chunk.MessageType));
        Assert.Null(await dialogue.Socket.ReceiveAsync());
        Assert.Equal((ushort?)1001, dialogue.Socket.Information.CloseCode);
        Assert.Equal(FrameBytes.ClosePayload(1001), (await dialogue.PeerReadsAsync(WireOpcode.Close)).Payload);
    }

    [SocketTheory]
    [MemberData(nameof(FirstFragments))]
    public async Task The_end_of_the_connection_inside_a_message_discards_it(byte[] first, bool isCompressed)
    {
        await using Dialogue dialogue = await OpenAsync(isCompressed);

        await dialogue.Peer.SendBytesAsync(first);
        dialogue.Peer.ShutdownSend();

        MessageWebSocketException lost = await Assert.ThrowsAsync<MessageWebSocketException>(() => dialogue.Socket.ReceiveAsync().AsTask());
        Assert.Equal(WebErrorStatus.ConnectionAborted, lost.Status);
        Assert.Equal(0, dialogue.Socket.Information.MessagesReceived);
    }

    [SocketFact]
    public async Task A_further_message_inside_one_is_refused_even_when_nothing_of_the_first_could_be_decompressed_yet()
    {
        await using Dialogue dialogue = await OpenAsync(isCompressed: true);

        await dialogue.Peer.SendBytesAsync(
            (byte[])[.. FrameBytes.Build(WireOpcode.Text, [], fin: false, rsv: 4), .. FrameBytes.Text("within")]);

        Assert.Equal(HResults.InvalidServerResponse, (await FailsAsync(dialogue)).HResult);
        Assert.Equal(FrameBytes.ClosePayload(1002), (await dialogue.PeerReadsAsync(WireOpcode.Close)).Payload);
    }

    internal static async Task<MessageWebSocketException> FailsAsync(Dialogue dialogue) =>
        await Assert.ThrowsAsync<MessageWebSocketException>(() => dialogue.Socket.ReceiveAsync().AsTask());

    internal static Task<Dialogue> OpenAsync(bool isCompressed = false, Action<MessageWebSocket>? configure = null) => Dialogue.OpenAsync(
        socket =>
        {
            socket.Control.Compression = isCompressed ? new System.Net.WebSockets.WebSocketDeflateOptions() : null;
            configure?.Invoke(socket);
        },
        isCompressed ? new HandshakeAnswer { Extensions = "permessage-deflate" } : null);
}
