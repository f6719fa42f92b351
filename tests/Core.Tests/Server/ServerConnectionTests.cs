using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Framing;
using MessageWebSockets.Tests.Loopback;
using MessageWebSockets.Tests.Messages;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Server;

/// <summary>A connection of the server whose client is a row of bytes, in which order things leave it and how it ends.</summary>
public sealed class ServerConnectionTests : IDisposable
{
    private readonly Socket _transport = new(SocketType.Stream, ProtocolType.Tcp);
    private readonly MessageCounts _all = new(all: null);
    private readonly List<Exception> _reported = [];

    public void Dispose() => _transport.Dispose();

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Messages_are_counted_for_the_connection_and_for_all()
    {
        byte[] large = [.. Enumerable.Range(0, 40_000).Select(static i => (byte)('a' + (i % 20)))];
        TwoWayStream network = Sends(
        [
            .. Masked(WireOpcode.Text, "a"u8),
            .. Masked(WireOpcode.Binary, "b"u8, fin: false),
            .. Masked(WireOpcode.Continuation, "c"u8, fin: false),
            .. Masked(WireOpcode.Continuation, "d"u8),
            .. Masked(WireOpcode.Binary, large),
        ]);
        ServerConnection connection = Connection(network);
        Assert.False(connection.IsClosing);

        await connection.RunAsync(new ReturnedMessages(connection.Outgoing));

        Assert.Equal($"1:a 2:bcd 2:{Encoding.ASCII.GetString(large)}", Written(network));
        Assert.Equal((3, 3), (connection.Messages.Received, connection.Messages.Sent));
        Assert.Equal((3, 3), (_all.Received, _all.Sent));
        Assert.True(connection.IsClosing);
        Assert.True(connection.Ended.IsCancellationRequested);
        await connection.Outgoing.AddAsync(Message("late"), CancellationToken.None);
        connection.Close(new ConnectionEnd(1001, "late"), discards: false);
    }

