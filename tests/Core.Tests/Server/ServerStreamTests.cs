using System.Net.Sockets;
using System.Text;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using MessageWebSockets.Tests.Messages;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Server;

/// <summary>The server's end of a tunnel, whose client is a row of bytes.</summary>
public sealed class ServerStreamTests : IDisposable
{
    private readonly Socket _transport = new(SocketType.Stream, ProtocolType.Tcp);
    private readonly byte[] _buffer = new byte[100];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _transport.Dispose();

    // What the client sends behind three bytes; what the reader is told; the code and the reason that the client is told.
    public static TheoryData<byte[], string, int, string> Ends() => new()
    {
        { [], "The client ended the connection without a close frame.", 0, "" },
        { [0x82, 0x85, 0], "The client ended the connection without a close frame.", 0, "" },
        { Masked(WireOpcode.Close, [0x03, 0xE9, .. "bye"u8]), "The client closed with 1001.", 1001, "" },
        { Masked(WireOpcode.Close, [0x03, 0xED]), Broke + Close1005, 1002, Close1005 },
        { [0x83], Broke + "A reserved opcode (RFC 6455 section 5.2).", 1002, "A reserved opcode (RFC 6455 section 5.2)." },
        { Masked(WireOpcode.Text, "aGVsbG8="u8), TextCame, 1003, "A tunnel carries binary messages, not text or base64." },
    };

    private const string Broke = "The client broke the WebSocket protocol: ";
    private const string Close1005 = "The close code 1005, which must not be sent (RFC 6455 section 7.4).";
    private const string TextCame = "The client sent a text message, and a tunnel carries binary ones only. "
        + "A client that sends base64 as text has to be told to speak binary.";

