using System.Buffers.Binary;
using Xunit;

namespace MessageWebSockets.Tests.Framing;

public sealed class PingBookTests
{
    private readonly PingBook _book = new();
    private readonly List<TimeSpan> _measured = [];

    public PingBookTests() => _book.RoundTripMeasured = _measured.Add;

    [Fact]
    public void A_pong_answers_its_ping_and_those_before_it_and_none_after()
    {
        PendingPing[] pings = [Ping(10), Ping(20), Ping(30)];
        _book.NoteSending(20);
        Assert.All(pings[..2], static ping => Assert.NotEqual(0, ping.Sent));
        Assert.Equal(0, pings[2].Sent);

        _book.NoteWritten(10);
        Assert.NotEqual(0, pings[0].Written);
        Assert.Equal(0, pings[1].Written);

        // One that was not sent cannot be answered.
        _book.Answer(Payload(pings[2]));
        Assert.Empty(_measured);

        _book.Answer(Payload(pings[1]));
        Assert.All(pings[..2], static ping => Assert.True(ping.Task.IsCompletedSuccessfully));
        Assert.NotEqual(0, pings[1].Written);
        Assert.False(pings[2].Task.IsCompleted);
        Assert.Single(_measured);

        _book.NoteSending(30);
        _book.NoteWritten(30);
        _book.Answer(Payload(pings[2]));
        Assert.True(pings[2].Task.IsCompletedSuccessfully);
        Assert.Equal(2, _measured.Count);
    }

    [Fact]
    public void What_is_no_payload_of_a_ping_answers_none()
    {
        PendingPing ping = Ping(10);
        _book.NoteSending(10);
        _book.Answer([]);
        _book.Answer(Payload(ping).AsSpan(1));
        _book.Answer([.. Payload(ping), 0]);
        _book.Answer(new byte[sizeof(ulong)]);

        Assert.False(ping.Task.IsCompleted);
        Assert.Empty(_measured);
    }

    [Fact]
    public void A_forgotten_ping_is_not_answered_and_the_others_are()
    {
        PendingPing forgotten = Ping(10);
        PendingPing other = Ping(20);
        _book.Forget(forgotten);
        _book.Forget(forgotten);
        _book.NoteSending(20);
        _book.NoteWritten(20);
        _book.Answer(Payload(forgotten));
        Assert.Empty(_measured);

        _book.Answer(Payload(other));
        Assert.False(forgotten.Task.IsCompleted);
        Assert.True(other.Task.IsCompletedSuccessfully);
    }

    [Fact]
    public void A_ping_that_is_forgotten_once_it_was_written_is_none_that_waits_to_be_written()
    {
        PendingPing written = Ping(10);
        _book.NoteSending(10);
        _book.NoteWritten(10);
        _book.Forget(written);

        PendingPing next = Ping(20);
        _book.NoteSending(20);
        Assert.NotEqual(0, next.Sent);
        _book.NoteWritten(20);
        Assert.NotEqual(0, next.Written);
    }

    [Fact]
    public void The_end_of_the_connection_cancels_what_waits_and_what_comes_later()
    {
        PendingPing ping = Ping(10);
        _book.NoteSending(10);
        _book.Break();
        _book.Answer(Payload(ping));

        Assert.True(ping.Task.IsCanceled);
        Assert.True(_book.Begin().Task.IsCanceled);
        Assert.Empty(_measured);
    }

    private static byte[] Payload(PendingPing ping)
    {
        byte[] payload = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(payload, ping.Id);
        return payload;
    }

    private PendingPing Ping(long end)
    {
        PendingPing ping = _book.Begin();
        ping.End = end;
        return ping;
    }
}
