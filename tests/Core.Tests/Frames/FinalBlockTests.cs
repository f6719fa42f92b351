using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using static MessageWebSockets.Tests.Frames.InterruptedMessageTests;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Frames;

/// <summary>RFC 7692 section 7.2.3: the examples there, the final DEFLATE block of 7.2.3.4 above all.</summary>
public sealed class FinalBlockTests
{
    private static readonly byte[] s_final = Convert.FromHexString("f348cdc9c9070000");

    // The examples of sections 7.2.3.1 and 7.2.3.3 to 7.2.3.5, a final block without the byte behind it, and one cut into fragments.
    [SocketTheory]
    [InlineData("c107f248cdc9c90700")]
    [InlineData("c10df24805000000ffffcac9c90700")]
    [InlineData("c10b000500faff48656c6c6f00")]
    [InlineData("c108f348cdc9c9070000")]
    [InlineData("c107f348cdc9c90700")]
    [InlineData("4107f348cdc9c90700800100")]
    [InlineData("4108f348cdc9c90700008000")]
    [InlineData("4101f30001488006cdc9c9070000")]
    public async Task A_message_is_what_was_compressed_and_so_is_the_next(string hex)
    {
        await using Dialogue dialogue = await OpenAsync(isCompressed: true);

        await dialogue.Peer.SendBytesAsync(
            (byte[])[.. Convert.FromHexString(hex), .. Convert.FromHexString("c107f248cdc9c90700"), .. FrameBytes.Text("plain")]);

        Assert.Equal("Hello", (await dialogue.ReceiveAsync()).Text);
        Assert.Equal("Hello", (await dialogue.ReceiveAsync()).Text);
        Assert.Equal("plain", (await dialogue.ReceiveAsync()).Text);
    }

    [SocketFact]
    public async Task The_next_message_may_refer_back_to_one_before_it()
    {
        await using Dialogue dialogue = await OpenAsync(isCompressed: true);

        // Section 7.2.3.2.
        await dialogue.Peer.SendBytesAsync(Convert.FromHexString("c107f248cdc9c90700" + "c105f200110000"));

        Assert.Equal("Hello", (await dialogue.ReceiveAsync()).Text);
        Assert.Equal("Hello", (await dialogue.ReceiveAsync()).Text);
    }

    // A part of a message is never handed out as the whole.
    [SocketTheory]
    [InlineData("01")]
    [InlineData("0000")]
    [InlineData("00000000ffff00")]
    [InlineData("f348cdc9c9070000")]
    public async Task What_follows_a_final_block_is_refused(string hex)
    {
        await using Dialogue dialogue = await OpenAsync(isCompressed: true);

        await dialogue.Peer.SendFrameAsync(WireOpcode.Text, (byte[])[.. s_final[..^1], .. Convert.FromHexString(hex)], rsv: 4);

        Assert.Equal(HResults.InvalidServerResponse, (await FailsAsync(dialogue)).HResult);
        Assert.Equal(FrameBytes.ClosePayload(1007), (await dialogue.PeerReadsAsync(WireOpcode.Close)).Payload);
    }
}
