using System.Buffers.Binary;
using MessageWebSockets.Tests.Frames;
using MessageWebSockets.Tests.Loopback;
using MessageWebSockets.Tests.Messages;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Framing;

public sealed class FrameWriterTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData(null, "", "")]
    [InlineData(1000, "", "03E8")]
    [InlineData(4999, "\u00e9", "1387C3A9")]
    public async Task The_close_frame_has_the_code_and_the_reason(int? code, string reason, string payload)
    {
        OneWayStream network = new([], 1, 1);
        using FrameWriter writer = new(network, new FrameTraces(), new PingBook());
        Assert.False(writer.CloseFrameWritten);

        Assert.True(writer.SendClose((ushort?)code, reason));
        Assert.False(writer.SendClose(1001, ""));
        writer.SendUnsolicitedPong();
        Assert.Null(writer.SendKeepAlivePing());
        IOException refusal = await Assert.ThrowsAsync<IOException>(() => writer.PingAsync(Token));
        Assert.Contains("nothing can follow the close frame", refusal.Message, StringComparison.Ordinal);
        await writer.DrainAsync(Token);

        (WireOpcode Opcode, byte[] Payload) close = Assert.Single(network.Frames());
        Assert.Equal((WireOpcode.Close, payload), (close.Opcode, Convert.ToHexString(close.Payload)));
        Assert.True(writer.CloseFrameWritten);
        Assert.Equal((1, 0), (writer.FramesSent, writer.MessagesWritten));
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_ping_that_was_not_sent_has_no_answer()
    {
        int measured = 0;
        PingBook pings = new() { RoundTripMeasured = _ => measured++ };
        using FrameWriter writer = new(new OneWayStream([], 1, 1), new FrameTraces(), pings);
        writer.SendClose(1000, "");
        Assert.Null(writer.SendKeepAlivePing());
        await writer.DrainAsync(Token);
        pings.NoteSending(long.MaxValue);

        byte[] id = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(id, pings.Begin().Id - 1);
        pings.Answer(id);

        Assert.Equal(0, measured);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Messages_fragments_pings_and_pongs_go_out_in_order()
    {
        OneWayStream network = new([], 1, 1);
        PingBook pings = new();
        using FrameWriter writer = new(network, new FrameTraces(), pings);

        Assert.True(writer.TrySendData(FrameOpcode.Binary, "\u0001"u8));
        writer.SendData(FrameOpcode.Text, isFinal: false, "a"u8);
        PendingPing? ping = writer.SendKeepAlivePing();
        writer.SendData(FrameOpcode.Continuation, isFinal: true, "b"u8);
        writer.SendUnsolicitedPong();
        await writer.DrainAsync(Token);

        Assert.NotNull(ping);
        byte[] id = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(id, ping.Id);
        Assert.Equal(
            ["Binary 01", "Text 61", $"Ping {Convert.ToHexString(id)}", "Continuation 62", "Pong "],
            network.Frames().Select(frame => $"{frame.Opcode} {Convert.ToHexString(frame.Payload)}"));
        Assert.Equal((5, 2, 0), (writer.FramesSent, writer.MessagesWritten, writer.MessagesInDoubt));
        Assert.NotEqual(0, ping.Written);
        writer.Forget(ping);
        pings.Answer(id);
        Assert.False(ping.Task.IsCompleted);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_ping_ends_with_its_pong_its_cancellation_or_the_pings_of_the_connection()
    {
        PingBook pings = new();
        using FrameWriter writer = new(new OneWayStream([], 1, 1), new FrameTraces(), pings);
        using CancellationTokenSource cancellation = new();
        byte[] id = new byte[sizeof(ulong)];
        id[^1] = 1;

        Task<TimeSpan> answered = writer.PingAsync(Token);
        await writer.DrainAsync(Token);
        pings.Answer(id);
        Assert.InRange(await answered, TimeSpan.FromTicks(1), TimeSpan.FromDays(1));

        Task<TimeSpan> cancelled = writer.PingAsync(cancellation.Token);
        await writer.DrainAsync(Token);
        await cancellation.CancelAsync();
        OperationCanceledException e = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.Equal(cancellation.Token, e.CancellationToken);

        Task<TimeSpan> broken = writer.PingAsync(Token);
        Assert.False(broken.IsCompleted);
        writer.EndPings();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => broken);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Who_waits_for_room_goes_on_when_what_was_pending_is_being_written()
    {
        HeldStream network = new();
        using FrameWriter writer = new(network, new FrameTraces(), new PingBook(), limit: 10);
        Assert.Null(writer.WaitForRoomAsync(Token));
        writer.SendData(FrameOpcode.Binary, isFinal: true, "\u0001"u8);
        (_, TaskCompletionSource done) = await network.NextWriteAsync(Token);
        Assert.Null(writer.WaitForRoomAsync(Token));
        Assert.True(writer.TrySendData(FrameOpcode.Binary, new byte[20]));
        Assert.False(writer.TrySendData(FrameOpcode.Binary, "\u0001"u8));

        using CancellationTokenSource cancellation = new();
        Task? room = writer.WaitForRoomAsync(Token);
        Task? cancelled = writer.WaitForRoomAsync(cancellation.Token);
        Assert.NotNull(room);
        Assert.NotNull(cancelled);
        Assert.False(room.IsCompleted);
        await cancellation.CancelAsync();
        OperationCanceledException e = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.Equal(cancellation.Token, e.CancellationToken);

        done.SetResult();
        await room;
        Assert.True(writer.TrySendData(FrameOpcode.Binary, "\u0001"u8));
        Assert.Equal(1, writer.MessagesWritten);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task What_breaks_ends_every_wait_and_is_the_cause_of_what_comes_later()
    {
        HeldStream network = new();
        using FrameWriter writer = new(network, new FrameTraces(), new PingBook(), limit: 10);
        writer.SendData(FrameOpcode.Binary, isFinal: true, "\u0001"u8);
        await network.NextWriteAsync(Token);
        writer.SendData(FrameOpcode.Binary, isFinal: true, new byte[20]);
        Task? room = writer.WaitForRoomAsync(Token);
        Task drained = writer.DrainAsync(Token);
        Task<TimeSpan> ping = writer.PingAsync(Token);
        IOException reason = new("Dropped.");

        writer.Break(reason);
        writer.Break(new IOException("Later."));

        await room!;
        Assert.Same(reason, (await Assert.ThrowsAsync<IOException>(() => drained)).InnerException);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ping);
        Assert.Null(writer.WaitForRoomAsync(Token));
        IOException refusal = Assert.Throws<IOException>(() => writer.SendData(FrameOpcode.Text, isFinal: true, default));
        Assert.Equal("The connection broke while sending.", refusal.Message);
        Assert.Same(reason, refusal.InnerException);
        Assert.Same(reason, writer.Fault);
    }

    [Fact]
    public void A_message_whose_write_failed_is_none_that_was_written()
    {
        IOException reason = new("Reset.");
        using FrameWriter writer = new(new FailingStream(reason), new FrameTraces(), new PingBook());
        writer.SendData(FrameOpcode.Binary, isFinal: true, "\u0001"u8);
        Assert.Same(reason, writer.Fault);
        Assert.Equal((1, 0, 1), (writer.FramesSent, writer.MessagesWritten, writer.MessagesInDoubt));
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_pong_that_nobody_asked_for_waits_for_room_and_goes_out_once()
    {
        HeldStream network = new();
        using FrameWriter writer = new(network, new FrameTraces(), new PingBook(), limit: 10);
        writer.SendData(FrameOpcode.Binary, isFinal: true, "\u0001"u8);
        (_, TaskCompletionSource done) = await network.NextWriteAsync(Token);
        writer.SendData(FrameOpcode.Binary, isFinal: true, new byte[20]);
        writer.SendUnsolicitedPong();
        writer.SendUnsolicitedPong();
        Task drained = writer.DrainAsync(Token);
        done.SetResult();
        (_, done) = await network.NextWriteAsync(Token);
        done.SetResult();
        (byte[] pong, done) = await network.NextWriteAsync(Token);
        done.SetResult();
        await drained;

        Assert.Equal((2 + sizeof(uint), 0x8A, 0x80), (pong.Length, pong[0], pong[1]));
        Assert.Equal(3, writer.FramesSent);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Writes_that_are_refused_end_nobodys_wait()
    {
        HeldStream network = new();
        using FrameWriter writer = new(network, new FrameTraces(), new PingBook());
        Task<TimeSpan> ping = writer.PingAsync(Token);
        await network.NextWriteAsync(Token);
        IOException reason = new("Refused.");

        writer.RefuseWrites(reason);
        writer.RefuseWrites(new IOException("Later."));

        Assert.Same(reason, Assert.Throws<IOException>(() => writer.SendData(FrameOpcode.Text, isFinal: true, default)).InnerException);
        Assert.Null(writer.Fault);
        Assert.False(ping.IsCompleted);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_sender_writes_its_own_frame_and_none_that_came_meanwhile()
    {
        ReentrantStream network = new();
        using FrameWriter writer = new(network, new FrameTraces(), new PingBook());
        network.InFirstWrite = () => writer.SendData(FrameOpcode.Binary, isFinal: true, new byte[2]);
        using ManualResetEventSlim isOver = new();
        Thread sender = new(() =>
        {
            writer.SendData(FrameOpcode.Binary, isFinal: true, new byte[1]);

            // No other thread has its number as long as it lives.
            isOver.Wait();
        });
        sender.IsBackground = true;
        sender.Start();
        try
        {
            Assert.Equal(sender.ManagedThreadId, await network.First);
            Assert.NotEqual(sender.ManagedThreadId, await network.Second);
        }
        finally
        {
            isOver.Set();
            sender.Join();
        }
    }

    [Theory]
    [InlineData(FrameDirection.Sent, FrameOpcode.Text, true, 5, "sent text 5 B fin")]
    [InlineData(FrameDirection.Received, FrameOpcode.Continuation, false, 0, "received continuation 0 B")]
    public void What_a_trace_is_told_can_be_read(FrameDirection direction, FrameOpcode opcode, bool isFinal, long length, string text) =>
        Assert.Equal(text, new FrameTraceEntry(direction, opcode, isFinal, length).ToString());

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_trace_is_told_of_each_frame_in_order_and_misses_frames_when_it_is_far_behind()
    {
        const int Queue = 64 * 1024;
        FrameTraces traces = new();
        Assert.Null(traces.Trace);
        FrameHeader header = new(0x82, IsMasked: false, 2, 0);
        traces.Add(FrameDirection.Sent, header);
        await traces.SettledAsync();

        using ManualResetEventSlim goOn = new();
        using SemaphoreSlim isBusy = new(0);
        List<FrameTraceEntry> told = [];
        SlowTrace trace = new(entry =>
        {
            told.Add(entry);
            if (told.Count == 1)
            {
                isBusy.Release();
                goOn.Wait();
            }
        });
        traces.Trace = trace;
        Assert.Same(trace, traces.Trace);
        traces.Add(FrameDirection.Received, new FrameHeader(0x01, IsMasked: false, 2, 7));
        await isBusy.WaitAsync(Token);
        for (int i = 0; i < Queue + 10; i++)
        {
            traces.Add(FrameDirection.Sent, header with { PayloadLength = i });
        }

        Task settled = traces.SettledAsync();
        Assert.False(settled.IsCompleted);
        goOn.Set();
        await settled;

        Assert.Equal(new FrameTraceEntry(FrameDirection.Received, FrameOpcode.Text, false, 7), told[0]);
        Assert.Equal(Queue + 1, told.Count);
        Assert.Equal(new FrameTraceEntry(FrameDirection.Sent, FrameOpcode.Binary, true, Queue - 1), told[^1]);
        traces.Add(FrameDirection.Sent, header);
        await traces.SettledAsync();
        Assert.Equal(Queue + 2, told.Count);
        traces.Trace = null;
        traces.Add(FrameDirection.Sent, header);
        await traces.SettledAsync();
        Assert.Equal(Queue + 2, told.Count);
    }

    // Tells on which thread the first two writes come.
    private sealed class ReentrantStream : SequentialStream
    {
        private readonly TaskCompletionSource<int> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource<int> _second = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Action InFirstWrite { get; set; } = static () => { };

        public Task<int> First => _first.Task;

        public Task<int> Second => _second.Task;

        public override bool CanRead => false;

        public override bool CanWrite => true;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_first.TrySetResult(Environment.CurrentManagedThreadId))
            {
                InFirstWrite();
            }
            else
            {
                _second.TrySetResult(Environment.CurrentManagedThreadId);
            }

            return default;
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class SlowTrace(Action<FrameTraceEntry> report) : IProgress<FrameTraceEntry>
    {
        public void Report(FrameTraceEntry value) => report(value);
    }
}
