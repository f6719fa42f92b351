using MessageWebSockets.Tests.Loopback;
using Xunit;

namespace MessageWebSockets.Tests.Frames;

/// <summary>A sender that never leaves the pump without work: after some writes it waits for more before each.</summary>
public sealed class BurstTests
{
    // More than the pump writes before it gathers.
    private const int Writes = 40;
    private const int WritesBeforeGathering = 16;
    private const int GatheredSize = 32 * 1024;
    private const int LongHeaderLength = 4 + sizeof(uint);

    private static readonly byte[] Payload = "tick"u8.ToArray();
    private static readonly int FrameLength = 2 + sizeof(uint) + Payload.Length;

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task The_end_of_a_burst_is_written_although_nothing_follows()
    {
        HeldStream network = new();
        using FrameWriter writer = new(network, new FrameTraces(), new PingBook());

        long written = await BurstAsync(network, writer, framesEach: 1);

        Assert.Equal(Writes * FrameLength, written);
        await writer.DrainAsync(TestContext.Current.CancellationToken);
        Assert.Equal(Writes, writer.MessagesWritten);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Whoever_waits_for_the_network_is_told_when_all_of_a_burst_is_written()
    {
        HeldStream network = new();
        using FrameWriter writer = new(network, new FrameTraces(), new PingBook());
        await BurstAsync(network, writer, framesEach: 1);
        writer.SendData(FrameOpcode.Text, isFinal: true, Payload);
        (_, TaskCompletionSource done) = await network.NextWriteAsync(TestContext.Current.CancellationToken);
        writer.SendData(FrameOpcode.Text, isFinal: true, Payload);

        Task drained = writer.DrainAsync(TestContext.Current.CancellationToken);
        done.SetResult();
        (_, TaskCompletionSource last) = await network.NextWriteAsync(TestContext.Current.CancellationToken);
        Assert.False(drained.IsCompleted);
        last.SetResult();

        await drained;
        Assert.Equal(Writes + 2, writer.MessagesWritten);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_ping_and_the_close_frame_in_a_burst_keep_their_places()
    {
        HeldStream network = new();
        using FrameWriter writer = new(network, new FrameTraces(), new PingBook());
        await BurstAsync(network, writer, framesEach: 3);

        writer.SendData(FrameOpcode.Text, isFinal: true, Payload);
        (byte[] lead, TaskCompletionSource done) = await network.NextWriteAsync(TestContext.Current.CancellationToken);
        writer.SendData(FrameOpcode.Text, isFinal: true, Payload);
        writer.SendKeepAlivePing();
        writer.SendData(FrameOpcode.Text, isFinal: true, Payload);
        Assert.True(writer.SendClose(1000, ""));
        done.SetResult();
        (byte[] rest, TaskCompletionSource last) = await network.NextWriteAsync(TestContext.Current.CancellationToken);
        last.SetResult();

        Assert.Equal(FrameLength, lead.Length);
        Assert.Equal([0x81, 0x89, 0x81, 0x88], Openings(rest));
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_connection_that_is_dropped_in_a_burst_ends_the_wait_for_the_network()
    {
        HeldStream network = new();
        using FrameWriter writer = new(network, new FrameTraces(), new PingBook());
        await BurstAsync(network, writer, framesEach: 1);
        writer.SendData(FrameOpcode.Text, isFinal: true, Payload);

        Task drained = writer.DrainAsync(TestContext.Current.CancellationToken);
        writer.Break(new IOException("Dropped."));

        await Assert.ThrowsAsync<IOException>(() => drained);
        Assert.Throws<IOException>(() => writer.SendData(FrameOpcode.Text, isFinal: true, Payload));
    }

    // With a wait that nothing ends by itself: what ends it shows in what is written next.
    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task In_a_burst_little_waits_until_it_is_worth_a_write()
    {
        HeldStream network = new();
        using FrameWriter writer = new(network, new FrameTraces(), new PingBook(), burstWait: Timeout.InfiniteTimeSpan);
        TaskCompletionSource done = await LongBurstAsync(network, writer);
        writer.SendData(FrameOpcode.Text, isFinal: true, Payload);
        done.SetResult();

        byte[] half = new byte[GatheredSize / 2];
        await UntilWaitingAsync(writer);
        writer.SendData(FrameOpcode.Binary, isFinal: true, half);
        await UntilWaitingAsync(writer);
        writer.SendData(FrameOpcode.Binary, isFinal: true, half);

        (byte[] bytes, done) = await network.NextWriteAsync(TestContext.Current.CancellationToken);
        Assert.Equal(FrameLength + (2 * (half.Length + LongHeaderLength)), bytes.Length);
        done.SetResult();
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task In_a_burst_much_is_written_at_once()
    {
        HeldStream network = new();
        using FrameWriter writer = new(network, new FrameTraces(), new PingBook(), burstWait: Timeout.InfiniteTimeSpan);
        TaskCompletionSource done = await LongBurstAsync(network, writer);
        writer.SendData(FrameOpcode.Binary, isFinal: true, new byte[GatheredSize - LongHeaderLength]);
        done.SetResult();

        (byte[] bytes, done) = await network.NextWriteAsync(TestContext.Current.CancellationToken);
        Assert.Equal(GatheredSize, bytes.Length);
        done.SetResult();
        await writer.DrainAsync(TestContext.Current.CancellationToken);
    }

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData("a ping")]
    [InlineData("the close frame")]
    [InlineData("a wait for the network")]
    [InlineData("a wait for the network before")]
    [InlineData("a ping before")]
    public async Task In_a_burst_nothing_that_somebody_waits_for_is_held_up(string what)
    {
        HeldStream network = new();
        using FrameWriter writer = new(network, new FrameTraces(), new PingBook(), burstWait: Timeout.InfiniteTimeSpan);
        TaskCompletionSource done = await LongBurstAsync(network, writer);
        writer.SendData(FrameOpcode.Text, isFinal: true, Payload);
        Task drained =
            what == "a wait for the network before" ? writer.DrainAsync(TestContext.Current.CancellationToken) : Task.CompletedTask;
        if (what == "a ping before")
        {
            writer.SendKeepAlivePing();
        }

        done.SetResult();
        if (!what.EndsWith("before", StringComparison.Ordinal))
        {
            await UntilWaitingAsync(writer);
            switch (what)
            {
                case "a ping":
                    writer.SendKeepAlivePing();
                    break;
                case "the close frame":
                    writer.SendClose(1000, "");
                    break;
                default:
                    drained = writer.DrainAsync(TestContext.Current.CancellationToken);
                    break;
            }
        }

        (byte[] bytes, done) = await network.NextWriteAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0x81, bytes[0]);
        done.SetResult();
        await drained;
    }

    // A write of a burst that is long enough for the next one to wait, and what completes it.
    private static async Task<TaskCompletionSource> LongBurstAsync(HeldStream network, FrameWriter writer)
    {
        writer.SendData(FrameOpcode.Text, isFinal: true, Payload);
        for (int i = 0; ; i++)
        {
            (_, TaskCompletionSource done) = await network.NextWriteAsync(TestContext.Current.CancellationToken);
            if (i == WritesBeforeGathering)
            {
                return done;
            }

            writer.SendData(FrameOpcode.Text, isFinal: true, Payload);
            done.SetResult();
        }
    }

    private static async Task UntilWaitingAsync(FrameWriter writer)
    {
        while (!writer.IsGathering)
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    // Each write finds the next frames pending already. All are written in the end.
    private static async Task<long> BurstAsync(HeldStream network, FrameWriter writer, int framesEach)
    {
        writer.SendData(FrameOpcode.Text, isFinal: true, Payload);
        int sent = 1;
        long written = 0;
        while (written < Writes * framesEach * FrameLength)
        {
            (byte[] bytes, TaskCompletionSource done) = await network.NextWriteAsync(TestContext.Current.CancellationToken);
            for (int i = 0; i < framesEach && sent < Writes * framesEach; i++, sent++)
            {
                writer.SendData(FrameOpcode.Text, isFinal: true, Payload);
            }

            written += bytes.Length;
            done.SetResult();
        }

        return written;
    }

    // The first byte of each of several short, masked frames.
    private static List<int> Openings(byte[] frames)
    {
        List<int> openings = [];
        for (int at = 0; at < frames.Length; at += 2 + sizeof(uint) + (frames[at + 1] & 0x7F))
        {
            openings.Add(frames[at]);
        }

        return openings;
    }
}
