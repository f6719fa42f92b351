using System.Globalization;
using System.Net.Http;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Authentication;
using MessageWebSockets.Tests.Loopback;
using MessageWebSockets.Tests.Messages;
using Xunit;

namespace MessageWebSockets.Tests.Connections;

/// <summary>The words and numbers for each way in which a connection ends abnormally.</summary>
public sealed class ConnectionFailuresTests : IDisposable
{
    private const string Peer = "ws://example.com/path";

    private readonly Uri _uri = new("ws://example.com/path");
    private readonly FrameStream _transport = new(new ChunkedStream([], 1), new FrameTraces());
    private readonly ConnectionFailures _failures;
    private readonly Exception _cause = new IOException("It broke.");

    public ConnectionFailuresTests() => _failures = new ConnectionFailures(_uri, _transport);

    public void Dispose() => _transport.Dispose();

    [Fact]
    public void What_the_peer_did_not_do_is_told_with_how_long_it_had()
    {
        Check(
            _failures.Unanswered(TimeSpan.FromMilliseconds(1500), _cause),
            HResults.Timeout,
            $"{Peer} did not answer the close frame within 1.5 s. The connection was dropped.",
            _cause);
        Check(
            _failures.Vanished(TimeSpan.FromSeconds(20)),
            HResults.Timeout,
            $"{Peer} gave no sign of life within 20 s after a keep-alive ping. The connection was dropped; connect again.",
            null);
        Check(
            _failures.GivenUp(_cause),
            HResults.ConnectionAborted,
            $"{Peer} had not answered the close frame when the wait for it was cancelled. The connection was dropped.",
            _cause);
    }

    [Fact]
    public void Numbers_are_written_alike_in_every_culture()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo("de-DE");
            TimeSpan limit = TimeSpan.FromSeconds(1.5);
            Assert.Contains(" within 1.5 s. ", _failures.Unanswered(limit, _cause).Message, StringComparison.Ordinal);
            Assert.Contains(" within 1.5 s after ", _failures.Vanished(limit).Message, StringComparison.Ordinal);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void A_close_in_the_middle_of_a_wait_is_told_with_its_code()
    {
        MessageWebSocketException told = _failures.ClosedByPeer(new WebSocketCloseResult(1001, "bye"), "the reply", _cause);

        Assert.StartsWith($"{Peer} closed the connection ", told.Message, StringComparison.Ordinal);
        Assert.Contains("1001", told.Message, StringComparison.Ordinal);
        Assert.EndsWith(" before the reply came.", told.Message, StringComparison.Ordinal);
        Assert.True(told.IsClosedByPeer);
        Assert.Equal((HResults.ConnectionAborted, _uri, _cause), (told.HResult, told.PeerUri, told.InnerException));
    }

    [Theory]
    [InlineData(11, 10, true, "exceeds the limit: it has 11 bytes and MaxMessageSize is 10. Raise MaxMessageSize to receive it.")]
    [InlineData(12, 10, false, "exceeds the limit: it has at least 12 bytes and MaxMessageSize is 10. Raise MaxMessageSize to receive it.")]
    [InlineData(
        3_000_000_000,
        0x7FFFFFC7,
        true,
        "no more than 2147483591 can be put together; receive it in chunks (ReceiveMode PartialMessage).")]
    public void A_message_above_the_limit_is_told_with_its_size(long size, long limit, bool isExact, string words)
    {
        MessageTooLargeException cause = new(size, limit, isExact);
        MessageWebSocketException told = _failures.OfReceive(cause);

        Assert.StartsWith($"The message from {Peer} exceeds the limit: ", told.Message, StringComparison.Ordinal);
        Assert.EndsWith(words, told.Message, StringComparison.Ordinal);
        Assert.Equal((HResults.MessageTooLarge, _uri, cause), (told.HResult, told.PeerUri, told.InnerException));
        Assert.Equal((ushort)1009, _failures.RefusalCodeOf(told, cause));
    }

    [Fact]
    public void A_breach_of_the_protocol_is_told_in_the_words_of_who_found_it()
    {
        ProtocolViolationException violation = ProtocolViolationException.InvalidText();
        string words = $"{Peer} broke the WebSocket protocol: {violation.Message}";
        WebSocketException around = new(System.Net.WebSockets.WebSocketError.Faulted, "around", violation);

        Check(_failures.OfReceive(violation), HResults.InvalidServerResponse, words, violation);
        Check(_failures.OfReceive(around), HResults.InvalidServerResponse, words, around);
        Assert.Equal((ushort)1007, _failures.RefusalCodeOf(_failures.OfReceive(violation), violation));
        Assert.Equal((ushort)1007, _failures.RefusalCodeOf(_failures.OfReceive(around), around));

        NotSupportedException other = new("something else");
        Check(_failures.OfReceive(other), HResults.InvalidServerResponse, $"{Peer} broke the WebSocket protocol: something else", other);
        Assert.Equal((ushort)1002, _failures.RefusalCodeOf(_failures.OfReceive(other), other));
    }

