using System.Text;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Frames;

public sealed class SendFrameTests
{
    [SocketFact]
    public async Task SendNonfinalFrameAsync_and_SendFinalFrameAsync_put_the_fragments_on_the_wire()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();

        Assert.Equal(3u, await dialogue.Socket.SendNonfinalFrameAsync("one"u8.ToArray(), SocketMessageType.Utf8));
        Assert.Equal(0u, await dialogue.Socket.SendNonfinalFrameAsync(Array.Empty<byte>(), SocketMessageType.Utf8));
        Assert.Equal(5u, await dialogue.Socket.SendFinalFrameAsync("three"u8.ToArray(), SocketMessageType.Utf8));

        RawFrame[] frames = [await dialogue.PeerReadsAsync(), await dialogue.PeerReadsAsync(), await dialogue.PeerReadsAsync()];
        Assert.Equal([0x01, 0x00, 0x80], frames.Select(frame => frame.RawBytes[0]));
        Assert.Equal([0x80 | 3, 0x80, 0x80 | 5], frames.Select(frame => (int)frame.RawBytes[1]));
        Assert.Equal(["one", "", "three"], frames.Select(frame => frame.Text));
        Assert.Equal(1, dialogue.Socket.Information.MessagesSent);
        Assert.Equal(8, dialogue.Socket.Information.PayloadBytesSent);
    }

    [SocketTheory]
    [InlineData(SocketMessageType.Utf8, WireOpcode.Text)]
    [InlineData(SocketMessageType.Binary, WireOpcode.Binary)]
    public async Task SendFinalFrameAsync_alone_is_a_whole_message_of_the_type_of_Control_MessageType(
        SocketMessageType type, WireOpcode opcode)
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        dialogue.Socket.Control.MessageType = type;

        await dialogue.Socket.SendFinalFrameAsync("whole"u8.ToArray());

        RawFrame frame = await dialogue.PeerReadsAsync(opcode);
        Assert.True(frame.Fin);
        Assert.Equal("whole", frame.Text);
    }

    [SocketFact]
    public async Task SendNonfinalFrameAsync_fixes_the_type_of_the_message()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        dialogue.Socket.Control.MessageType = SocketMessageType.Utf8;
        await dialogue.Socket.SendNonfinalFrameAsync("a"u8.ToArray());
        dialogue.Socket.Control.MessageType = SocketMessageType.Binary;
        await dialogue.Socket.SendFinalFrameAsync("b"u8.ToArray());

        await dialogue.PeerReadsAsync(WireOpcode.Text);
        await dialogue.PeerReadsAsync(WireOpcode.Continuation);
        await dialogue.Socket.SendFinalFrameAsync("c"u8.ToArray());
        await dialogue.PeerReadsAsync(WireOpcode.Binary);
    }

    [SocketTheory]
    [InlineData(SocketMessageType.Utf8, SocketMessageType.Binary)]
    [InlineData(SocketMessageType.Binary, SocketMessageType.Utf8)]
    public async Task A_frame_of_another_type_than_the_open_message_is_refused_and_the_message_stays_open(
        SocketMessageType open, SocketMessageType other)
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        await dialogue.Socket.SendNonfinalFrameAsync("a"u8.ToArray(), open);

        await Assert.ThrowsAsync<ArgumentException>(() => dialogue.Socket.SendFinalFrameAsync("b"u8.ToArray(), other).AsTask());
        await Assert.ThrowsAsync<ArgumentException>(() => dialogue.Socket.SendNonfinalFrameAsync("b"u8.ToArray(), other).AsTask());
        Task waiting = dialogue.Socket.SendAsync("whole").AsTask();
        Assert.False(waiting.IsCompleted);
        await dialogue.Socket.SendNonfinalFrameAsync("c"u8.ToArray(), open);
        await dialogue.Socket.SendFinalFrameAsync("d"u8.ToArray());
        await waiting;

        Assert.Equal("a", (await dialogue.PeerReadsAsync(open == SocketMessageType.Utf8 ? WireOpcode.Text : WireOpcode.Binary)).Text);
        Assert.Equal("c", (await dialogue.PeerReadsAsync(WireOpcode.Continuation)).Text);
        Assert.Equal("d", (await dialogue.PeerReadsAsync(WireOpcode.Continuation)).Text);
        Assert.Equal("whole", (await dialogue.PeerReadsAsync(WireOpcode.Text)).Text);
    }

    [SocketFact]
    public async Task What_a_progress_throws_is_not_the_fault_of_the_send()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();

        Assert.Equal(1u, await dialogue.Socket.SendNonfinalFrameAsync("a"u8.ToArray(), null, new BadProgress()));
        Assert.Equal(1u, await dialogue.Socket.SendFinalFrameAsync("b"u8.ToArray(), null, new BadProgress()));

        Assert.Equal("a", (await dialogue.PeerReadsAsync(WireOpcode.Binary)).Text);
        Assert.Equal("b", (await dialogue.PeerReadsAsync(WireOpcode.Continuation)).Text);
    }

    [SocketFact]
    public async Task SendNonfinalFrameAsync_and_SendFinalFrameAsync_report_the_bytes_as_progress()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        RecordedProgress progress = new();

        await dialogue.Socket.SendNonfinalFrameAsync(new byte[10], progress: progress);
        await dialogue.Socket.SendFinalFrameAsync(new byte[20], progress: progress);

        Assert.Equal([10u, 20u], progress.Values);
    }

    [SocketFact]
    public async Task While_a_fragmented_message_is_open_whole_messages_wait_and_pings_and_pongs_pass()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        await dialogue.Socket.SendNonfinalFrameAsync("begin"u8.ToArray());
        Task whole = dialogue.Socket.SendAsync("whole").AsTask();
        Task<TimeSpan> pinging = dialogue.Socket.PingAsync();
        await dialogue.PeerReadsAsync(WireOpcode.Binary);
        RawFrame ping = await dialogue.PeerReadsAsync(WireOpcode.Ping);
        await dialogue.Peer.SendFrameAsync(WireOpcode.Pong, ping.Payload);
        await pinging;
        await dialogue.Peer.SendFrameAsync(WireOpcode.Ping, "from the peer"u8.ToArray());
        Assert.Equal("from the peer", (await dialogue.PeerReadsAsync(WireOpcode.Pong)).Text);
        Assert.False(whole.IsCompleted);

        await dialogue.Socket.SendFinalFrameAsync("end"u8.ToArray());
        await whole;

        Assert.Equal("end", (await dialogue.PeerReadsAsync(WireOpcode.Continuation)).Text);
        Assert.Equal("whole", (await dialogue.PeerReadsAsync(WireOpcode.Text)).Text);
    }

    [SocketFact]
    public async Task A_whole_message_that_waits_for_an_open_one_can_be_cancelled_and_was_not_sent()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        await dialogue.Socket.SendNonfinalFrameAsync("begin"u8.ToArray());
        using CancellationTokenSource cancel = new();
        Task whole = dialogue.Socket.SendAsync("never", cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => whole);

        await dialogue.Socket.SendFinalFrameAsync("end"u8.ToArray());
        await dialogue.Socket.SendAsync("next");

        await dialogue.PeerReadsAsync(WireOpcode.Binary);
        await dialogue.PeerReadsAsync(WireOpcode.Continuation);
        Assert.Equal("next", (await dialogue.PeerReadsAsync(WireOpcode.Text)).Text);
    }

    [SocketFact]
    public async Task A_whole_message_that_waits_for_an_open_one_is_freed_by_the_end_of_the_connection()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        await dialogue.Socket.SendNonfinalFrameAsync("begin"u8.ToArray());
        Task whole = dialogue.Socket.SendAsync("never").AsTask();

        dialogue.Peer.ShutdownSend();

        Assert.Equal(WebErrorStatus.ConnectionAborted, (await Assert.ThrowsAsync<MessageWebSocketException>(() => whole)).Status);
    }

    [SocketFact]
    public async Task SendNonfinalFrameAsync_cancelled_before_its_first_frame_leaves_no_message_open()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        using CancellationTokenSource patience = new(TimeSpan.FromMilliseconds(500));
        int accepted = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            while (true)
            {
                await dialogue.Socket.SendAsync(new byte[100_000], SocketMessageType.Binary, patience.Token);
                accepted++;
            }
        });
        using CancellationTokenSource cancel = new();
        Task first = dialogue.Socket.SendNonfinalFrameAsync(Encoding.UTF8.GetBytes("never"), cancellationToken: cancel.Token).AsTask();
        Assert.False(first.IsCompleted);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);

        Task next = dialogue.Socket.SendAsync("next").AsTask();
        for (int i = 0; i < accepted; i++)
        {
            await dialogue.PeerReadsAsync(WireOpcode.Binary);
        }

        Assert.Equal("next", (await dialogue.PeerReadsAsync(WireOpcode.Text)).Text);
        await next;
    }

    [SocketFact]
    public async Task Close_passes_between_fragments()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        await dialogue.Socket.SendNonfinalFrameAsync("begin"u8.ToArray());

        dialogue.Socket.Close(1001, "enough");

        await dialogue.PeerReadsAsync(WireOpcode.Binary);
        Assert.Equal((ushort)1001, (await dialogue.PeerReadsAsync(WireOpcode.Close)).CloseCode);
    }

    private sealed class RecordedProgress : IProgress<uint>
    {
        public List<uint> Values { get; } = [];

        public void Report(uint value) => Values.Add(value);
    }

    [SocketFact]
    public async Task SendNonfinalFrameAsync_lets_a_character_be_split_over_fragments()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        byte[] text = Encoding.UTF8.GetBytes("aü€😀z");
        for (int i = 0; i < text.Length - 1; i++)
        {
            await dialogue.Socket.SendNonfinalFrameAsync(text.AsMemory(i, 1), SocketMessageType.Utf8);
        }

        await dialogue.Socket.SendFinalFrameAsync(text.AsMemory(text.Length - 1), SocketMessageType.Utf8);

        List<byte> arrived = [];
        RawFrame frame;
        do
        {
            frame = await dialogue.PeerReadsAsync();
            arrived.AddRange(frame.Payload);
        }
        while (!frame.Fin);
        Assert.Equal(text, arrived);
    }

    [SocketTheory]
    [InlineData("E282", "41", "AC")]
    [InlineData("F09F98", "C3", "80")]
    [InlineData("41", "C080", "42")]
    [InlineData("41", "EDA0", "42")]
    [InlineData("E2", "8241FF", "82AC")]
    public async Task SendNonfinalFrameAsync_refuses_a_fragment_that_makes_the_text_invalid_and_leaves_the_message_open(
        string first, string bad, string good)
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        await dialogue.Socket.SendNonfinalFrameAsync(Convert.FromHexString(first), SocketMessageType.Utf8);

        await Assert.ThrowsAsync<ArgumentException>(() =>
            dialogue.Socket.SendNonfinalFrameAsync(Convert.FromHexString(bad), SocketMessageType.Utf8).AsTask());
        await dialogue.Socket.SendFinalFrameAsync(Convert.FromHexString(good), SocketMessageType.Utf8);

        Assert.Equal(Convert.FromHexString(first), (await dialogue.PeerReadsAsync()).Payload);
        RawFrame last = await dialogue.PeerReadsAsync();
        Assert.True(last.Fin);
        Assert.Equal(Convert.FromHexString(good), last.Payload);
    }

    [SocketFact]
    public async Task SendFinalFrameAsync_refuses_text_that_ends_inside_a_character_and_can_be_mended()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        await dialogue.Socket.SendNonfinalFrameAsync(new byte[] { 0xE2 }, SocketMessageType.Utf8);

        await Assert.ThrowsAsync<ArgumentException>(
            () => dialogue.Socket.SendFinalFrameAsync(new byte[] { 0x82 }, SocketMessageType.Utf8).AsTask());
        await Assert.ThrowsAsync<ArgumentException>(() => dialogue.Socket.SendFinalFrameAsync(default, SocketMessageType.Utf8).AsTask());
        await dialogue.Socket.SendFinalFrameAsync(new byte[] { 0x82, 0xAC }, SocketMessageType.Utf8);
        await dialogue.Socket.SendAsync("next");

        Assert.Equal([0xE2], (await dialogue.PeerReadsAsync()).Payload);
        Assert.Equal([0x82, 0xAC], (await dialogue.PeerReadsAsync()).Payload);
        Assert.Equal("next", (await dialogue.PeerReadsAsync()).Text);
    }

    [SocketFact]
    public async Task SendFinalFrameAsync_that_was_refused_as_a_first_frame_opens_no_message()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();

        await Assert.ThrowsAsync<ArgumentException>(
            () => dialogue.Socket.SendNonfinalFrameAsync(new byte[] { 0xFF }, SocketMessageType.Utf8).AsTask());
        await dialogue.Socket.SendAsync("whole");

        Assert.Equal("whole", (await dialogue.PeerReadsAsync()).Text);
    }

    private sealed class BadProgress : IProgress<uint>
    {
        public void Report(uint value) => throw new InvalidOperationException("the progress's own");
    }
}
