using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Events;

/// <summary>OutputStream, DataWriter and DataReader through a real socket; their own rules are tested in Messages.</summary>
public sealed class OutputStreamTests
{
    [SocketTheory]
    [InlineData(SocketMessageType.Binary, WireOpcode.Binary)]
    [InlineData(SocketMessageType.Utf8, WireOpcode.Text)]
    public async Task OutputStream_sends_what_was_written_as_one_message_of_Control_MessageType_when_flushed(
        SocketMessageType type, WireOpcode opcode)
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        dialogue.Socket.Control.MessageType = type;
        Stream output = dialogue.Socket.OutputStream;
        Assert.False(output.CanRead);
        Assert.False(output.CanSeek);
        Assert.True(output.CanWrite);

        await output.WriteAsync("one "u8.ToArray());
        output.Write("two"u8);
        await output.FlushAsync();

        RawFrame frame = await dialogue.PeerReadsAsync(opcode);
        Assert.True(frame.Fin);
        Assert.Equal("one two", frame.Text);
    }

    [SocketFact]
    public async Task OutputStream_FlushAsync_with_nothing_pending_sends_nothing()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        await dialogue.Socket.OutputStream.FlushAsync();
        await dialogue.Socket.SendAsync("first");
        await dialogue.Socket.OutputStream.FlushAsync();

        Assert.Equal("first", (await dialogue.PeerReadsAsync(WireOpcode.Text)).Text);
        Assert.Equal(1, dialogue.Socket.Information.MessagesSent);
    }

    [Fact]
    public async Task OutputStream_FlushAsync_before_a_connect_is_an_illegal_method_call()
    {
        using MessageWebSocket socket = new();
        socket.OutputStream.Write("early"u8);
        InvalidOperationException refused = await Assert.ThrowsAsync<InvalidOperationException>(() => socket.OutputStream.FlushAsync());
        Assert.Equal(HResults.IllegalMethodCall, refused.HResult);
    }

    [SocketFact]
    public async Task OutputStream_FlushAsync_on_a_closed_socket_is_closed()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        dialogue.Socket.OutputStream.Write("late"u8);
        dialogue.Socket.Close();

        ObjectDisposedException closed = await Assert.ThrowsAsync<ObjectDisposedException>(() => dialogue.Socket.OutputStream.FlushAsync());

        Assert.Equal(HResults.Closed, closed.HResult);
    }

    [SocketFact]
    public async Task OutputStream_that_was_disposed_is_closed_and_the_socket_is_not()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        await dialogue.Socket.OutputStream.DisposeAsync();

        ObjectDisposedException closed = await Assert.ThrowsAsync<ObjectDisposedException>(() => dialogue.Socket.OutputStream.FlushAsync());

        Assert.Equal(HResults.Closed, closed.HResult);
        await dialogue.Socket.SendAsync("still open");
        Assert.Equal("still open", (await dialogue.PeerReadsAsync(WireOpcode.Text)).Text);
    }

    [SocketFact]
    public async Task OutputStream_FlushAsync_on_a_broken_connection_reports_how_it_broke()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        dialogue.Peer.Reset();
        await Assert.ThrowsAsync<MessageWebSocketException>(() => dialogue.Socket.ReceiveAsync().AsTask());
        dialogue.Socket.OutputStream.Write("late"u8);

        MessageWebSocketException broken = await Assert.ThrowsAsync<MessageWebSocketException>(
            () => dialogue.Socket.OutputStream.FlushAsync());

        Assert.Equal(WebErrorStatus.ConnectionReset, broken.Status);
    }

    [SocketFact]
    public async Task DataWriter_StoreAsync_sends_one_message_and_DataReader_reads_the_answer()
    {
        EventRecorder events = new();
        await using Dialogue dialogue = await Dialogue.OpenAsync(events.RecordMessages);
        using DataWriter writer = new(dialogue.Socket.OutputStream);
        writer.WriteInt32(0x01020304);
        writer.WriteString("é");
        writer.WriteDouble(1.5);

        Assert.Equal(14u, await writer.StoreAsync());
        RawFrame frame = await dialogue.PeerReadsAsync(WireOpcode.Binary);
        Assert.Equal([1, 2, 3, 4, 0xC3, 0xA9], frame.Payload[..6]);
        await dialogue.Peer.SendFrameAsync(WireOpcode.Binary, frame.Payload);

        DataReader reader = (await events.NextMessageAsync()).GetDataReader();
        Assert.Equal(0x01020304, reader.ReadInt32());
        Assert.Equal("é", reader.ReadString(2));
        Assert.Equal(1.5, reader.ReadDouble());
        Assert.Equal(0u, reader.UnconsumedBufferLength);
    }

    [SocketFact]
    public async Task DataWriter_disposed_closes_OutputStream_unless_the_stream_was_detached()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        using (DataWriter detached = new(dialogue.Socket.OutputStream))
        {
            detached.WriteString("first");
            await detached.StoreAsync();
            Assert.Same(dialogue.Socket.OutputStream, detached.DetachStream());
        }

        using (DataWriter kept = new(dialogue.Socket.OutputStream))
        {
            kept.WriteString("second");
            await kept.StoreAsync();
        }

        await dialogue.PeerReadsAsync(WireOpcode.Binary);
        await dialogue.PeerReadsAsync(WireOpcode.Binary);
        using DataWriter late = new(dialogue.Socket.OutputStream);
        late.WriteString("third");
        ObjectDisposedException closed = await Assert.ThrowsAsync<ObjectDisposedException>(() => late.StoreAsync());
        Assert.Equal(HResults.Closed, closed.HResult);
    }

    [Fact]
    public async Task DataWriter_StoreAsync_before_a_connect_is_an_illegal_method_call()
    {
        using MessageWebSocket socket = new();
        using DataWriter writer = new(socket.OutputStream);
        writer.WriteString("early");
        InvalidOperationException refused = await Assert.ThrowsAsync<InvalidOperationException>(() => writer.StoreAsync());
        Assert.Equal(HResults.IllegalMethodCall, refused.HResult);
    }
}
