using System.Net.WebSockets;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Control;

public sealed class MaxMessageSizeTests
{
    [SocketFact]
    public async Task MaxMessageSize_takes_a_message_of_just_that_size()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket => socket.Control.MaxMessageSize = 1000);
        await dialogue.Peer.SendFrameAsync(WireOpcode.Binary, new byte[1000]);
        await dialogue.Peer.SendFrameAsync(WireOpcode.Binary, new byte[600], fin: false);
        await dialogue.Peer.SendFrameAsync(WireOpcode.Continuation, new byte[400]);

        Assert.Equal(1000, (await dialogue.ReceiveAsync()).Length);
        Assert.Equal(1000, (await dialogue.ReceiveAsync()).Length);
    }

    [SocketTheory]
    [InlineData(1001UL)]
    [InlineData(100_000UL)]
    [InlineData(0x7FFF_FFFF_FFFF_FFFFUL)]
    public async Task MaxMessageSize_refuses_a_message_on_its_announcement_before_the_bytes_come(ulong announced)
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket => socket.Control.MaxMessageSize = 1000);
        await dialogue.Peer.SendTextAsync("before");
        await dialogue.Peer.SendFrameAsync(WireOpcode.Binary, new byte[10], declaredLength: announced);

        Assert.Equal("before", (await dialogue.ReceiveAsync()).Text);
        await AssertTooLargeAsync(dialogue, $"{announced}", "1000");
    }

    [SocketFact]
    public async Task MaxMessageSize_refuses_fragments_that_add_up()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket => socket.Control.MaxMessageSize = 1000);
        await dialogue.Peer.SendFrameAsync(WireOpcode.Text, new byte[600], fin: false);
        await dialogue.Peer.SendFrameAsync(WireOpcode.Continuation, new byte[600], fin: false);

        await AssertTooLargeAsync(dialogue, "exceeds", "1000");
    }

    [SocketFact]
    public async Task MaxMessageSize_counts_after_decompression()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(
            socket =>
            {
                socket.Control.MaxMessageSize = 10_000;
                socket.Control.Compression = new WebSocketDeflateOptions();
            },
            new HandshakeAnswer { Extensions = "permessage-deflate" });
        byte[] fits = FrameBytes.Deflate(new byte[10_000]);
        byte[] bomb = FrameBytes.Deflate(new byte[10_000_000]);
        Assert.True(bomb.Length < 20_000);
        await dialogue.Peer.SendFrameAsync(WireOpcode.Binary, fits, rsv: 4);
        await dialogue.Peer.SendFrameAsync(WireOpcode.Binary, bomb, rsv: 4);

        Assert.Equal(10_000, (await dialogue.ReceiveAsync()).Length);
        await AssertTooLargeAsync(dialogue, "exceeds", "10000");
    }

    private static async Task AssertTooLargeAsync(Dialogue dialogue, params string[] said)
    {
        MessageWebSocketException refused = await Assert.ThrowsAsync<MessageWebSocketException>(
            () => dialogue.Socket.ReceiveAsync().AsTask());
        Assert.Equal(HResults.MessageTooLarge, refused.HResult);
        Assert.Equal(WebErrorStatus.UnexpectedServerError, refused.Status);
        Assert.All(said, part => Assert.Contains(part, refused.Message, StringComparison.Ordinal));
        Assert.Equal((ushort)1009, (await dialogue.PeerReadsAsync(WireOpcode.Close)).CloseCode);
        Assert.Equal(MessageWebSocketState.Aborted, dialogue.Socket.State);
    }
}
