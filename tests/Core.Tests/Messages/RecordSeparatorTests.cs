using System.Net.WebSockets;
using System.Text;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Messages;

public sealed class RecordSeparatorTests
{
    private const string SignalR = "\u001e";
    private const string CrLf = "\r\n";

    [SocketTheory]
    [InlineData("one\u001etwo\u001e", "one", "two")]
    [InlineData("one\u001etwo", "one", "two")]
    [InlineData("one", "one")]
    [InlineData("\u001e\u001eone\u001e\u001e", "one")]
    [InlineData("世界\u001e𝄞\u001e", "世界", "𝄞")]
    public async Task RecordSeparator_makes_each_record_of_a_message_one_of_its_own(string sent, params string[] records)
    {
        await using Dialogue dialogue = await OpenAsync(SignalR);

        await dialogue.Peer.SendTextAsync(sent);
        await dialogue.Peer.SendTextAsync("next\u001e");

        foreach (string record in records)
        {
            WsMessage message = await dialogue.ReceiveAsync();
            Assert.Equal(record, message.Text);
            Assert.Equal(SocketMessageType.Utf8, message.MessageType);
            Assert.True(message.IsMessageComplete);
        }

        Assert.Equal("next", (await dialogue.ReceiveAsync()).Text);
        Assert.Equal(records.Length + 1, dialogue.Socket.Information.MessagesReceived);
        Assert.Equal(records.Sum(Encoding.UTF8.GetByteCount) + 4, dialogue.Socket.Information.PayloadBytesReceived);
    }

    [SocketTheory]
    [InlineData("")]
    [InlineData("\u001e")]
    public async Task RecordSeparator_passes_over_a_message_without_a_record(string sent)
    {
        await using Dialogue dialogue = await OpenAsync(SignalR);

        await dialogue.Peer.SendTextAsync(sent);
        await dialogue.Peer.SendTextAsync("next");

        Assert.Equal("next", (await dialogue.ReceiveAsync()).Text);
        Assert.Equal(1, dialogue.Socket.Information.MessagesReceived);
    }

    [SocketFact]
    public async Task RecordSeparator_cuts_binary_messages_fragments_and_long_records()
    {
        await using Dialogue dialogue = await OpenAsync("\0");
        byte[] first = Bytes(3);
        byte[] second = Bytes(200_000);
        byte[] third = Bytes(65_536);
        byte[] message = [.. first, 0, .. second, 0, .. third];

        await dialogue.Peer.SendFrameAsync(WireOpcode.Binary, message.AsMemory(0, 70_000), fin: false);
        await dialogue.Peer.SendFrameAsync(WireOpcode.Continuation, message.AsMemory(70_000));

        foreach (byte[] record in new[] { first, second, third })
        {
            WsMessage received = await dialogue.ReceiveAsync();
            Assert.Equal(SocketMessageType.Binary, received.MessageType);
            Assert.Equal(record.Length, received.Length);
            Assert.Equal(record, received.Bytes);
        }
    }

    [SocketFact]
    public async Task RecordSeparator_cuts_what_came_compressed()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(
            socket =>
            {
                socket.Control.Compression = new WebSocketDeflateOptions();
                socket.Control.RecordSeparator = SignalR;
            },
            new HandshakeAnswer { Extensions = "permessage-deflate" });
        using WebSocket peer = WebSocket.CreateFromStream(
            dialogue.Peer.Stream,
            new WebSocketCreationOptions { IsServer = true, DangerousDeflateOptions = new WebSocketDeflateOptions() });

        await peer.SendAsync(Encoding.UTF8.GetBytes("one\u001etwo\u001e"), WebSocketMessageType.Text, true, CancellationToken.None);
        Assert.Equal("one", (await dialogue.ReceiveAsync()).Text);
        Assert.Equal("two", (await dialogue.ReceiveAsync()).Text);