    [Fact]
    public async Task What_the_framing_refuses_has_its_close_code()
    {
        WebSocketException refused = new(System.Net.WebSockets.WebSocketError.Faulted, "refused");
        Assert.Equal(HResults.ConnectionAborted, _failures.OfReceive(refused).HResult);
        Assert.Null(_failures.RefusalCodeOf(_failures.OfReceive(refused), refused));

        await _transport.WriteAsync(new byte[] { 0x88, 0x82, 0, 0, 0, 0, 0x03, 0xEF }, TestContext.Current.CancellationToken);

        Check(_failures.OfReceive(refused), HResults.InvalidServerResponse, $"{Peer} broke the WebSocket protocol: refused", refused);
        Assert.Equal((ushort)1007, _failures.RefusalCodeOf(_failures.OfReceive(refused), refused));
    }

    [Fact]
    public void No_memory_is_a_message_that_is_too_large()
    {
        InsufficientMemoryException cause = new();
        Check(_failures.OfReceive(cause), HResults.MessageTooLarge, $"There is not enough memory for a message from {Peer}.", cause);
    }

    public static TheoryData<Exception> Losses { get; } =
        [new IOException("x"), new ObjectDisposedException("x"), new OperationCanceledException(), new WebSocketException("x")];

    [Theory]
    [MemberData(nameof(Losses))]
    public void A_lost_connection_is_told_as_that(Exception cause)
    {
        Check(
            _failures.OfReceive(cause),
            HResults.ConnectionAborted,
            $"{Peer} ended the connection without a close frame. Connect again to go on.",
            cause);
        Assert.Null(_failures.RefusalCodeOf(_failures.OfReceive(cause), cause));
    }

    [Theory]
    [InlineData(SocketError.ConnectionReset, HResults.ConnectionReset, "reset the connection. Connect again to go on.")]
    [InlineData(SocketError.TimedOut, HResults.Timeout, "no longer answers. Connect again to go on.")]
    [InlineData(SocketError.Shutdown, HResults.ConnectionAborted, "ended the connection without a close frame. Connect again to go on.")]
    public void What_the_system_says_of_the_network_is_told(SocketError error, int hresult, string words)
    {
        Check(
            _failures.Lost(new IOException("x", new IOException("y", new SocketException((int)error)))),
            error == SocketError.ConnectionReset ? HResults.ConnectionAborted : hresult,
            error == SocketError.ConnectionReset
                ? $"{Peer} ended the connection without a close frame. Connect again to go on."
                : $"{Peer} {words}",
            null,
            anyCause: true);

        // What broke the transport comes before what it was met with.
        _transport.Writer.Break(new IOException("x", new SocketException((int)error)));
        Check(_failures.Lost(_cause), hresult, $"{Peer} {words}", _cause);
    }

    [Fact]
    public async Task What_broke_TLS_is_told_with_its_cause()
    {
        AuthenticationException broken = new("outer", new IOException("The innermost reason."));
        using TransportPair pair = await TransportPair.ConnectAsync();
        await using FrameStream transport = new(new FailingStream(broken), new FrameTraces()) { Network = pair.Network };
        await Assert.ThrowsAsync<AuthenticationException>(
            () => transport.ReadAsync(new byte[1], TestContext.Current.CancellationToken).AsTask());

        Check(
            new ConnectionFailures(_uri, transport).Lost(_cause),
            HResults.ConnectionAborted,
            $"{Peer} broke the TLS connection, or somebody on the way did: The innermost reason. Connect again to go on.",
            broken);
    }

    // CANCEL is what a reset of TCP is over HTTP/2 (RFC 8441 section 5).
    [Theory]
    [InlineData(8, false, HResults.ConnectionReset, "reset the connection. Connect again to go on.")]
    [InlineData(8, true, HResults.ConnectionReset, "reset the connection. Connect again to go on.")]
    [InlineData(2, false, HResults.ConnectionAborted, @"ended the connection over HTTP/2: Gone \e[2J. Connect again to go on.")]
    [InlineData(2, true, HResults.ConnectionAborted, @"ended the connection over HTTP/2: Gone \e[2J. Connect again to go on.")]
    public async Task What_ends_HTTP_2_below_is_told_as_that_and_not_as_TLS(long error, bool isWrapped, int hresult, string words)
    {
        HttpProtocolException ended = new(error, "Gone \u001b[2J.", null);
        Exception fault = isWrapped ? new IOException("outer", ended) : ended;
        using TransportPair pair = await TransportPair.ConnectAsync();
        await using FrameStream transport = new(new FailingStream(fault), new FrameTraces()) { Network = pair.Network };
        await Assert.ThrowsAnyAsync<IOException>(
            () => transport.ReadAsync(new byte[1], TestContext.Current.CancellationToken).AsTask());

        Check(new ConnectionFailures(_uri, transport).Lost(_cause), hresult, $"{Peer} {words}", _cause);
    }

    private void Check(MessageWebSocketException told, int hresult, string message, Exception? cause, bool anyCause = false)
    {
        Assert.Equal(message, told.Message);
        Assert.Equal((hresult, _uri), (told.HResult, told.PeerUri));
        Assert.False(told.IsClosedByPeer);
        if (!anyCause)
        {
            Assert.Same(cause, told.InnerException);
        }
    }
}