    // Not enumerated when tests are looked for: masks are random, and a case has to have the same identity each time.
    [Theory(Timeout = SocketFactAttribute.Patience)]
    [MemberData(nameof(Ends), DisableDiscoveryEnumeration = true)]
    public async Task An_end_that_is_none_of_a_stream_is_an_error_and_is_answered_with_its_code(
        byte[] end, string error, int code, string reason)
    {
        TwoWayStream network = Sends([.. Masked(WireOpcode.Binary, [1, 2, 3]), .. end]);
        using ServerStream stream = new(_transport, network, Upgrade());

        Assert.Equal(3, await stream.ReadAsync(_buffer));
        Assert.Equal([1, 2, 3], _buffer[..3]);
        IOException failure = await Assert.ThrowsAsync<IOException>(() => stream.ReadAsync(_buffer).AsTask());
        await stream.CloseAsync(new ConnectionEnd(1011, "too late"));

        Assert.Equal(error, failure.Message);
        byte[] answer = code == 0 ? CloseFrame(1011, "too late") : CloseFrame(code, reason);
        Assert.Equal(answer, network.Written.ToArray());
        Assert.False(stream.PeerGone.IsCompleted);
    }

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData(new byte[] { }, true)]
    [InlineData(new byte[] { 0x03, 0xE8 }, true)]
    [InlineData(new byte[] { 0x03, 0xE8 }, false)]
    public async Task A_normal_close_is_the_end_of_the_stream_and_what_comes_behind_it_is_dropped(byte[] payload, bool inOrder)
    {
        byte[] early = [.. Masked(WireOpcode.Binary, [1]), .. Masked(WireOpcode.Close, payload)];
        TwoWayStream behind = Sends(new byte[10_000]);
        using ServerStream stream = new(_transport, inOrder ? behind : new FailingStream(new IOException("reset")), Upgrade(early));

        Assert.Equal(1, await stream.ReadAsync(_buffer));
        Assert.Equal(0, await stream.ReadAsync(_buffer));
        Assert.Equal(0, await stream.ReadAsync(_buffer));

        Assert.Equal(inOrder, await stream.PeerGone);
        Assert.Empty(behind.Written.ToArray());
        Assert.Equal(inOrder ? 0 : _buffer.Length, await behind.ReadAsync(_buffer, Token));
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_connection_that_breaks_is_an_error_with_its_cause()
    {
        Exception[] causes =
            [new IOException("a"), new SocketException(1), new InvalidOperationException("b"), new OperationCanceledException("c")];
        foreach (Exception cause in causes)
        {
            using ServerStream stream = new(_transport, new FailingStream(cause), Upgrade());
            IOException failure = await Assert.ThrowsAsync<IOException>(() => stream.ReadAsync(_buffer).AsTask());
            Assert.Equal(("The connection to the client broke.", cause), (failure.Message, failure.InnerException));
        }

        using ServerStream other = new(_transport, new FailingStream(new FormatException()), Upgrade());
        await Assert.ThrowsAsync<FormatException>(() => other.ReadAsync(_buffer).AsTask());
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task What_is_sent_is_a_binary_message_until_a_close_which_goes_out_once()
    {
        TwoWayStream network = Sends([]);
        using ServerStream stream = new(_transport, network, Upgrade());

        await stream.SendAsync(new byte[] { 1, 2, 3 });
        await stream.SendPongAsync();
        await stream.CloseAsync(new ConnectionEnd(1000, ""));
        await stream.CloseAsync(new ConnectionEnd(1001, "again"));
        await stream.SendAsync(new byte[] { 4 });
        await stream.SendPongAsync();

        Assert.Equal("8203010203" + "8A00" + "880203E8", Convert.ToHexString(network.Written.ToArray()));
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_client_that_is_gone_is_told_to_who_sends_and_not_to_who_closes()
    {
        foreach (Exception cause in (Exception[])[new SocketException(32), new ObjectDisposedException("socket")])
        {
            using ServerStream stream = new(_transport, new FailingStream(cause), Upgrade());
            IOException failure = await Assert.ThrowsAsync<IOException>(() => stream.SendAsync(new byte[1]).AsTask());
            Assert.Equal(("The connection to the client is broken.", cause), (failure.Message, failure.InnerException));
            await stream.CloseAsync(new ConnectionEnd(1000, ""));
        }

        IOException reset = new("reset");
        using ServerStream other = new(_transport, new FailingStream(reset), Upgrade());
        Assert.Same(reset, await Assert.ThrowsAsync<IOException>(() => other.SendAsync(new byte[1]).AsTask()));
        await other.CloseAsync(new ConnectionEnd(1000, ""));
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task LingerAsync_ends_its_side_of_TCP_and_waits_for_the_other()
    {
        using TransportPair pair = await TransportPair.ConnectAsync();
        using ServerStream stream = new(pair.Peer, Sends(Masked(WireOpcode.Close, [])), Upgrade());

        Task lingering = stream.LingerAsync(Token);
        Assert.Equal(0, await pair.Network.ReadAsync(_buffer, Token));
        Assert.False(lingering.IsCompleted);
        Assert.Equal(0, await stream.ReadAsync(_buffer));
        await lingering;

        using CancellationTokenSource patience = new();
        using TransportPair slow = await TransportPair.ConnectAsync();
        using ServerStream left = new(slow.Peer, Sends([]), Upgrade());
        lingering = left.LingerAsync(patience.Token);
        Assert.False(lingering.IsCompleted);
        await patience.CancelAsync();
        await lingering;
        left.Dispose();
        await left.LingerAsync(Token);
        await new ServerStream(_transport, Sends([]), Upgrade()).LingerAsync(Token);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Dispose_drops_the_connection_and_BytesReceived_is_what_came_on_it()
    {
        byte[] frame = Masked(WireOpcode.Binary, [1, 2, 3]);
        ChunkedStream network = new(frame, 1000);
        ServerStream stream = new(_transport, network, Upgrade());
        Assert.Equal(0, stream.BytesReceived);
        Assert.Equal(3, await stream.ReadAsync(_buffer));
        Assert.Equal(frame.Length, stream.BytesReceived);

        stream.Dispose();

        Assert.True(network.IsDisposed);
        Assert.Throws<ObjectDisposedException>(() => _transport.Available);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Nothing_goes_on_in_the_context_of_a_caller()
    {
        byte[] ping = Masked(WireOpcode.Ping, "p"u8);
        await ExpectNoPostAsync(Masked(WireOpcode.Binary, [1]), stream => stream.ReadAsync(_buffer).AsTask());
        await ExpectNoPostAsync(Masked(WireOpcode.Binary, [1]), stream => stream.ReadAsync(Memory<byte>.Empty).AsTask());
        await ExpectNoPostAsync(Masked(WireOpcode.Close, []), stream => stream.ReadAsync(_buffer).AsTask());
        await ExpectNoPostAsync(Masked(WireOpcode.Text, []), stream => FailsAsync(stream.ReadAsync(_buffer)));
        await ExpectNoPostAsync([], stream => FailsAsync(stream.ReadAsync(_buffer)), early: ping);
        await ExpectNoPostAsync([], stream => FailsAsync(stream.ReadAsync(_buffer)), early: [0x83]);
        await ExpectNoPostAsync([], stream => FailsAsync(stream.ReadAsync(_buffer)), early: Masked(WireOpcode.Text, []));
        await ExpectNoPostAsync([], stream => stream.SendAsync(new byte[100_000]).AsTask());
        await ExpectNoPostAsync([], stream => Task.WhenAll(stream.SendAsync(new byte[1]).AsTask(), stream.SendAsync(new byte[1]).AsTask()));
        await ExpectNoPostAsync([], stream => Task.WhenAll(stream.SendPongAsync(), stream.SendPongAsync()));
        await ExpectNoPostAsync([], stream => Task.WhenAll(stream.SendPongAsync(), stream.CloseAsync(new ConnectionEnd(1000, ""))));
        await ExpectNoPostAsync([], stream => stream.CloseAsync(new ConnectionEnd(1000, "")));
    }

    private async Task ExpectNoPostAsync(byte[] sent, Func<ServerStream, Task> call, byte[]? early = null)
    {
        PausedStream network = new(Sends(sent));
        ServerStream stream = new(_transport, network, Upgrade(early));
        int posts = await ForeignContext.CountPostsAsync(() =>
        {
            Task task = call(stream);
            Assert.False(task.IsCompleted);
            network.Open();
            return task;
        });
        Assert.Equal(0, posts);
    }

    // Nothing of the test goes on in the context either.
    private static Task FailsAsync(ValueTask<int> reading) =>
        reading.AsTask().ContinueWith(static task => Assert.NotNull(task.Exception), TaskScheduler.Default);

    private static byte[] CloseFrame(int code, string reason) =>
        [0x88, (byte)(reason.Length + 2), (byte)(code >> 8), (byte)code, .. Encoding.ASCII.GetBytes(reason)];

    private static byte[] Masked(WireOpcode opcode, ReadOnlySpan<byte> payload) => FrameBytes.Build(opcode, payload, masked: true);

    private static TwoWayStream Sends(byte[] bytes) => new(new ChunkedStream(bytes, 100_000));

    private static AcceptedUpgrade Upgrade(byte[]? early = null) =>
        new(UpgradeRequest.Parse(Encoding.ASCII.GetBytes(RawClient.Request())), Protocol: null, Compression: null, early);
}
