using System.Text;
using MessageWebSockets.Tests.Loopback;
using Xunit;

namespace MessageWebSockets.Tests.Connections;

public sealed class FragmentedMessageTests
{
    private static readonly byte[] s_euro = [0xE2, 0x82, 0xAC];

    [Fact]
    public void A_character_may_be_split_over_frames_and_not_left_open()
    {
        using FragmentedMessage message = new(SocketMessageType.Utf8, null);
        byte[] rest = message.Check(s_euro.AsSpan(0, 2), null, isFinal: false);
        Assert.Equal(s_euro[..2], rest);
        Assert.False(message.HasBegun);
        Assert.Throws<ArgumentException>(() => message.Check(s_euro.AsSpan(0, 2), null, isFinal: true));
        message.Advance(rest, s_euro.AsSpan(0, 2));
        Assert.True(message.HasBegun);

        ArgumentException refusal = Assert.Throws<ArgumentException>(() => message.Check("x"u8, SocketMessageType.Utf8, isFinal: true));
        Assert.Equal(
            "The text so far is not UTF-8. This frame was not sent; the message is open as before. Send bytes that are no text as Binary.",
            refusal.Message);
        Assert.Empty(message.Check(s_euro.AsSpan(2), SocketMessageType.Utf8, isFinal: true));
    }

    [Fact]
    public void A_frame_of_another_type_is_refused_and_bytes_are_not_looked_at()
    {
        using FragmentedMessage message = new(SocketMessageType.Binary, null);
        Assert.Equal(SocketMessageType.Binary, message.Type);
        Assert.Empty(message.Check([0xFF, 0xE2], SocketMessageType.Binary, isFinal: true));
        Assert.Empty(message.Check([0xE2], null, isFinal: false));

        ArgumentException refusal = Assert.Throws<ArgumentException>(() => message.Check([1], SocketMessageType.Utf8, isFinal: false));
        Assert.Equal(
            "The open message is Binary, as its first frame said, and so is each frame of it (RFC 6455 section 5.4); "
            + "this one was to be Utf8. It was not sent.",
            refusal.Message);
    }

    // The fragments before the last one, the last one, and what goes out in its place.
    [Theory]
    [InlineData(new string[0], "last", "last\r\n")]
    [InlineData(new string[0], "last\r\n", "last\r\n")]
    [InlineData(new[] { "first\r" }, "\n", "\n")]
    [InlineData(new[] { "first\r", "" }, "\n", "\n")]
    [InlineData(new[] { "first\r\n" }, "", "")]
    [InlineData(new[] { "first\r\n" }, "x", "x\r\n")]
    [InlineData(new[] { "\r\n" }, " ", " ")]
    [InlineData(new[] { "x" }, " ", " \r\n")]
    public void The_last_frame_of_a_record_ends_it(string[] fragments, string last, string sent)
    {
        using FragmentedMessage message = new(SocketMessageType.Utf8, new RecordSeparator("\r\n"));
        foreach (string fragment in fragments)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(fragment);
            message.Advance(message.Check(bytes, null, isFinal: false), bytes);
        }

        Assert.Equal(sent, Encoding.UTF8.GetString(message.Finish(Encoding.UTF8.GetBytes(last)).Span));
        using FragmentedMessage plain = new(SocketMessageType.Utf8, null);
        Assert.Equal("last"u8, plain.Finish("last"u8.ToArray()).Span);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Others_wait_until_the_message_is_disposed()
    {
        Gate gate = new();
        FragmentedMessage message = new(SocketMessageType.Binary, null);
        Assert.True(gate.TryEnter(out Gate.Permit pass));
        message.Begin(pass);
        Assert.False(gate.TryEnter(out _));
        Task<Gate.Permit> next = gate.EnterAsync(TestContext.Current.CancellationToken).AsTask();
        Assert.False(next.IsCompleted);
        message.Dispose();
        (await next).Dispose();
        Assert.True(gate.TryEnter(out _));
    }
}
