using System.Runtime.InteropServices;
using Xunit;

namespace MessageWebSockets.Tests.Framing;

/// <summary>Which frames may join those that wait to be sent, and where they end up.</summary>
public sealed class OutboundFramesTests
{
    private const int Limit = 20;
    private const int KeyLength = sizeof(uint);

    // Longer than what is copied for anything that follows.
    private const int Long = 3 * 1024 * 1024;

    private readonly OutboundFrames _frames = new(new FrameTraces(), Limit);

    [Fact]
    public void Nothing_follows_the_close_frame()
    {
        Assert.False(_frames.CloseAccepted);
        Assert.True(Add(FrameOpcode.Close, [3, 0xE8]));
        Assert.True(_frames.CloseAccepted);
        Assert.True(_frames.HasControl);

        Assert.False(Add(FrameOpcode.Close, []));
        Assert.False(Add(FrameOpcode.Pong, []));
        Assert.Throws<IOException>(() => Add(FrameOpcode.Text, []));
        Assert.Equal(1, _frames.FramesSent);
        Assert.Equal(8, _frames.AcceptedBytes);
        Assert.True(_frames.IsUrgent);
    }

    [Fact]
    public void Messages_wait_for_room_and_fragments_and_pings_do_not()
    {
        PendingPing ping = new PingBook().Begin();
        Assert.True(Add(FrameOpcode.Binary, new byte[Limit - 7], needsRoom: true));
        Assert.Equal(Limit - 1, _frames.Pending);
        Assert.False(_frames.IsFull);
        Assert.True(Add(FrameOpcode.Binary, [1], needsRoom: true));
        Assert.True(_frames.IsFull);
        Assert.False(Add(FrameOpcode.Binary, [1], needsRoom: true));
        Assert.False(_frames.IsUrgent);

        Assert.True(Add(FrameOpcode.Binary, [1], isFinal: false));
        Assert.True(Add(FrameOpcode.Ping, [1], ping: ping));
        Assert.Equal(_frames.AcceptedBytes, ping.End);
        Assert.Equal(_frames.Pending, _frames.AcceptedBytes);
        Assert.True(_frames.IsUrgent);
        Assert.Equal(4, _frames.FramesSent);

        // Two of them are messages that are whole.
        ReadOnlyMemory<byte> written = _frames.TakePending();
        Assert.Equal(written, _frames.InFlight);
        Assert.Equal(["2:13", "2:1", "2-1", "9:1"], Frames(written));
        Assert.False(_frames.HasControl);
        Assert.False(_frames.IsUrgent);
        Assert.Equal((0, 0L, 2L), (_frames.Pending, _frames.MessagesWritten, _frames.MessagesInDoubt));
        _frames.CompleteInFlight();
        Assert.Equal((2, 0), (_frames.MessagesWritten, _frames.MessagesInDoubt));
        Assert.Equal(0, _frames.InFlight.Length);
    }

    [Fact]
    public void The_newest_answer_waits_for_room_and_a_pong_of_ours_behind_it()
    {
        Assert.False(_frames.TryDeferPong());
        Assert.True(Add(FrameOpcode.Pong, [1]));
        Assert.True(Add(FrameOpcode.Binary, new byte[Limit]));
        Assert.True(Add(FrameOpcode.Pong, [1, 2]));
        Assert.True(Add(FrameOpcode.Pong, [1, 2, 3]));
        Assert.True(_frames.TryDeferPong());
        Assert.True(_frames.TryDeferPong());
        Assert.Equal(2, _frames.FramesSent);

        Assert.Equal(["10:1", "2:20"], Frames(_frames.TakePending()));

        // They are pending now, and answers no longer wait.
        Assert.Equal(4, _frames.FramesSent);
        Assert.False(_frames.HasControl);
        _frames.CompleteInFlight();
        ReadOnlyMemory<byte> rest = _frames.TakePending();
        Assert.Equal(["10:3", "10:0"], Frames(rest));
        Assert.Equal([1, 2, 3], Unmasked(rest.Span));
        _frames.CompleteInFlight();
        Assert.Equal(0, _frames.TakePending().Length);
        Assert.Equal(1, _frames.MessagesWritten);
    }

    [Fact]
    public void An_answer_that_waits_for_room_is_urgent_and_is_dropped_behind_the_close_frame()
    {
        Assert.True(Add(FrameOpcode.Binary, new byte[Limit]));
        Assert.False(_frames.IsUrgent);
        Assert.True(Add(FrameOpcode.Pong, [1]));
        Assert.True(_frames.IsUrgent);
        Assert.False(_frames.HasControl);
        Assert.True(_frames.TryDeferPong());
        Assert.True(Add(FrameOpcode.Close, []));

        Assert.Equal(["2:20", "8:0"], Frames(_frames.TakePending()));
        _frames.CompleteInFlight();
        Assert.Equal(0, _frames.TakePending().Length);
    }

