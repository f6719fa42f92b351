using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using static MessageWebSockets.Tests.Frames.InterruptedMessageTests;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Frames;

/// <summary>What a peer must refuse is refused, when there is no doubt left, and after readers had a moment for what came before.</summary>
public sealed class RefusalTests
{
    // "caf", a byte that no UTF-8 text can go on with, and what the peer announces but does not send.
    private static readonly byte[] s_cutText = [0x81, 20, .. "caf"u8, 0xE9, .. "!"u8];

    public static TheoryData<string, byte[], bool> CutTexts { get; } = new()
    {
        { "in a frame", s_cutText, false },
        { "in a frame beside compression", s_cutText, true },
        { "in a fragment", [0x01, 20, .. "caf"u8, 0xE9, .. "!"u8], false },
        { "in a later fragment", [.. FrameBytes.Text("good", fin: false), 0x00, 20, .. "caf"u8, 0xE9, .. "!"u8], false },
        { "over two fragments", [.. FrameBytes.Build(WireOpcode.Text, [0xE2], fin: false), 0x00, 20, 0x28], false },
        { "in a long frame", [0x81, 127, 0, 0, 0, 0, 0, 16, 0, 0, .. Enumerable.Repeat((byte)'a', 200_000), 0xFF], false },
        { "a surrogate", [0x81, 20, 0xED, 0xA0], false },
        { "an overlong form", [0x81, 20, 0xC0], false },
        { "beyond the last character", [0x81, 20, 0xF4, 0x90], false },
        { "compressed", [0xC1, 20, 0x00, 0x05, 0x00, 0xFA, 0xFF, .. "caf"u8, 0xE9, .. "!"u8], true },
        {
            "compressed in a fragment",
            [.. FrameBytes.Build(WireOpcode.Text, [0x00, 0x05, 0x00, 0xFA, 0xFF, .. "caf"u8], fin: false, rsv: 4), 0x00, 9, 0xE9, .. "!"u8],
            true
        },
    };

    [SocketTheory]
    [MemberData(nameof(CutTexts))]
    public async Task Text_that_is_not_UTF8_is_refused_with_the_byte_that_makes_it_so(string where, byte[] sent, bool isCompressed)
    {
        await using Dialogue dialogue = await OpenAsync(isCompressed);

        // The rest of the frame never comes.
        await dialogue.Peer.SendBytesAsync(sent);

        RawFrame close = await dialogue.PeerReadsAsync(WireOpcode.Close);
        Assert.True(close.Payload.AsSpan().SequenceEqual(FrameBytes.ClosePayload(1007)), where);
        MessageWebSocketException failure = await FailsAsync(dialogue);
        Assert.Equal(HResults.InvalidServerResponse, failure.HResult);
        Assert.Contains("text that is not UTF-8", failure.Message, StringComparison.Ordinal);
    }

