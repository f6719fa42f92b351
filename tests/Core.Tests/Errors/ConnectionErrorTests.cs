using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Errors;

/// <summary>The rows of the error table that belong to an open connection. Those of the handshake are tested with it.</summary>
public sealed class ConnectionErrorTests
{
    /// <summary>What a peer may send that breaks the protocol, with the close code it is told.</summary>
    public static TheoryData<string, Func<RawConnection, Task>> Breaches => new()
    {
        { "reserved bit 1 without an extension", peer => peer.SendFrameAsync(WireOpcode.Text, "x"u8.ToArray(), rsv: 4) },
        { "reserved bit 3", peer => peer.SendFrameAsync(WireOpcode.Text, "x"u8.ToArray(), rsv: 1) },
        { "reserved data opcode", peer => peer.SendFrameAsync((WireOpcode)3, "x"u8.ToArray()) },
        { "reserved control opcode", peer => peer.SendFrameAsync((WireOpcode)11, "x"u8.ToArray()) },
        { "masked by the server", peer => peer.SendFrameAsync(WireOpcode.Text, "x"u8.ToArray(), masked: true) },
        { "length with the top bit", peer => peer.SendFrameAsync(WireOpcode.Binary, declaredLength: 0x8000_0000_0000_0000) },
        { "ping of 126 bytes", peer => peer.SendFrameAsync(WireOpcode.Ping, new byte[126]) },
        { "fragmented ping", peer => peer.SendFrameAsync(WireOpcode.Ping, new byte[1], fin: false) },
        { "continuation of nothing", peer => peer.SendFrameAsync(WireOpcode.Continuation, "x"u8.ToArray()) },
        {
            "new message inside a fragmented one",
            async peer =>
            {
                await peer.SendTextAsync("begin", fin: false);
                await peer.SendTextAsync("again");
            }
        },
        { "text that is not UTF-8", peer => peer.SendFrameAsync(WireOpcode.Text, new byte[] { 0xFF }) },
        {
            "text that ends inside a character",
            async peer =>
            {
                await peer.SendFrameAsync(WireOpcode.Text, new byte[] { 0xE2, 0x82 }, fin: false);
                await peer.SendFrameAsync(WireOpcode.Continuation, Array.Empty<byte>());
            }
        },
        { "close payload of 1 byte", peer => peer.SendFrameAsync(WireOpcode.Close, new byte[1]) },
        { "close code 1005", peer => peer.SendCloseAsync(1005) },
        { "close code 1006", peer => peer.SendCloseAsync(1006) },
        { "close code 999", peer => peer.SendCloseAsync(999) },
        { "close code 2999", peer => peer.SendCloseAsync(2999) },
        { "close reason that is not UTF-8", peer => peer.SendFrameAsync(WireOpcode.Close, new byte[] { 0x03, 0xE8, 0xFF }) },
    };

    [SocketTheory]
    [MemberData(nameof(Breaches), DisableDiscoveryEnumeration = true)]
    public async Task A_breach_of_the_protocol_is_ErrorHttpInvalidServerResponse_and_the_peer_is_told(
        string breach, Func<RawConnection, Task> send)
    {
        EventRecorder events = new();
        await using Dialogue dialogue = await Dialogue.OpenAsync(events.RecordCloses);
        await dialogue.Peer.SendTextAsync("before");
        await send(dialogue.Peer);

        Assert.Equal("before", (await dialogue.ReceiveAsync()).Text);
        MessageWebSocketException failure = await Assert.ThrowsAsync<MessageWebSocketException>(
            () => dialogue.Socket.ReceiveAsync().AsTask());

        Assert.True(failure.HResult == HResults.InvalidServerResponse, $"{breach}: {failure.Message}");
        Assert.Equal(WebErrorStatus.ErrorHttpInvalidServerResponse, failure.Status);
        Assert.Equal(dialogue.Uri, failure.PeerUri);
        RawFrame close = await dialogue.PeerReadsAsync(WireOpcode.Close);
        Assert.Contains(close.CloseCode, new ushort?[] { 1002, 1007 });
        Assert.Equal(MessageWebSocketState.Aborted, dialogue.Socket.State);
        Assert.Equal(0, events.ClosedCount);
    }

    [SocketFact]
    public async Task TCP_that_ends_without_a_close_frame_is_ConnectionAborted()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        dialogue.Peer.ShutdownSend();
        await AssertFailsAsync(dialogue, HResults.ConnectionAborted, WebErrorStatus.ConnectionAborted);
    }

    [SocketFact]
    public async Task TCP_that_ends_inside_a_frame_is_ConnectionAborted()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        await dialogue.Peer.SendBytesAsync(FrameBytes.Text("cut off").AsMemory(0, 4));
        dialogue.Peer.ShutdownSend();
        await AssertFailsAsync(dialogue, HResults.ConnectionAborted, WebErrorStatus.ConnectionAborted);
    }

    [SocketFact]
    public async Task TCP_that_ends_inside_a_header_is_ConnectionAborted()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        await dialogue.Peer.SendBytesAsync(new byte[] { 0x81 });
        dialogue.Peer.ShutdownSend();
        await AssertFailsAsync(dialogue, HResults.ConnectionAborted, WebErrorStatus.ConnectionAborted);
    }

    [SocketFact]
    public async Task TCP_that_is_reset_is_ConnectionReset()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        dialogue.Peer.Reset();
        await AssertFailsAsync(dialogue, HResults.ConnectionReset, WebErrorStatus.ConnectionReset);
    }

    [SocketFact]
    public async Task A_reset_after_messages_leaves_what_was_read_before_readable()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        await dialogue.Peer.SendTextAsync("before");
        await dialogue.Peer.AwaitClientCaughtUpAsync();
        dialogue.Peer.Reset();

        Assert.Equal("before", (await dialogue.ReceiveAsync()).Text);
        await AssertFailsAsync(dialogue, HResults.ConnectionReset, WebErrorStatus.ConnectionReset);
    }

    private static async Task AssertFailsAsync(Dialogue dialogue, int hresult, WebErrorStatus status)
    {
        MessageWebSocketException failure = await Assert.ThrowsAsync<MessageWebSocketException>(
            () => dialogue.Socket.ReceiveAsync().AsTask());
        Assert.Equal(hresult, failure.HResult);
        Assert.Equal(status, failure.Status);
        Assert.Equal(status, WebSocketError.GetStatus(failure.HResult));
        Assert.Contains(dialogue.Uri.ToString(), failure.Message, StringComparison.Ordinal);
        Assert.Equal(MessageWebSocketState.Aborted, dialogue.Socket.State);
    }
}
