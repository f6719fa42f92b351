using MessageWebSockets.Tests.Frames;
using MessageWebSockets.Tests.Loopback;
using Xunit;

namespace MessageWebSockets.Tests.Framing;

public sealed class NetworkWriterTests
{
    private const int Part = 128 * 1024;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_long_write_goes_out_in_parts_and_pings_in_it_are_on_their_way_with_theirs()
    {
        HeldStream network = new();
        PingBook pings = new();
        NetworkWriter writer = new(network, pings);
        PendingPing early = pings.Begin();
        PendingPing late = pings.Begin();
        (early.End, late.End) = (Part, Part + 5);
        byte[] bytes = new byte[Part + 5];
        Random.Shared.NextBytes(bytes);
        long before = Environment.TickCount64;

        Task write = writer.WriteAsync(bytes).AsTask();

        (byte[] first, TaskCompletionSource done) = await network.NextWriteAsync(Token);
        Assert.True(first.AsSpan().SequenceEqual(bytes.AsSpan(0, Part)));
        Assert.NotEqual(0, early.Sent);
        Assert.Equal((0L, 0L), (early.Written, late.Sent));
        Assert.Equal((0L, 0L), (writer.BytesSent, writer.LastAccepted));
        done.SetResult();

        (byte[] rest, done) = await network.NextWriteAsync(Token);
        Assert.Equal(bytes[Part..], rest);
        Assert.Equal(Part, writer.BytesSent);
        Assert.NotEqual(0, early.Written);
        Assert.NotEqual(0, late.Sent);
        Assert.Equal(0, late.Written);
        Assert.InRange(writer.LastAccepted, before, Environment.TickCount64);
        done.SetResult();

        await write;
        Assert.Equal(bytes.Length, writer.BytesSent);
        Assert.NotEqual(0, late.Written);
        Assert.Equal(0, writer.WaitingSince);
    }

    [Fact]
    public async Task Where_the_peer_has_a_window_of_its_own_for_the_connection_parts_are_short_and_what_comes_below_counts()
    {
        InstantStream network = new();
        NetworkWriter writer = new(network, new PingBook()) { LastHeardBelow = static () => 7, IsProgressKnown = true };

        await writer.WriteAsync(new byte[(2 * 16 * 1024) + 1]);

        Assert.Equal([16 * 1024, 16 * 1024, 1], network.Writes);
        Assert.Equal(7, writer.LastAccepted);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_write_that_the_system_takes_at_once_says_nothing_about_the_peer_and_is_flushed_once()
    {
        InstantStream network = new();
        NetworkWriter writer = new(network, new PingBook());

        await writer.WriteAsync(new byte[(2 * Part) + 1]);

        Assert.Equal([Part, Part, 1], network.Writes);
        Assert.Equal([3], network.FlushedAfter);
        Assert.Equal((0L, 0L), (writer.LastAccepted, writer.WaitingSince));
        Assert.Equal((2 * Part) + 1, writer.BytesSent);
        await writer.WriteAsync(ReadOnlyMemory<byte>.Empty);
        Assert.Equal([3], network.FlushedAfter);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Where_the_progress_of_the_peer_is_known_parts_are_longer_while_no_ping_is_among_them()
    {
        const int LongPart = 2 * 1024 * 1024;
        InstantStream network = new();
        PingBook pings = new();
        NetworkWriter writer = new(network, pings) { IsProgressKnown = true };

        await writer.WriteAsync(new byte[LongPart + 1]);
        Assert.Equal([LongPart, 1], network.Writes);

        network.Writes.Clear();
        pings.Begin().End = writer.BytesSent + Part + 1;
        await writer.WriteAsync(new byte[LongPart]);
        Assert.Equal([Part, Part, LongPart - (2 * Part)], network.Writes);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Since_when_a_write_waits_is_known()
    {
        WaitingStream network = new();
        NetworkWriter writer = new(network, new PingBook());
        long before = Environment.TickCount64;

        Task write = writer.WriteAsync(new byte[10]).AsTask();

        Assert.InRange(writer.WaitingSince, before, Environment.TickCount64);
        Assert.Equal(0, writer.LastAccepted);
        network.Done.SetResult();
        await write;
        Assert.Equal(0, writer.WaitingSince);
        Assert.InRange(writer.LastAccepted, before, Environment.TickCount64);
    }

    private sealed class WaitingStream : SequentialStream
    {
        public TaskCompletionSource Done { get; } = new();

        public override bool CanRead => false;

        public override bool CanWrite => true;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            new(Done.Task);

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class InstantStream : SequentialStream
    {
        public List<int> Writes { get; } = [];

        /// <summary>How many writes there were before each flush.</summary>
        public List<int> FlushedAfter { get; } = [];

        public override bool CanRead => false;

        public override bool CanWrite => true;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Writes.Add(buffer.Length);
            return default;
        }

        public override Task FlushAsync(CancellationToken cancellationToken)
        {
            FlushedAfter.Add(Writes.Count);
            return Task.CompletedTask;
        }
    }
}