    // The lengths of the fragments of a message; whether it is within a limit of ten bytes.
    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData(true, 10)]
    [InlineData(true, 4, 6)]
    [InlineData(true, 10, 0)]
    [InlineData(false, 11)]
    [InlineData(false, 4, 7)]
    [InlineData(false, 10, 1)]
    public async Task The_first_byte_beyond_the_limit_ends_the_connection(bool isWithin, params int[] lengths)
    {
        List<byte> sent = [];
        for (int i = 0; i < lengths.Length; i++)
        {
            WireOpcode opcode = i == 0 ? WireOpcode.Binary : WireOpcode.Continuation;
            sent.AddRange(Masked(opcode, Encoding.ASCII.GetBytes(new string('x', lengths[i])), fin: i == lengths.Length - 1));
        }

        TwoWayStream network = Sends([.. Masked(WireOpcode.Text, "before"u8), .. sent, .. Masked(WireOpcode.Text, "behind"u8)]);
        ServerConnection connection = Connection(network, limit: 10);

        await connection.RunAsync(new ReturnedMessages(connection.Outgoing));

        Assert.Equal(
            isWithin ? "1:before 2:xxxxxxxxxx 1:behind" : $"1:before {Close(1009, "The limit is 10 bytes.")}", Written(network));
        Assert.Equal(isWithin ? 3 : 1, connection.Messages.Received);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Work_that_sends_without_end_keeps_no_client_from_its_close_frame()
    {
        TwoWayStream network = Sends([.. Masked(WireOpcode.Text, "a"u8), .. Masked(WireOpcode.Close, [3, 0xE8])]);
        SlowStream slow = new(network, TimeSpan.FromMilliseconds(1));
        ServerConnection connection = Connection(slow, patience: TimeSpan.FromMilliseconds(200));
        async Task SendAsync()
        {
            while (!connection.IsClosing)
            {
                await connection.Outgoing.AddAsync(Message("b"), CancellationToken.None);
            }
        }

        await connection.RunAsync(new Work { Complete = SendAsync });

        Assert.EndsWith($"1:b {Close(1000, "")}", Written(network), StringComparison.Ordinal);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Pings_of_a_client_that_is_gone_are_not_answered_one_by_one()
    {
        byte[] pings = [.. Enumerable.Repeat(Masked(WireOpcode.Ping, "x"u8), 1000).SelectMany(static ping => ping)];
        BrokenStream broken = new(Sends([.. pings, .. Masked(WireOpcode.Binary, "last"u8)]));
        List<ServerMessage> taken = [];
        ServerConnection connection = Connection(broken);

        await connection.RunAsync(new Work { Take = taken.Add });

        Assert.Equal(1, broken.Writes);
        Assert.Equal("last", Encoding.ASCII.GetString(Assert.Single(taken).Payload.Span));
    }

    // The pauses of the client are the condition under test: together they are longer than one that takes nothing is waited for.
    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task A_client_that_takes_its_time_has_all_answers_to_what_it_sent_before_it_closed(bool closes, bool isWorkedOn)
    {
        const int Count = 20;
        List<byte> sent = [];
        for (int i = 0; i < Count; i++)
        {
            sent.AddRange(Masked(WireOpcode.Binary, new byte[100]));
        }

        TwoWayStream network = Sends([.. sent, .. closes ? Masked(WireOpcode.Close, [3, 0xE8]) : []]);
        SlowStream slow = new(network, TimeSpan.FromMilliseconds(100));
        ServerConnection connection = Connection(slow, patience: TimeSpan.FromMilliseconds(800));
        IClientMessages messages = isWorkedOn
            ? new WorkedMessages(message => connection.Outgoing.AddAsync(message, CancellationToken.None), connection.Activity)
            : new ReturnedMessages(connection.Outgoing);

        await connection.RunAsync(messages);

        string all = string.Join(' ', Enumerable.Repeat($"2:{new string('\0', 100)}", Count));
        Assert.Equal(closes ? $"{all} {Close(1000, "")}" : all, Written(network));
    }

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_first_close_counts_and_says_what_becomes_of_what_waits(bool discards)
    {
        TwoWayStream network = Sends([]);
        PausedStream paused = new(network);
        ServerConnection connection = Connection(paused);
        Assert.True(connection.Outgoing.TryAdd(Message("under way")));
        Task running = connection.RunAsync(new Work());
        await paused.HasBegunToWrite.Task;
        Assert.True(connection.Outgoing.TryAdd(Message("waits")));

        connection.Close(new ConnectionEnd(1001, "first"), discards);
        connection.Close(new ConnectionEnd(1008, "second"), discards: true);
        Assert.True(connection.IsClosing);
        Assert.False(connection.Ended.IsCancellationRequested);
        paused.Writes.SetResult();
        paused.Reads.SetResult();
        await running;

        Assert.Equal($"1:under way {(discards ? "" : "1:waits ")}{Close(1001, "first")}", Written(network));
        Assert.Equal(discards ? 1 : 2, connection.Messages.Sent);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_fault_of_the_server_is_told_to_the_client_in_place_of_what_waits()
    {
        using TransportPair pair = await TransportPair.ConnectAsync();
        PausedStream paused = new(new NetworkStream(pair.Peer, ownsSocket: false));
        ServerConnection connection = Connection(paused, transport: pair.Peer);
        Assert.True(connection.Outgoing.TryAdd(Message("under way")));
        Work work = new() { Take = static _ => throw new InsufficientMemoryException() };
        Task running = connection.RunAsync(work);
        await paused.HasBegunToWrite.Task;
        Assert.True(connection.Outgoing.TryAdd(Message("waits")));

        await pair.Network.WriteAsync(Masked(WireOpcode.Text, "a"u8), TestContext.Current.CancellationToken);
        paused.Reads.SetResult();
        await work.Completed.Task;
        paused.Writes.SetResult();

        byte[] written = await ReadFrames.ToEndAsync(pair.Network.ReadAsync, 1000);
        Assert.Equal($"1:under way {Close(1011, "The server failed.")}", ReadFrames.Describe(written, areMasked: false));
        Assert.Equal([true], work.Discards);
        pair.Network.Dispose();
        await running;
        Assert.Equal(1, connection.Messages.Sent);
    }

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData(new byte[] { }, "")]
    [InlineData(new byte[] { 0x88, 0x80, 0, 0, 0, 0 }, "\u0003\u00e8")]
    [InlineData(new byte[] { 0x83 }, "\u0003\u00eaA reserved opcode (RFC 6455 section 5.2).")]
    public async Task However_the_client_ends_the_work_on_its_messages_is_answered_first(byte[] end, string close)
    {
        TwoWayStream network = Sends([.. Masked(WireOpcode.Text, "a"u8), .. end]);
        ServerConnection connection = Connection(network);
        Work work = new() { Complete = () => connection.Outgoing.AddAsync(Message("answer"), CancellationToken.None) };

        await connection.RunAsync(work);

        Assert.Equal(close.Length == 0 ? "1:answer" : $"1:answer 8:{close}", Written(network));
        Assert.Equal([false, true], work.Discards);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_connection_that_breaks_leaves_nothing_waiting()
    {
        ServerConnection connection = Connection(new FailingStream(new IOException("reset")));
        Work work = new();

        await connection.RunAsync(work);

        Assert.Equal([true], work.Discards);
        Assert.True(connection.Ended.IsCancellationRequested);
        Assert.Null(await connection.Outgoing.TakeAsync());
        Assert.Throws<ObjectDisposedException>(() => _transport.Available);
        Assert.Empty(_reported);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task What_a_listener_to_the_end_throws_is_reported()
    {
        ServerConnection connection = Connection(Sends([]));
        using CancellationTokenRegistration listener = connection.Ended.Register(static () => throw new FormatException("listener"));

        connection.CancelWork();

        Assert.True(SpinWait.SpinUntil(() => Reported() > 0, SocketFactAttribute.Patience));
        Assert.Equal("listener", Assert.IsType<AggregateException>(Assert.Single(_reported)).InnerException?.Message);
        await connection.RunAsync(new Work());
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_silent_client_is_told_so()
    {
        TwoWayStream network = Sends([]);
        PausedStream paused = new(network);
        paused.Writes.SetResult();
        ServerConnection connection = Connection(paused, idle: TimeSpan.FromMilliseconds(1));

        Task running = connection.RunAsync(new Work());
        await paused.HasBegunToWrite.Task;
        paused.Reads.SetResult();
        await running;

        Assert.Equal(Close(1001, "This client was silent for too long."), Written(network));
    }

    // What the client's system has acknowledged, and its window, at each look; from the last one on all stays.
    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData(new ulong[] { 1, 2, 3, 4, 5 }, new uint[] { 0, 0, 0, 0, 0 }, 5)]
    [InlineData(new ulong[] { 9, 9, 9, 9, 9 }, new uint[] { 1, 2, 3, 4, 5 }, 5)]
    [InlineData(new ulong[] { 9, 9 }, new uint[] { 1, 2 }, 2)]
    public async Task A_client_that_has_closed_is_waited_for_as_long_as_it_takes_what_is_before_the_close_frame(
        ulong[] acknowledged, uint[] windows, int looks)
    {
        int looked = 0;
        await CloseStuckAsync(look =>
        {
            looked = look;
            int at = Math.Min(look, acknowledged.Length - 1);
            return new PeerProgress(acknowledged[at], windows[at], IsWaiting: true);
        });
        Assert.True(looked >= looks, $"It was looked {looked} times behind the first.");
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_client_whose_window_creeps_and_that_takes_nothing_keeps_no_place() =>
        await CloseStuckAsync(static look => new PeerProgress(3, (uint)look, IsWaiting: true));

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_client_that_takes_what_it_is_sent_is_not_silent()
    {
        const int Taking = 12;
        int looked = 0;
        TwoWayStream network = Sends([]);
        PausedStream paused = new(network);
        paused.Writes.SetResult();
        ServerConnection connection = Connection(
            paused,
            idle: TimeSpan.FromMilliseconds(20),
            progress: _ => new PeerProgress((ulong)Math.Min(Interlocked.Increment(ref looked), Taking), 0, IsWaiting: true));

        Task running = connection.RunAsync(new Work());
        await paused.HasBegunToWrite.Task;
        Assert.True(looked > Taking, $"It was looked {looked} times.");
        paused.Reads.SetResult();
        await running;

        Assert.Equal(Close(1001, "This client was silent for too long."), Written(network));
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task An_answer_that_comes_behind_the_frames_of_the_client_goes_uncompressed()
    {
        byte[] hello = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00];
        TwoWayStream network = Sends(FrameBytes.Build(WireOpcode.Text, hello, rsv: 4, masked: true));
        ServerCompression agreed = new(new WebSocketDeflateOptions(), "permessage-deflate");
        ServerConnection connection = Connection(network, compression: agreed);
        string? seen = null;
        Work work = new()
        {
            Take = message => seen = Encoding.UTF8.GetString(message.Payload.Span),
            Complete = () => connection.Outgoing.AddAsync(Message("answer"), CancellationToken.None),
        };

        await connection.RunAsync(work);

        Assert.Equal("Hello", seen);
        Assert.Equal("1:answer", Written(network));
        Assert.Equal(1, connection.Messages.Sent);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Nothing_goes_on_in_the_context_of_a_caller()
    {
        foreach (byte[] end in (byte[][])[[], [0x83]])
        {
            PausedStream network = new(Sends([.. Masked(WireOpcode.Text, "a"u8), .. end]));
            ServerConnection connection = Connection(network);
            int posts = await ForeignContext.CountPostsAsync(() =>
            {
                Task running = connection.RunAsync(new ReturnedMessages(connection.Outgoing));
                Assert.False(running.IsCompleted);
                network.Open();
                return running;
            });
            Assert.Equal(0, posts);
        }
    }

    // A client that has sent its close frame and reads nothing, while a long message is written to it; what is seen of it, look by look.
    private async Task CloseStuckAsync(Func<int, PeerProgress> see)
    {
        using TransportPair pair = await TransportPair.ConnectAsync();
        pair.Peer.SendBufferSize = 16 * 1024;
        int looks = -1;
        ServerConnection connection = Connection(
            new NetworkStream(pair.Peer, ownsSocket: false),
            transport: pair.Peer,
            patience: TimeSpan.FromMilliseconds(20),
            progress: _ => see(Interlocked.Increment(ref looks)));
        Assert.True(connection.Outgoing.TryAdd(new ServerMessage(new byte[32 * 1024 * 1024], WebSocketMessageType.Binary)));
        await pair.Network.WriteAsync(Masked(WireOpcode.Close, [3, 0xE8]), TestContext.Current.CancellationToken);

        await connection.RunAsync(new Work());

        Assert.Equal(0, connection.Messages.Sent);
    }

    private static byte[] Masked(WireOpcode opcode, ReadOnlySpan<byte> payload, bool fin = true) =>
        FrameBytes.Build(opcode, payload, fin, masked: true);

    private static ServerMessage Message(string text) => new(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text);

    private static TwoWayStream Sends(byte[] bytes) => new(new ChunkedStream(bytes, 100_000));

    private static string Written(TwoWayStream network) => ReadFrames.Describe(network.Written.ToArray(), areMasked: false);

    private static string Close(int code, string reason) => $"8:{(char)(code >> 8)}{(char)(code & 0xFF)}{reason}";

    private int Reported()
    {
        lock (_reported)
        {
            return _reported.Count;
        }
    }

    private void Report(Exception error)
    {
        lock (_reported)
        {
            _reported.Add(error);
        }
    }

    private ServerConnection Connection(
        Stream network,
        int limit = 100_000,
        TimeSpan? idle = null,
        ServerCompression? compression = null,
        Socket? transport = null,
        TimeSpan? patience = null,
        Func<Socket, PeerProgress?>? progress = null)
    {
        ServerConnectionSettings settings = new(limit, QueueLimit: 1000, idle ?? Timeout.InfiniteTimeSpan)
        {
            Progress = progress ?? PeerProgress.Of,
        };
        UpgradeRequest request = UpgradeRequest.Parse(Encoding.ASCII.GetBytes(RawClient.Request()));
        return new ServerConnection(
            patience is { } time ? settings with { ClosePatience = time, WorkPatience = time } : settings,
            transport ?? _transport,
            network,
            new AcceptedUpgrade(request, Protocol: null, compression, default),
            _all,
            Report);
    }

    /// <summary>What is done with messages, and how its end was asked for.</summary>
    private sealed class Work : IClientMessages
    {
        public Action<ServerMessage> Take { get; init; } = static _ => { };

        /// <summary>What is left to do when no more messages come.</summary>
        public Func<Task> Complete { get; init; } = static () => Task.CompletedTask;

        public long Done { get; init; }

        public List<bool> Discards { get; } = [];

        public TaskCompletionSource Completed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ValueTask TakeAsync(ServerMessage message)
        {
            Take(message);
            return ValueTask.CompletedTask;
        }

        public async Task CompleteAsync(bool discards)
        {
            Discards.Add(discards);
            Completed.TrySetResult();
            await Task.Yield();
            await Complete();
        }
    }
}