    [SocketTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Text_that_is_not_UTF8_says_so_compressed_or_not(bool isCompressed)
    {
        await using Dialogue dialogue = await OpenAsync(isCompressed);
        byte[] text = [.. "caf"u8, 0xE9];
        byte[] stored = [0x00, 0x04, 0x00, 0xFB, 0xFF, .. text, 0x00];

        await dialogue.Peer.SendBytesAsync(FrameBytes.Build(WireOpcode.Text, isCompressed ? stored : text, rsv: isCompressed ? 4 : 0));

        Assert.Contains("text that is not UTF-8", (await FailsAsync(dialogue)).Message, StringComparison.Ordinal);
        Assert.Equal(FrameBytes.ClosePayload(1007), (await dialogue.PeerReadsAsync(WireOpcode.Close)).Payload);
    }

    public static TheoryData<string, byte[], bool> Violations { get; } = new()
    {
        { "RSV1 on a ping", FrameBytes.Build(WireOpcode.Ping, "x"u8, rsv: 4), false },
        { "RSV1 on a ping, compression agreed", FrameBytes.Build(WireOpcode.Ping, "x"u8, rsv: 4), true },
        { "RSV1 on a pong, compression agreed", FrameBytes.Build(WireOpcode.Pong, "x"u8, rsv: 4), true },
        { "RSV1 on a close frame, compression agreed", FrameBytes.Build(WireOpcode.Close, FrameBytes.ClosePayload(1000), rsv: 4), true },
        { "RSV2 on a close frame", FrameBytes.Build(WireOpcode.Close, FrameBytes.ClosePayload(1000), rsv: 2), false },
        { "a close frame without FIN", FrameBytes.Build(WireOpcode.Close, FrameBytes.ClosePayload(1000), fin: false), false },
        { "a masked close frame", FrameBytes.Build(WireOpcode.Close, FrameBytes.ClosePayload(1000), masked: true), false },
        { "a length of 125 in two more bytes", [0x82, 126, 0, 125, .. new byte[125]], false },
        { "a length of 65535 in eight more bytes", [0x82, 127, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, .. new byte[65535]], false },
        { "a ping with a length in two more bytes", [0x89, 126, 0, 1, 0], false },
        { "a compressed message with a length in two more bytes", [0xC1, 126, 0, 7, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00], true },
        { "RSV1 and RSV2, compression agreed", FrameBytes.Build(WireOpcode.Text, "x"u8, rsv: 6), true },
        {
            "RSV1 on a continuation of a plain message",
            [.. FrameBytes.Text("x", fin: false), .. FrameBytes.Build(WireOpcode.Continuation, "x"u8, rsv: 4)],
            true
        },
        {
            "a compressed message inside a plain one",
            [.. FrameBytes.Text("x", fin: false), .. FrameBytes.Build(WireOpcode.Text, "x"u8, rsv: 4)],
            true
        },
        {
            "a masked compressed message",
            FrameBytes.Build(WireOpcode.Text, [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00], rsv: 4, masked: true),
            true
        },
    };

    // Not enumerated when tests are looked for: masks are random, and a case has to have the same identity each time.
    [SocketTheory]
    [MemberData(nameof(Violations), DisableDiscoveryEnumeration = true)]
    public async Task What_a_peer_must_refuse_is_refused(string what, byte[] sent, bool isCompressed)
    {
        await using Dialogue dialogue = await OpenAsync(isCompressed);

        await dialogue.Peer.SendBytesAsync(sent);

        MessageWebSocketException failure = await FailsAsync(dialogue);
        Assert.True(failure.HResult == HResults.InvalidServerResponse, what);
        Assert.False(isCompressed && failure.Message.Contains("not enabled", StringComparison.Ordinal), failure.Message);
        Assert.Equal(FrameBytes.ClosePayload(1002), (await dialogue.PeerReadsAsync(WireOpcode.Close)).Payload);
        Assert.Equal((MessageWebSocketState.Aborted, null), (dialogue.Socket.State, dialogue.Socket.Information.CloseCode));
    }

    [SocketTheory]
    [InlineData(1012)]
    [InlineData(1013)]
    [InlineData(1014)]
    public async Task A_close_code_that_is_registered_is_taken(int code)
    {
        await using Dialogue dialogue = await OpenAsync();

        await dialogue.Peer.SendCloseAsync((ushort)code, "later");

        Assert.Null(await dialogue.Socket.ReceiveAsync());
        Assert.Equal(((ushort?)code, "later"), (dialogue.Socket.Information.CloseCode, dialogue.Socket.Information.CloseReason));
        Assert.Equal(FrameBytes.ClosePayload((ushort)code), (await dialogue.PeerReadsAsync(WireOpcode.Close)).Payload);
    }

    // What is refused in front of the framing, by the framing, and because of its size.
    public static TheoryData<byte[], int> Faults { get; } = new()
    {
        { FrameBytes.Build(WireOpcode.Text, "x"u8, rsv: 2), 1002 },
        { FrameBytes.Build(WireOpcode.Text, [0xFF]), 1007 },
        { FrameBytes.Build(WireOpcode.Close, FrameBytes.ClosePayload(999)), 1002 },
        { FrameBytes.Build(WireOpcode.Binary, new byte[2000]), 1009 },
    };

    [SocketTheory]
    [MemberData(nameof(Faults))]
    public async Task A_reader_can_answer_what_came_before_a_fault(byte[] fault, int code)
    {
        await using Dialogue dialogue = await OpenAsync(configure: socket => socket.Control.MaxMessageSize = 1000);
        Task answering = Task.Run(async () =>
        {
            while (await dialogue.Socket.ReceiveAsync() is { } message)
            {
                await dialogue.Socket.SendAsync("answer to " + message.Text);
            }
        });

        await dialogue.Peer.SendBytesAsync((byte[])[.. FrameBytes.Text("one"), .. FrameBytes.Text("two"), .. fault]);

        Assert.Equal("answer to one", (await dialogue.PeerReadsAsync(WireOpcode.Text)).Text);
        Assert.Equal("answer to two", (await dialogue.PeerReadsAsync(WireOpcode.Text)).Text);
        RawFrame close = await dialogue.PeerReadsAsync(WireOpcode.Close);
        Assert.Equal(code, (close.Payload[0] << 8) | close.Payload[1]);
        await Assert.ThrowsAsync<MessageWebSocketException>(() => answering);
    }

    [SocketTheory]
    [MemberData(nameof(Faults))]
    public async Task A_handler_can_answer_what_came_before_a_fault(byte[] fault, int code)
    {
        await using Dialogue dialogue = await OpenAsync(configure: socket =>
        {
            socket.Control.MaxMessageSize = 1000;
            socket.MessageReceived += (sender, args) =>
            {
                if (args.Message is { } message)
                {
                    sender.SendAsync("answer to " + message.Text).AsTask().GetAwaiter().GetResult();
                }
            };
        });

        await dialogue.Peer.SendBytesAsync((byte[])[.. FrameBytes.Text("one"), .. fault]);

        Assert.Equal("answer to one", (await dialogue.PeerReadsAsync(WireOpcode.Text)).Text);
        RawFrame close = await dialogue.PeerReadsAsync(WireOpcode.Close);
        Assert.Equal(code, (close.Payload[0] << 8) | close.Payload[1]);
    }

    [SocketFact]
    public async Task A_fault_is_told_whether_anybody_reads_or_not()
    {
        await using Dialogue dialogue = await OpenAsync();

        await dialogue.Peer.SendBytesAsync((byte[])[.. FrameBytes.Text("unread"), .. FrameBytes.Build(WireOpcode.Text, "x"u8, rsv: 2)]);

        Assert.Equal(FrameBytes.ClosePayload(1002), (await dialogue.PeerReadsAsync(WireOpcode.Close)).Payload);
        Assert.Equal("unread", (await dialogue.ReceiveAsync()).Text);
        await FailsAsync(dialogue);
    }
}
