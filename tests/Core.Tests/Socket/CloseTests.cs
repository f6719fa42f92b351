using System.Diagnostics;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Sockets;

public sealed class CloseTests
{
    [SocketFact]
    public async Task Close_sends_an_empty_close_frame_that_is_masked()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();

        dialogue.Socket.Close();

        RawFrame close = await dialogue.PeerReadsAsync(WireOpcode.Close);
        Assert.Equal(6, close.RawBytes.Length);
        Assert.Equal([0x88, 0x80], close.RawBytes[..2]);
        Assert.Empty(close.Payload);
        Assert.Equal(MessageWebSocketState.Closed, dialogue.Socket.State);
    }

    [SocketFact]
    public async Task Close_raises_Closed_once_however_often_it_is_called()
    {
        EventRecorder events = new();
        await using Dialogue dialogue = await Dialogue.OpenAsync(events.RecordCloses);

        dialogue.Socket.Close();
        dialogue.Socket.Close();
        dialogue.Socket.Close(1001, "too late");
        dialogue.Socket.Dispose();

        WebSocketClosedEventArgs closed = await events.NextCloseAsync();
        Assert.Equal(1005, closed.Code);
        Assert.Equal("", closed.Reason);
        RawFrame first = await dialogue.PeerReadsAsync(WireOpcode.Close);
        Assert.Empty(first.Payload);
        dialogue.Peer.ShutdownSend();
        Assert.Null(await dialogue.Peer.ReadFrameAsync());
        Assert.Equal(1, events.ClosedCount);
    }

    [SocketFact]
    public async Task Close_ends_TCP_although_the_peer_never_answers()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();

        dialogue.Socket.Close();

        await dialogue.PeerReadsAsync(WireOpcode.Close);
        Assert.Null(await dialogue.Peer.ReadFrameAsync());
    }

    [SocketTheory]
    [InlineData(1000)]
    [InlineData(1001)]
    [InlineData(1002)]
    [InlineData(1003)]
    [InlineData(1007)]
    [InlineData(1008)]
    [InlineData(1009)]
    [InlineData(1010)]
    [InlineData(1011)]
    [InlineData(1012)]
    [InlineData(1013)]
    [InlineData(1014)]
    [InlineData(3000)]
    [InlineData(4999)]
    public async Task Close_with_a_code_sends_the_code_and_the_reason(int code)
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();

        dialogue.Socket.Close((ushort)code, "Grüße");

        RawFrame close = await dialogue.PeerReadsAsync(WireOpcode.Close);
        Assert.True(close.Masked);
        Assert.Equal((ushort)code, close.CloseCode);
        Assert.Equal("Grüße", close.CloseReason);
        Assert.Equal((ushort)code, dialogue.Socket.Information.CloseCode);
        Assert.Equal("Grüße", dialogue.Socket.Information.CloseReason);
    }

    [SocketTheory]
    [InlineData(0)]
    [InlineData(999)]
    [InlineData(1004)]
    [InlineData(1005)]
    [InlineData(1006)]
    [InlineData(1015)]
    [InlineData(1016)]
    [InlineData(2999)]
    [InlineData(5000)]
    [InlineData(65535)]
    public async Task Close_with_a_code_that_cannot_be_sent_says_why_and_changes_nothing(int code)
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();

        ArgumentOutOfRangeException refused = Assert.Throws<ArgumentOutOfRangeException>(() => dialogue.Socket.Close((ushort)code, ""));
        ArgumentOutOfRangeException refusedToo = await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => dialogue.Socket.CloseAsync((ushort)code, ""));

        Assert.Contains($"{code} cannot be sent: ", refused.Message, StringComparison.Ordinal);
        Assert.Equal(refused.Message, refusedToo.Message);
        Assert.Equal(MessageWebSocketState.Open, dialogue.Socket.State);
        await dialogue.Socket.SendAsync("still open");
        Assert.Equal("still open", (await dialogue.PeerReadsAsync()).Text);
    }

    [SocketFact]
    public async Task Close_takes_a_reason_of_123_bytes_and_names_the_length_of_a_longer_one()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        string longest = new('é', 61);

        ArgumentException refused = Assert.Throws<ArgumentException>(() => dialogue.Socket.Close(1000, longest + "xy"));

        Assert.Contains("124 bytes", refused.Message, StringComparison.Ordinal);
        dialogue.Socket.Close(1000, longest + "x");
        Assert.Equal(longest + "x", (await dialogue.PeerReadsAsync(WireOpcode.Close)).CloseReason);
    }

    [Fact]
    public void Close_refuses_a_reason_with_a_lone_surrogate()
    {
        using MessageWebSocket socket = new();
        Assert.Throws<ArgumentException>(() => socket.Close(1000, "\uD800"));
    }

    [SocketFact]
    public async Task Close_does_not_throw_for_a_dead_peer()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        dialogue.Peer.Reset();
        await Assert.ThrowsAsync<MessageWebSocketException>(() => dialogue.Socket.ReceiveAsync().AsTask());

        dialogue.Socket.Close();
        dialogue.Socket.Close(1000, "again");

        Assert.Equal(MessageWebSocketState.Aborted, dialogue.Socket.State);
    }

    [SocketFact]
    public async Task Close_does_not_wait_for_a_peer_that_does_not_read()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        using CancellationTokenSource patience = new(TimeSpan.FromMilliseconds(300));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            while (true)
            {
                await dialogue.Socket.SendAsync(new byte[256 * 1024], SocketMessageType.Binary, patience.Token);
            }
        });

        long started = Stopwatch.GetTimestamp();
        dialogue.Socket.Close();

        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(2));
        Assert.Equal(MessageWebSocketState.Closed, dialogue.Socket.State);
    }

    [SocketFact]
    public async Task Close_lets_a_peer_that_reads_slowly_have_all_that_was_accepted_before_it()
    {
        const int Size = 2 * 1024 * 1024;
        const int Header = 14;
        const int CloseFrame = 8;
        TaskCompletionSource<byte[]> read = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using RawServer server = RawServer.Start(async connection =>
        {
            connection.LimitReceiveBuffer(16 * 1024);
            await connection.AcceptHandshakeAsync();
            try
            {
                using MemoryStream bytes = new();
                byte[] buffer = new byte[64 * 1024];

                // The pauses are the condition under test: together they are longer than a client waits for a peer that takes nothing.
                for (int count; (count = await connection.ReadBytesAsync(buffer)) > 0; bytes.Write(buffer, 0, count))
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(3000.0 * count / Size));
                }

                read.SetResult(bytes.ToArray());
            }
            catch (Exception e)
            {
                read.SetException(e);
            }
        });
        MessageWebSocket socket = new();
        socket.Control.OutboundBufferSizeInBytes = 16 * 1024;
        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);
        await socket.SendAsync(new byte[Size], SocketMessageType.Binary, TestContext.Current.CancellationToken);

        socket.Close(1000);

        byte[] arrived = await read.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.Equal(Header + Size + CloseFrame, arrived.Length);
        Assert.Equal(0x88, arrived[Header + Size]);
    }

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData(5000, 0)]
    [InlineData(1, 7)]
    [InlineData(null, 0)]
    public async Task Close_lets_a_peer_have_all_that_was_accepted_whatever_it_says_meanwhile(int? length, int reservedBits)
    {
        const int Size = 8 * 1024 * 1024;
        TaskCompletionSource closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource<RawFrame?[]> read = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using RawServer server = RawServer.Start(async connection =>
        {
            connection.LimitReceiveBuffer(16 * 1024);
            await connection.AcceptHandshakeAsync();
            await closed.Task;
            try
            {
                if (length is { } bytes)
                {
                    await connection.SendFrameAsync(WireOpcode.Binary, new byte[bytes], rsv: reservedBits);
                }
                else
                {
                    connection.ShutdownSend();
                }

                read.SetResult([await connection.ReadFrameAsync(), await connection.ReadFrameAsync()]);
            }
            catch (Exception e)
            {
                read.SetException(e);
            }
        });
        MessageWebSocket socket = new();
        socket.Control.OutboundBufferSizeInBytes = 16 * 1024;
        socket.Control.MaxMessageSize = 1000;
        await socket.ConnectAsync(server.Uri, TestContext.Current.CancellationToken);
        await socket.SendAsync(new byte[Size], SocketMessageType.Binary, TestContext.Current.CancellationToken);

        socket.Close(1000);
        closed.SetResult();

        RawFrame?[] frames = await read.Task;
        Assert.Equal(Size, frames[0]?.Payload.Length);
        Assert.Equal(WireOpcode.Close, frames[1]?.Opcode);
    }

    [SocketFact]
    public async Task Close_before_a_connect_leads_to_Closed_without_an_event()
    {
        EventRecorder events = new();
        using MessageWebSocket socket = new();
        events.RecordCloses(socket);

        socket.Close();

        Assert.Equal(MessageWebSocketState.Closed, socket.State);
        Assert.Equal(0, events.ClosedCount);
        ObjectDisposedException closed = await Assert.ThrowsAsync<ObjectDisposedException>(
            () => socket.ConnectAsync(new Uri("ws://127.0.0.1:9/")));
        Assert.Equal(HResults.Closed, closed.HResult);
    }

    [SocketFact]
    public async Task Close_leaves_messages_that_were_not_read_yet_readable()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        await dialogue.Peer.SendTextAsync("one");
        await dialogue.Peer.SendTextAsync("two");
        await CaughtUpAsync(dialogue);

        dialogue.Socket.Close();

        Assert.Equal("one", (await dialogue.ReceiveAsync()).Text);
        Assert.Equal("two", (await dialogue.ReceiveAsync()).Text);
        Assert.Null(await dialogue.Socket.ReceiveAsync());
    }

    [SocketFact]
    public async Task Close_sends_what_was_sent_before_it()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        for (int i = 0; i < 1000; i++)
        {
            await dialogue.Socket.SendAsync($"{i}");
        }

        dialogue.Socket.Close();

        for (int i = 0; i < 1000; i++)
        {
            Assert.Equal($"{i}", (await dialogue.PeerReadsAsync(WireOpcode.Text)).Text);
        }

        await dialogue.PeerReadsAsync(WireOpcode.Close);
    }

    [SocketFact]
    public async Task Close_frees_a_reader_that_waits()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        Task<WsMessage?> receiving = dialogue.Socket.ReceiveAsync().AsTask();

        dialogue.Socket.Close();

        Assert.Null(await receiving);
    }

    [SocketFact]
    public async Task After_Close_sending_and_pinging_are_refused_as_closed()
    {
        await using Dialogue dialogue = await Dialogue.OpenAsync();
        dialogue.Socket.Close();

        Func<Task>[] calls =
        [
            () => dialogue.Socket.SendAsync("x").AsTask(),
            () => dialogue.Socket.SendAsync(new byte[1], SocketMessageType.Binary).AsTask(),
            () => dialogue.Socket.SendNonfinalFrameAsync(new byte[1]).AsTask(),
            () => dialogue.Socket.SendFinalFrameAsync(new byte[1]).AsTask(),
            () => dialogue.Socket.FlushAsync(),
            () => dialogue.Socket.PingAsync(),
            () => dialogue.Socket.OutputStream.FlushAsync(),
        ];
        foreach (Func<Task> call in calls)
        {
            Assert.Equal(HResults.Closed, (await Assert.ThrowsAsync<ObjectDisposedException>(call)).HResult);
        }
    }

    [SocketFact]
    public async Task Dispose_and_DisposeAsync_send_an_empty_close_frame_as_Close_does()
    {
        await using Dialogue first = await Dialogue.OpenAsync();
        await using Dialogue second = await Dialogue.OpenAsync();

        first.Socket.Dispose();
        await second.Socket.DisposeAsync();

        Assert.Empty((await first.PeerReadsAsync(WireOpcode.Close)).Payload);
        Assert.Empty((await second.PeerReadsAsync(WireOpcode.Close)).Payload);
        Assert.Equal(MessageWebSocketState.Closed, first.Socket.State);
        Assert.Equal(MessageWebSocketState.Closed, second.Socket.State);
        first.Socket.Dispose();
        await second.Socket.DisposeAsync();
    }

    // The pong of a ping sent behind the messages shows that the client has read them.
    private static Task CaughtUpAsync(Dialogue dialogue) => dialogue.Peer.AwaitClientCaughtUpAsync();
}