    [Fact]
    public void A_frame_that_is_masked_goes_out_as_it_is_and_another_gets_a_mask()
    {
        byte[] masked = [0x82, 0x82, 1, 2, 3, 4, 9, 9];
        Assert.True(FrameHeader.TryParse(masked, out FrameHeader header));
        Assert.True(_frames.TryAdd(header, masked.AsSpan(0, 6), masked.AsSpan(6), needsRoom: false, null));
        Assert.True(Add(FrameOpcode.Binary, [7, 8, 9]));

        byte[] written = _frames.TakePending().ToArray();

        Assert.Equal(masked, written[..8]);
        Assert.Equal([0x82, 0x83], written[8..10]);
        Assert.Equal([7, 8, 9], Unmasked(written.AsSpan(8)));
    }

    [Fact]
    public void A_control_frame_goes_behind_a_long_message_and_not_into_a_copy_of_it()
    {
        PendingPing ping = new PingBook().Begin();
        Assert.True(Add(FrameOpcode.Binary, new byte[Long]));
        Assert.True(Add(FrameOpcode.Ping, [1], ping: ping));
        Assert.Equal((_frames.AcceptedBytes, _frames.AcceptedBytes), (_frames.Pending, ping.End));
        Assert.True(Add(FrameOpcode.Binary, [2]));
        Assert.True(Add(FrameOpcode.Close, []));

        ReadOnlyMemory<byte> first = _frames.TakePending();
        Assert.Equal([$"2:{Long}"], Frames(first));
        Assert.True(MemoryMarshal.TryGetArray(first, out ArraySegment<byte> array));
        Assert.InRange(array.Array!.Length, Long, (2 * Long) - 1);
        Assert.True(_frames.HasControl);
        Assert.True(_frames.IsFull);
        Assert.Equal(1, _frames.MessagesInDoubt);
        _frames.CompleteInFlight();
        Assert.Equal(1, _frames.MessagesWritten);

        Assert.Equal(["9:1", "2:1", "8:0"], Frames(_frames.TakePending()));
        Assert.False(_frames.HasControl);
        Assert.Equal(0, _frames.Pending);
        _frames.CompleteInFlight();
        Assert.Equal(2, _frames.MessagesWritten);
        Assert.Equal(0, _frames.TakePending().Length);
    }

    [Fact]
    public void What_is_pending_in_several_buffers_is_counted_as_one_and_written_in_order()
    {
        OutboundFrames frames = new(new FrameTraces(), 2 * Long);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(i == 2, frames.IsFull);
            Assert.True(Add(FrameOpcode.Binary, new byte[Long + i], frames: frames));
            Assert.True(Add(FrameOpcode.Ping, new byte[i], frames: frames));
        }

        List<string> written = [];
        while (frames.Pending > 0)
        {
            written.Add(string.Join(' ', Frames(frames.TakePending())));
            frames.CompleteInFlight();
        }

        Assert.Equal([$"2:{Long}", $"9:0 2:{Long + 1}", $"9:1 2:{Long + 2}", "9:2"], written);
    }

    [Fact]
    public void What_is_pending_is_dropped_with_the_memory()
    {
        Add(FrameOpcode.Binary, new byte[Long]);
        Add(FrameOpcode.Ping, []);
        _frames.Release();
        Assert.Equal(0, _frames.Pending);
        Assert.Equal(0, _frames.TakePending().Length);
        Assert.Equal(0, _frames.TakePending().Length);
    }

    [Fact]
    public void Each_frame_gets_a_key_of_its_own()
    {
        MaskingKeys keys = new();
        HashSet<uint> seen = [.. Enumerable.Range(0, 3000).Select(_ => keys.Next())];

        // Of 32 random bits two may be equal.
        Assert.InRange(seen.Count, 2990, 3000);
    }

    private bool Add(
        FrameOpcode opcode,
        ReadOnlySpan<byte> payload,
        bool isFinal = true,
        bool needsRoom = false,
        PendingPing? ping = null,
        OutboundFrames? frames = null)
    {
        byte[] bytes = new byte[FrameHeader.MaxLength];
        FrameHeader header = FrameHeader.Write(bytes, opcode, isFinal, payload.Length);
        return (frames ?? _frames).TryAdd(header, bytes.AsSpan(0, header.HeaderLength), payload, needsRoom, ping);
    }

    // The opcode, whether the frame is final, and the length of each.
    private static List<string> Frames(ReadOnlyMemory<byte> bytes)
    {
        List<string> frames = [];
        while (bytes.Length > 0)
        {
            Assert.True(FrameHeader.TryParse(bytes.Span, out FrameHeader header));
            Assert.True(header.IsMasked);
            frames.Add($"{(int)header.Opcode}{(header.IsFinal ? ':' : '-')}{header.PayloadLength}");
            bytes = bytes[(header.HeaderLength + (int)header.PayloadLength)..];
        }

        return frames;
    }

    // The payload of the first of some short frames.
    private static byte[] Unmasked(ReadOnlySpan<byte> frames)
    {
        byte[] payload = frames.Slice(2 + KeyLength, frames[1] & 0x7F).ToArray();
        for (int i = 0; i < payload.Length; i++)
        {
            payload[i] ^= frames[2 + (i % KeyLength)];
        }

        return payload;
    }
}
