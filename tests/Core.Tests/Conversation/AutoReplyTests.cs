using System.Text.RegularExpressions;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Conversation;

public sealed partial class AutoReplyTests
{
    [SocketFact]
    public async Task AutoReplies_answer_a_text_or_a_pattern_and_the_question_is_nowhere_else()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket =>
        {
            socket.Control.AutoReplies.Add(new AutoReply("2", "3"));
            socket.Control.AutoReplies.Add(new AutoReply(Ping(), """{"pong":$1}"""));
            socket.Control.AutoReplies.Add(new AutoReply("bytes", new byte[] { 9 }));
        });

        await dialogue.Peer.SendTextAsync("2");
        await dialogue.Peer.SendTextAsync("""{"ping":17}""");
        await dialogue.Peer.SendTextAsync("bytes");
        await dialogue.Peer.SendTextAsync("22");

        Assert.Equal("3", (await dialogue.PeerReadsAsync(WireOpcode.Text)).Text);
        Assert.Equal("""{"pong":17}""", (await dialogue.PeerReadsAsync(WireOpcode.Text)).Text);
        Assert.Equal([9], (await dialogue.PeerReadsAsync(WireOpcode.Binary)).Payload);
        Assert.Equal("22", (await dialogue.ReceiveAsync()).Text);
        Assert.Equal(3, dialogue.Socket.Information.AutoRepliesSent);
        Assert.Equal(4, dialogue.Socket.Information.MessagesReceived);
        Assert.Equal(3, dialogue.Socket.Information.MessagesSent);
    }

    [SocketFact]
    public async Task Ignore_passes_over_noise_and_counts_it()
    {
        EventRecorder events = new();
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket =>
        {
            socket.Control.Ignore.Add(new Regex(@"^\s*$"));
            socket.Control.Ignore.Add(new Regex("\"type\":6"));
            events.RecordMessages(socket);
        });

        await dialogue.Peer.SendTextAsync("\n");
        await dialogue.Peer.SendTextAsync("""{"type":6}""");
        await dialogue.Peer.SendTextAsync("news");

        Assert.Equal("news", (await events.NextMessageAsync()).Message!.Text);
        Assert.Equal(2, dialogue.Socket.Information.MessagesIgnored);
        Assert.False(events.HasMore);
    }

    [SocketFact]
    public async Task Patterns_may_name_the_bytes_of_what_is_no_text()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket =>
        {
            socket.Control.Ignore.Add(new Regex(@"^\xD0\x00$"));
            socket.Control.Ignore.Add(new Regex("^ü$"));
        });

        await dialogue.Peer.SendFrameAsync(WireOpcode.Binary, new byte[] { 0xD0, 0 });
        await dialogue.Peer.SendFrameAsync(WireOpcode.Binary, "ü"u8.ToArray());
        await dialogue.Peer.SendFrameAsync(WireOpcode.Binary, new byte[] { 0xD0, 1 });

        Assert.Equal([0xD0, 1], (await dialogue.ReceiveAsync()).AsMemory().ToArray());
        Assert.Equal(2, dialogue.Socket.Information.MessagesIgnored);
    }

    [SocketFact]
    public async Task Rules_are_for_records_where_a_message_has_several_and_answers_end_with_the_separator()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket =>
        {
            socket.Control.RecordSeparator = "\u001e";
            socket.Control.AutoReplies.Add(new AutoReply("ping", "pong"));
        });

        await dialogue.Peer.SendTextAsync("one\u001eping\u001etwo\u001e");

        Assert.Equal("pong\u001e", (await dialogue.PeerReadsAsync(WireOpcode.Text)).Text);
        Assert.Equal("one", (await dialogue.ReceiveAsync()).Text);
        Assert.Equal("two", (await dialogue.ReceiveAsync()).Text);
    }

    [SocketFact]
    public async Task Rules_are_not_for_chunks_of_a_message()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket =>
        {
            socket.Control.ReceiveMode = MessageWebSocketReceiveMode.PartialMessage;
            socket.Control.AutoReplies.Add(new AutoReply("2", "3"));
        });

        await dialogue.Peer.SendTextAsync("1", fin: false);
        Assert.Equal("1", (await dialogue.ReceiveAsync()).Text);
        await dialogue.Peer.SendFrameAsync(WireOpcode.Continuation, "2"u8.ToArray());
        Assert.Equal("2", (await dialogue.ReceiveAsync()).Text);
        await dialogue.Peer.SendTextAsync("2");
        Assert.Equal("3", (await dialogue.PeerReadsAsync(WireOpcode.Text)).Text);
    }

    [SocketFact]
    public async Task An_answer_waits_for_the_end_of_a_message_in_fragments_and_the_receive_loop_does_not()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(
            socket => socket.Control.AutoReplies.Add(new AutoReply(new Regex("^ping (.+)$"), "pong $1")));
        await dialogue.Socket.SendNonfinalFrameAsync("first"u8.ToArray(), SocketMessageType.Utf8);
        Assert.Equal("first", (await dialogue.PeerReadsAsync(WireOpcode.Text)).Text);

        for (int i = 0; i < 1000; i++)
        {
            await dialogue.Peer.SendTextAsync($"ping {i}");
        }

        await dialogue.Peer.SendTextAsync("news");
        Assert.Equal("news", (await dialogue.ReceiveAsync()).Text);
        await dialogue.Socket.SendFinalFrameAsync("last"u8.ToArray());

        Assert.Equal("last", (await dialogue.PeerReadsAsync(WireOpcode.Continuation)).Text);

        // One had its turn already when the others came; of those the newest 256 waited.
        List<string> answers = [];
        while (answers.LastOrDefault() != "pong 999")
        {
            answers.Add((await dialogue.PeerReadsAsync(WireOpcode.Text)).Text);
        }

        Assert.InRange(answers.Count, 256, 257);
        Assert.Equal(Enumerable.Range(744, 256).Select(i => $"pong {i}"), answers[^256..]);
    }

    [SocketFact]
    public async Task Answers_that_wait_when_the_connection_ends_are_not_sent()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket => socket.Control.AutoReplies.Add(new AutoReply("ping", "pong")));
        await dialogue.Socket.SendNonfinalFrameAsync("first"u8.ToArray(), SocketMessageType.Utf8);
        Assert.Equal("first", (await dialogue.PeerReadsAsync(WireOpcode.Text)).Text);
        await dialogue.Peer.SendTextAsync("ping");
        await dialogue.Peer.SendTextAsync("ping");
        await dialogue.Peer.SendTextAsync("news");
        Assert.Equal("news", (await dialogue.ReceiveAsync()).Text);

        await dialogue.Peer.SendCloseAsync(1000, "");
        Assert.Null(await dialogue.Socket.ReceiveAsync());

        Assert.Equal(WireOpcode.Close, (await dialogue.Peer.ReadFrameAsync())!.Opcode);
        dialogue.Peer.ShutdownSend();
        await dialogue.Socket.Released;
        Assert.Null(await dialogue.Peer.ReadFrameAsync());
        Assert.Equal(0, dialogue.Socket.Information.AutoRepliesSent);
    }

    [SocketFact]
    public async Task A_pattern_that_takes_too_long_is_no_match_and_the_connection_lives()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(
            socket => socket.Control.Ignore.Add(new Regex("^(a+)+$", RegexOptions.None, TimeSpan.FromMilliseconds(50))));
        string text = new string('a', 60) + "!";

        await dialogue.Peer.SendTextAsync(text);
        await dialogue.Peer.SendTextAsync("aaa");
        await dialogue.Peer.SendTextAsync("news");

        Assert.Equal(text, (await dialogue.ReceiveAsync()).Text);
        Assert.Equal("news", (await dialogue.ReceiveAsync()).Text);
        Assert.Equal(1, dialogue.Socket.Information.MessagesIgnored);
    }

    [Fact]
    public void A_preset_message_is_what_it_was_made_of()
    {
        byte[] bytes = [1, 2];
        PresetMessage binary = bytes;
        bytes[0] = 9;

        Assert.Equal([1, 2], binary.AsMemory().ToArray());
        Assert.Equal(SocketMessageType.Binary, binary.MessageType);
        Assert.Equal(SocketMessageType.Utf8, ((PresetMessage)"ü").MessageType);
        Assert.Equal("ü", ((PresetMessage)"ü").ToString());
        Assert.Throws<ArgumentException>(() => new PresetMessage("\ud83d"));
        Assert.Equal("2 -> 3", new AutoReply("2", "3").ToString());
        Assert.Equal("/^a$/ -> b", new AutoReply(new Regex("^a$"), "b").ToString());
    }

    [GeneratedRegex("""^\{"ping":(\d+)\}$""")]
    private static partial Regex Ping();
}
