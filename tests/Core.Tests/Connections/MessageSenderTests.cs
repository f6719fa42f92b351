using System.Buffers;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using System.Text;
using MessageWebSockets.Tests.Loopback;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Connections;

/// <summary>What is sent in which order, what waits, and what is counted of it.</summary>
public sealed class MessageSenderTests : IDisposable
{
    private readonly MemoryNetwork _network = new();
    private readonly FixedEnd _end = new();
    private readonly FrameStream _transport;

    public MessageSenderTests() => _transport = new FrameStream(_network, new FrameTraces(), sendLimit: 10);

    private IEnumerable<string> Sent => _network.Frames.Select(
        frame => $"{frame.Opcode} {Encoding.UTF8.GetString(frame.Payload)}{(frame.IsFinal ? "" : " ...")}");

    public void Dispose()
    {
        _transport.Dispose();
        _end.Dispose();
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task What_was_sent_is_counted_and_noted_from_when_it_is_watched()
    {
        using MessageSender sender = Create();
        await sender.SendAsync("one"u8.ToArray().AsMemory(), SocketMessageType.Utf8, CancellationToken.None);
        Assert.Equal((1L, 3L, 0L), (sender.Messages, sender.PayloadBytes, sender.LastSent));

        sender.WatchSends();
        long watched = sender.LastSent;
        Assert.NotEqual(0, watched);
        Assert.True(SpinWait.SpinUntil(() => Environment.TickCount64 > watched, TimeSpan.FromSeconds(20)));
        await sender.SendFrameAsync(new byte[2], null, SocketMessageType.Binary, isFinal: false, CancellationToken.None);
        Assert.Equal((1L, 5L), (sender.Messages, sender.PayloadBytes));
        Assert.True(sender.LastSent > watched);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task What_the_connection_says_by_itself_is_none_of_its_callers_written_or_not()
    {
        using MessageSender sender = Create();
        await sender.SendAsync("a"u8, SocketMessageType.Utf8, CancellationToken.None);
        await _transport.Writer.DrainAsync(CancellationToken.None);
        _network.Hold();
        Assert.True(sender.TrySendNow("own"u8, SocketMessageType.Utf8));
        Assert.True(SpinWait.SpinUntil(() => _transport.Writer.Network.WaitingSince != 0, TimeSpan.FromSeconds(20)));
        Assert.Equal((1L, 1L, 0L), sender.OfCallers);

        await sender.SendAsync("b"u8, SocketMessageType.Utf8, CancellationToken.None);
        Assert.False(sender.TrySendNow("own"u8, SocketMessageType.Utf8));
        Assert.Equal((2L, 1L, 0L), sender.OfCallers);
        _network.LetOneGo();
        Assert.True(SpinWait.SpinUntil(() => _transport.Writer is { MessagesWritten: 2, MessagesInDoubt: 1 }, TimeSpan.FromSeconds(20)));
        Assert.Equal((2L, 1L, 1L), sender.OfCallers);

        _network.LetGo();
        await sender.SendOwnAsync("answer"u8.ToArray(), SocketMessageType.Utf8);
        await _transport.Writer.DrainAsync(CancellationToken.None);
        Assert.Equal((2L, 2L, 0L), sender.OfCallers);
        Assert.Equal(["Text a", "Text own", "Text b", "Text answer"], Sent);
        Assert.Equal(4, sender.Messages);

        // What was not sent is nobody's.
        _transport.Writer.Break(new IOException("x"));
        Assert.Throws<IOException>(() => sender.TrySendNow("own"u8, SocketMessageType.Utf8));
        await Assert.ThrowsAsync<InvalidTimeZoneException>(() => sender.SendOwnAsync("x"u8.ToArray(), SocketMessageType.Utf8).AsTask());
        Assert.Equal((2L, 2L, 0L), sender.OfCallers);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_payload_in_pieces_leaves_in_one_frame_and_as_a_record_ends_as_one()
    {
        using MessageSender plain = Create();
        await plain.SendAsync(Pieces("one", "", "two"), SocketMessageType.Utf8, CancellationToken.None);
        await plain.SendAsync(Pieces("three"), SocketMessageType.Binary, CancellationToken.None);
        using MessageSender records = Create(records: new RecordSeparator("!"));
        await records.SendAsync(Pieces("fo", "ur"), SocketMessageType.Utf8, CancellationToken.None);
        await records.SendAsync("five"u8, SocketMessageType.Utf8, CancellationToken.None);
        await records.SendAsync("six!"u8, SocketMessageType.Utf8, CancellationToken.None);

        await _transport.Writer.DrainAsync(CancellationToken.None);
        Assert.Equal(["Text onetwo", "Binary three", "Text four!", "Text five!", "Text six!"], Sent);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Who_was_cancelled_before_sends_nothing()
    {
        using MessageSender sender = Create();
        CancellationToken canceled = new(canceled: true);
        await Assert.ThrowsAsync<OperationCanceledException>(
            () => sender.SendAsync(new byte[1].AsMemory(), SocketMessageType.Utf8, canceled).AsTask());
        await Assert.ThrowsAsync<OperationCanceledException>(
            () => sender.SendAsync(Pieces("a", "b"), SocketMessageType.Utf8, canceled).AsTask());
        await Assert.ThrowsAsync<OperationCanceledException>(
            () => sender.SendAsync("a"u8, SocketMessageType.Utf8, canceled).AsTask());
        Assert.Empty(Sent);
        Assert.Equal(0, sender.Messages);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task What_waits_for_room_keeps_its_bytes_and_goes_on_outside_of_the_context_of_its_caller()
    {
        using MessageSender sender = Create();
        await FillAsync(sender);
        byte[] bytes = "span"u8.ToArray();
        PendingBytes pending = Pending();
        int posts = await ForeignContext.CountPostsAsync(() =>
        {
            Task span = sender.SendAsync(bytes.AsSpan(), SocketMessageType.Utf8, CancellationToken.None).AsTask();
            bytes.AsSpan().Fill((byte)'x');
            Task pieces = sender.SendAsync(Pieces("pie", "ces"), SocketMessageType.Utf8, CancellationToken.None).AsTask();
            Task stream = sender.SendAsync(pending, CancellationToken.None).AsTask();
            Task frame = sender.SendFrameAsync("end"u8.ToArray(), null, SocketMessageType.Utf8, true, CancellationToken.None).AsTask();
            Assert.False(span.IsCompleted || pieces.IsCompleted || stream.IsCompleted || frame.IsCompleted);
            _network.LetGo();
            return Task.WhenAll(span, pieces, stream, frame);
        });

        await _transport.Writer.DrainAsync(CancellationToken.None);
        Assert.Equal(["Text span", "Text pieces", "Binary pending", "Text end"], Sent.Skip(2));
        Assert.Equal(0, posts);
        Assert.Equal(6, sender.Messages);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task What_is_pending_and_first_to_wait_for_room_goes_on_outside_of_the_context_of_its_caller()
    {
        using MessageSender sender = Create();
        await FillAsync(sender);
        PendingBytes pending = Pending();
        int posts = await ForeignContext.CountPostsAsync(() =>
        {
            Task sending = sender.SendAsync(pending, CancellationToken.None).AsTask();
            Assert.False(sending.IsCompleted);
            _network.LetGo();
            return sending;
        });
        Assert.Equal(0, posts);
        await _transport.Writer.DrainAsync(CancellationToken.None);
        Assert.Equal(["Binary pending"], Sent.Skip(2));
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_connection_that_broke_is_explained_to_all_who_send()
    {
        using MessageSender sender = Create();
        PendingBytes pending = Pending();
        _transport.Writer.Break(new IOException("x"));
        int posts = await ForeignContext.CountPostsAsync(
            () => FailsAsync(sender.SendAsync("a"u8, SocketMessageType.Utf8, CancellationToken.None)));
        posts += await ForeignContext.CountPostsAsync(() => FailsAsync(
            sender.SendFrameAsync(new byte[1], null, SocketMessageType.Binary, isFinal: true, CancellationToken.None)));
        posts += await ForeignContext.CountPostsAsync(() => FailsAsync(sender.SendAsync(pending, CancellationToken.None)));

        Assert.Equal(3, _end.Symptoms.Count);
        Assert.Equal((0, 0L, 0L), (posts, sender.Messages, sender.PayloadBytes));
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Who_waits_for_a_turn_is_refused_at_the_end_and_can_give_up()
    {
        using MessageSender sender = Create();
        await sender.SendFrameAsync("a"u8.ToArray(), null, SocketMessageType.Utf8, isFinal: false, CancellationToken.None);
        using CancellationTokenSource cancel = new();
        Task givesUp = sender.SendAsync("b"u8, SocketMessageType.Utf8, cancel.Token).AsTask();
        await cancel.CancelAsync();
        OperationCanceledException canceled = await Assert.ThrowsAsync<OperationCanceledException>(() => givesUp);
        Assert.Equal(cancel.Token, canceled.CancellationToken);

        int posts = await ForeignContext.CountPostsAsync(() =>
        {
            Task refused = sender.SendAsync("c"u8, SocketMessageType.Utf8, CancellationToken.None).AsTask();
            _end.End();
            return FailsAsync(new ValueTask(refused), "refused");
        });
        Assert.Equal(0, posts);
        Assert.Equal(["Text a ..."], Sent);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Last_words_pass_what_waits_and_are_counted_once_they_were_taken()
    {
        using MessageSender sender = Create();
        PendingBytes pending = Pending();
        sender.SendLastWords();
        sender.LastWords = pending;
        await FillAsync(sender);
        sender.SendLastWords();
        sender.SendLastWords();
        Assert.Equal((3L, 27L), (sender.Messages, sender.PayloadBytes));
        _network.LetGo();
        await _transport.Writer.DrainAsync(CancellationToken.None);
        Assert.Equal(["Binary pending"], Sent.Skip(2));

        PendingBytes late = Pending();
        sender.LastWords = late;
        _transport.Writer.Break(new IOException("x"));
        sender.SendLastWords();
        Assert.Equal((3L, 27L), (sender.Messages, sender.PayloadBytes));
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Compressed_pieces_are_frames_of_one_message_until_it_is_disposed()
    {
        MessageSender sender = Create(new WebSocketDeflateOptions());
        await sender.SendAsync(Pieces("one", "", "two", ""), SocketMessageType.Utf8, CancellationToken.None);
        await sender.SendAsync(ReadOnlySequence<byte>.Empty, SocketMessageType.Binary, CancellationToken.None);
        await _transport.Writer.DrainAsync(CancellationToken.None);
        Assert.Equal(
            [(WireOpcode.Text, false), (WireOpcode.Continuation, true), (WireOpcode.Binary, true)],
            _network.Frames.Select(frame => (frame.Opcode, frame.IsFinal)));
        Assert.Equal((2L, 6L), (sender.Messages, sender.PayloadBytes));
        Assert.NotEqual("one"u8.ToArray(), _network.Frames[0].Payload);

        sender.Dispose();
        await FailsAsync(sender.SendAsync("late"u8, SocketMessageType.Utf8, CancellationToken.None));
        Assert.Equal(2, sender.Messages);
    }

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Where_compression_has_no_memory_a_whole_message_is_lost_and_in_the_middle_of_one_the_connection(bool isWhole)
    {
        using MessageSender sender = Create(new WebSocketDeflateOptions());
        Compressing(sender) = new NoMemory();
        Task lost = isWhole
            ? sender.SendAsync("lost"u8, SocketMessageType.Utf8, CancellationToken.None).AsTask()
            : sender.SendFrameAsync("lost"u8.ToArray(), null, SocketMessageType.Utf8, isFinal: false, CancellationToken.None).AsTask();
        await Assert.ThrowsAsync<InsufficientMemoryException>(() => lost);
        ValueTask next = sender.SendAsync("next"u8, SocketMessageType.Utf8, CancellationToken.None);
        if (!isWhole)
        {
            await FailsAsync(next);
            return;
        }

        await next;
        await _transport.Writer.DrainAsync(CancellationToken.None);
        Assert.Single(_network.Frames);
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_compressing")]
    private static extern ref WebSocket? Compressing(MessageSender sender);

    private static ReadOnlySequence<byte> Pieces(params string[] pieces) => Segment.Join(pieces);

    private static PendingBytes Pending()
    {
        PendingBytes pending = new();
        pending.Append("pending"u8);
        return pending;
    }

    private static async Task FailsAsync(ValueTask send, string why = "explained")
    {
        Task sending = send.AsTask();
        await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Assert.Equal(why, Assert.IsType<InvalidTimeZoneException>(sending.Exception?.InnerException).Message);
    }

    // The network holds the first, and there is no room behind the second.
    private async Task FillAsync(MessageSender sender)
    {
        _network.Hold();
        await sender.SendAsync("0123456789"u8, SocketMessageType.Utf8, CancellationToken.None);
        Assert.True(SpinWait.SpinUntil(() => _transport.Writer.Network.WaitingSince != 0, TimeSpan.FromSeconds(20)));
        await sender.SendAsync("0123456789"u8, SocketMessageType.Utf8, CancellationToken.None);
    }

    private MessageSender Create(WebSocketDeflateOptions? compression = null, RecordSeparator? records = null) =>
        new(_transport, new OpenedConnection(_network, null!, null, compression), records, _end);

    private sealed class NoMemory : WebSocket
    {
        public override WebSocketCloseStatus? CloseStatus => null;

        public override string? CloseStatusDescription => null;

        public override WebSocketState State => WebSocketState.Open;

        public override string? SubProtocol => null;

        public override void Abort()
        {
        }

        public override Task CloseAsync(WebSocketCloseStatus status, string? description, CancellationToken cancellationToken) =>
            Task.CompletedTask;

        public override Task CloseOutputAsync(WebSocketCloseStatus status, string? description, CancellationToken cancellationToken) =>
            Task.CompletedTask;

        public override void Dispose()
        {
        }

        public override Task<WebSocketReceiveResult> ReceiveAsync(ArraySegment<byte> buffer, CancellationToken cancellationToken) =>
            throw new InsufficientMemoryException();

        public override Task SendAsync(
            ArraySegment<byte> buffer, WebSocketMessageType type, bool endOfMessage, CancellationToken cancellationToken) =>
            throw new InsufficientMemoryException();
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public static ReadOnlySequence<byte> Join(string[] pieces)
        {
            Segment first = new() { Memory = Encoding.UTF8.GetBytes(pieces[0]) };
            Segment last = first;
            foreach (string piece in pieces[1..])
            {
                Segment next = new() { Memory = Encoding.UTF8.GetBytes(piece), RunningIndex = last.RunningIndex + last.Memory.Length };
                last.Next = next;
                last = next;
            }

            return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
        }
    }
}