        await dialogue.Socket.SendAsync(new string('x', 1000));
        byte[] buffer = new byte[2000];
        ValueWebSocketReceiveResult result = await peer.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
        Assert.True(result.EndOfMessage);
        Assert.Equal(new string('x', 1000) + SignalR, Encoding.UTF8.GetString(buffer, 0, result.Count));
    }

    [SocketFact]
    public async Task RecordSeparator_lets_a_full_inbox_hold_up_the_records_of_one_message()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket =>
        {
            socket.Control.RecordSeparator = "\n";
            socket.Control.InboxLimitInBytes = 1000;
        });
        string message = string.Concat(Enumerable.Range(0, 5000).Select(i => $"{i}\n"));

        await dialogue.Peer.SendTextAsync(message);
        await dialogue.Peer.SendTextAsync("last\n");

        for (int i = 0; i < 5000; i++)
        {
            Assert.Equal($"{i}", (await dialogue.ReceiveAsync()).Text);
            Assert.InRange(dialogue.Socket.Information.MessagesQueued, 0, 11);
        }

        Assert.Equal("last", (await dialogue.ReceiveAsync()).Text);
    }

    [SocketFact]
    public async Task RecordSeparator_hands_out_the_records_before_a_message_that_is_too_large_or_a_close()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket =>
        {
            socket.Control.RecordSeparator = "\n";
            socket.Control.MaxMessageSize = 10;
        });

        await dialogue.Peer.SendTextAsync("one\ntwo\n");
        await dialogue.Peer.SendTextAsync("three\nfour\n");

        Assert.Equal("one", (await dialogue.ReceiveAsync()).Text);
        Assert.Equal("two", (await dialogue.ReceiveAsync()).Text);
        MessageWebSocketException refused = await Assert.ThrowsAsync<MessageWebSocketException>(
            () => dialogue.Socket.ReceiveAsync().AsTask());
        Assert.Equal(unchecked((int)0x80072738), refused.HResult);
    }

    [SocketFact]
    public async Task RecordSeparator_goes_to_handlers_as_messages()
    {
        EventRecorder events = new();
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket =>
        {
            socket.Control.RecordSeparator = SignalR;
            events.RecordAll(socket);
        });

        await dialogue.Peer.SendTextAsync("one\u001etwo\u001e");

        Assert.Equal("one", (await events.NextMessageAsync()).Message!.Text);
        Assert.Equal("two", (await events.NextMessageAsync()).Message!.Text);
    }

    [SocketFact]
    public async Task RecordSeparator_cuts_chunks_and_finds_a_separator_that_is_split_over_two()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync(socket =>
        {
            socket.Control.RecordSeparator = CrLf;
            socket.Control.ReceiveMode = MessageWebSocketReceiveMode.PartialMessage;
        });

        await SendChunkAsync("one\r\ntwo\r", false, WireOpcode.Text);
        await ExpectAsync("one", true);
        await ExpectAsync("two", false);
        await SendChunkAsync("\nthree\r", false);
        await ExpectAsync("", true);
        await ExpectAsync("three", false);
        await SendChunkAsync("four\r\n", true);
        await ExpectAsync("\rfour", true);
        await SendChunkAsync("\r", false, WireOpcode.Text);
        await SendChunkAsync("\n\r\nfive", true);
        await ExpectAsync("five", true);

        async Task SendChunkAsync(string text, bool fin, WireOpcode opcode = WireOpcode.Continuation) =>
            await dialogue.Peer.SendFrameAsync(opcode, Encoding.UTF8.GetBytes(text), fin: fin);

        async Task ExpectAsync(string text, bool isComplete)
        {
            WsMessage message = await dialogue.ReceiveAsync();
            Assert.Equal((text, isComplete), (message.Text, message.IsMessageComplete));
        }
    }

    [SocketTheory]
    [InlineData(SignalR, "{}", "{}\u001e")]
    [InlineData(SignalR, "{}\u001e", "{}\u001e")]
    [InlineData(CrLf, "a\r\nb", "a\r\nb\r\n")]
    [InlineData("\0", "\n", "\n")]
    [InlineData("\0", "", "")]
    public async Task RecordSeparator_ends_what_is_sent_once_and_nothing_that_is_no_record(string separator, string text, string onTheWire)
    {
        await using Dialogue dialogue = await OpenAsync(separator);

        await dialogue.Socket.SendAsync(text);
        Assert.Equal(onTheWire, (await dialogue.PeerReadsAsync(WireOpcode.Text)).Text);

        await dialogue.Socket.SendAsync(Encoding.UTF8.GetBytes(text), SocketMessageType.Binary);
        Assert.Equal(onTheWire, (await dialogue.PeerReadsAsync(WireOpcode.Binary)).Text);

        await dialogue.Socket.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(text));
        await dialogue.Socket.OutputStream.FlushAsync();
        if (text.Length > 0)
        {
            Assert.Equal(onTheWire, (await dialogue.PeerReadsAsync(WireOpcode.Binary)).Text);
        }
    }

    [SocketTheory]
    [InlineData("a", "b", "b\r\n")]
    [InlineData("a\r", "\n", "\n")]
    [InlineData("a", "\r\n", "\r\n")]
    [InlineData(" ", "\n", "\n")]
    [InlineData(" ", "\n1", "\n1\r\n")]
    [InlineData("a", "", "\r\n")]
    public async Task RecordSeparator_ends_the_last_fragment_of_a_message(string first, string last, string lastOnTheWire)
    {
        await using Dialogue dialogue = await OpenAsync(CrLf);

        uint written = await dialogue.Socket.SendNonfinalFrameAsync(Encoding.UTF8.GetBytes(first), SocketMessageType.Utf8);
        Assert.Equal((uint)first.Length, written);
        written = await dialogue.Socket.SendFinalFrameAsync(Encoding.UTF8.GetBytes(last));
        Assert.Equal((uint)last.Length, written);

        Assert.Equal(first, (await dialogue.PeerReadsAsync(WireOpcode.Text)).Text);
        RawFrame end = await dialogue.PeerReadsAsync(WireOpcode.Continuation);
        Assert.True(end.Fin);
        Assert.Equal(lastOnTheWire, end.Text);
    }

    [SocketFact]
    public async Task RecordSeparator_goes_along_with_a_clone()
    {
        await using Dialogue dialogue = await OpenAsync(SignalR);

        using MessageWebSocket clone = dialogue.Socket.Clone();

        Assert.Equal(SignalR, clone.Control.RecordSeparator);
    }

    private static Task<Dialogue> OpenAsync(string separator) => Dialogue.OpenAsync(socket => socket.Control.RecordSeparator = separator);

    // No NUL in it.
    private static byte[] Bytes(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)((i % 255) + 1))];
}
