using System.Net.Sockets;
using System.Security.Authentication;
using MessageWebSockets.TestServer;
using MessageWebSockets.Tests.Loopback;
using MessageWebSockets.Tests.Messages;
using Xunit;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Framing;

/// <summary>What the framing writes to the stream it works on, and what is told of the end of that.</summary>
public sealed class FrameStreamTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData("888203000000", "0001", 0x0301)]
    [InlineData("888200FF0000", "03EF", 0x0310)]
    [InlineData("888001020304", "", 1002)]
    [InlineData("888101020304", "03", 1002)]
    public async Task The_close_frame_of_the_framing_is_kept_and_not_sent(string header, string payload, int code)
    {
        OneWayStream network = new([], 1, 1);
        using FrameStream stream = new(network, new FrameTraces());
        Assert.Null(stream.RefusalCode);

        await stream.WriteAsync(Convert.FromHexString(header + payload), Token);
        await stream.WriteAsync(Convert.FromHexString("888200000000" + "03F1"), Token);

        Assert.Equal((ushort)code, stream.RefusalCode);
        Assert.Empty(network.Frames());
        Assert.False(stream.Writer.CloseFrameWritten);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task Other_frames_of_the_framing_are_sent_and_so_is_a_close_frame_of_ours()
    {
        OneWayStream network = new([], 1, 1);
        using FrameStream stream = new(network, new FrameTraces());

        await stream.WriteAsync(FrameBytes.Build(WireOpcode.Pong, "pong"u8, masked: true), Token);
        byte[] text = FrameBytes.Build(WireOpcode.Text, "text"u8, masked: true);
        stream.Write([0, .. text, 0], 1, text.Length);
        await stream.WriteAsync(ControlFrame.Create(FrameOpcode.Close, [3, 0xE8]), Token);
        await stream.Writer.DrainAsync(Token);

        Assert.Equal([WireOpcode.Pong, WireOpcode.Text, WireOpcode.Close], network.Frames().Select(frame => frame.Opcode));
        Assert.Equal("text"u8.ToArray(), network.Frames().ElementAt(1).Payload);
        Assert.Null(stream.RefusalCode);
        Assert.True(stream.Writer.CloseFrameWritten);
        Assert.True(stream is { CanRead: true, CanWrite: true, CanSeek: false });
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task An_abort_is_the_fault_of_the_stream_and_closes_the_network()
    {
        ChunkedStream network = new([], 1);
        using FrameStream stream = new(network, new FrameTraces());
        IOException reason = new("Dropped.");
        Assert.Null(stream.Fault);

        stream.Abort(reason);

        Assert.Same(reason, stream.Fault);
        Assert.True(network.IsDisposed);
        Assert.False(stream.WasReset);
        IOException refusal = Assert.Throws<IOException>(() => stream.Writer.SendData(FrameOpcode.Text, true, default));
        Assert.Same(reason, refusal.InnerException);
        await Assert.ThrowsAsync<IOException>(() => stream.Writer.PingAsync(Token));
    }

    [Fact]
    public async Task What_broke_reading_is_told_ahead_of_what_broke_writing()
    {
        IOException reading = new("Reading.");
        IOException writing = new("Writing.");
        using FrameStream stream = new(new FailingStream(reading), new FrameTraces());
        stream.Writer.Break(writing);
        Assert.Same(writing, stream.Fault);
        await Assert.ThrowsAsync<IOException>(() => stream.ReadAsync(new byte[10], Token).AsTask());
        Assert.Same(reading, stream.Fault);
    }

    [Fact]
    public void An_abort_without_a_reason_is_the_end_of_the_stream()
    {
        FrameStream stream = new(new ChunkedStream([], 1), new FrameTraces());
        stream.Abort(null);
        Assert.Equal(nameof(FrameStream), Assert.IsType<ObjectDisposedException>(stream.Fault).ObjectName);
    }

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [InlineData(SocketError.ConnectionReset, true)]
    [InlineData(SocketError.TimedOut, false)]
    public async Task A_reset_is_known_from_reading_and_from_writing(SocketError error, bool isReset)
    {
        IOException fault = new("", new SocketException((int)error));
        using FrameStream reading = new(new FailingStream(fault), new FrameTraces());
        await Assert.ThrowsAsync<IOException>(() => reading.ReadAsync(new byte[1], Token).AsTask());
        Assert.Equal(isReset, reading.WasReset);
        Assert.Same(fault, reading.Fault);

        using FrameStream writing = new(new ChunkedStream([], 1), new FrameTraces());
        writing.Writer.Break(fault);
        Assert.Equal(isReset, writing.WasReset);
    }

    public static TheoryData<Exception, bool> Faults { get; } = new()
    {
        { new AuthenticationException("broken"), true },
        { new IOException("nonsense"), true },
        { new IOException("nonsense", new InvalidDataException()), true },
        { new IOException("gone", new ObjectDisposedException("")), false },
        { new IOException("reset", new SocketException((int)SocketError.ConnectionReset)), false },
        { new InvalidOperationException("a mistake"), false },
    };

    [Theory(Timeout = SocketFactAttribute.Patience)]
    [MemberData(nameof(Faults))]
    public async Task What_broke_TLS_is_told_apart_from_what_broke_the_network(Exception fault, bool isOfTls)
    {
        using TransportPair pair = await TransportPair.ConnectAsync();
        (TransportStream network, Socket peer) = pair;
        using FrameStream stream = new(new FailingStream(fault), new FrameTraces()) { Network = network };
        Assert.Null(stream.TlsFault);
        await Assert.ThrowsAnyAsync<Exception>(() => stream.ReadAsync(new byte[1], Token).AsTask());
        Assert.Equal(isOfTls ? fault : null, stream.TlsFault);

        // Nothing is known of a network that nobody can ask.
        using FrameStream alone = new(new FailingStream(fault), new FrameTraces());
        await Assert.ThrowsAnyAsync<Exception>(() => alone.ReadAsync(new byte[1], Token).AsTask());
        Assert.Null(alone.TlsFault);

        // And the end of the network is no fault of TLS.
        peer.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await network.ReadAsync(new byte[1], Token));
        Assert.Null(stream.TlsFault);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task The_network_remembers_how_the_peer_began_and_that_it_ended()
    {
        using TransportPair pair = await TransportPair.ConnectAsync();
        (TransportStream network, Socket peer) = pair;
        Assert.Null(network.FirstByte);
        Assert.False(network.HasEnded);
        await peer.SendAsync("ab"u8.ToArray(), Token);
        Assert.Equal(0, await network.ReadAsync(Memory<byte>.Empty, Token));
        Assert.Null(network.FirstByte);
        byte[] buffer = new byte[1];
        Assert.Equal(1, await network.ReadAsync(buffer, Token));
        Assert.Equal(1, await network.ReadAsync(buffer, Token));
        Assert.Equal((byte)'b', buffer[0]);
        Assert.Equal((byte)'a', network.FirstByte);
        Assert.False(network.HasEnded);

        peer.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await network.ReadAsync(buffer, Token));
        Assert.True(network.HasEnded);
        Assert.False(network.WasReset);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task The_network_remembers_a_reset()
    {
        using TransportPair pair = await TransportPair.ConnectAsync();
        (TransportStream network, Socket peer) = pair;
        peer.LingerState = new LingerOption(true, 0);
        peer.Dispose();

        IOException reset = await Assert.ThrowsAsync<IOException>(() => network.ReadAsync(new byte[1], Token).AsTask());

        Assert.True(TransportStream.IsReset(reset));
        Assert.True(TransportStream.IsOfNetwork(reset));
        Assert.True(network.WasReset);
        Assert.True(network.HasEnded);
        Assert.Null(network.FirstByte);
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task A_write_is_over_when_the_system_has_taken_all_of_it()
    {
        using TransportPair pair = await TransportPair.ConnectAsync();
        (TransportStream network, Socket peer) = pair;

        // More than the buffers of the system hold, so that it takes the peer to read.
        byte[] bytes = new byte[32 * 1024 * 1024];
        Task write = Task.CompletedTask;
        int posts = await ForeignContext.CountPostsAsync(() =>
        {
            write = network.WriteAsync(bytes, Token).AsTask();
            Assert.False(write.IsCompleted);
            return Task.WhenAll(write, ReadAsync());
        });

        Assert.True(write.IsCompletedSuccessfully);
        Assert.Equal(0, posts);

        async Task ReadAsync()
        {
            byte[] buffer = new byte[1024 * 1024];
            for (int read = 0; read < bytes.Length;)
            {
                read += await peer.ReceiveAsync(buffer, Token).ConfigureAwait(false);
            }
        }
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task The_end_of_a_stream_is_in_order_or_not()
    {
        Assert.True(await StreamEnd.ReachAsync(new ChunkedStream(new byte[10_000], 100)));
        Assert.False(await StreamEnd.ReachAsync(new FailingStream(new IOException("x"))));
    }

    [Fact]
    public void A_fault_is_of_the_network_however_deep_the_cause_lies()
    {
        SocketException cause = new((int)SocketError.ConnectionReset);
        Assert.True(TransportStream.IsReset(new IOException("", new IOException("", cause))));
        Assert.True(TransportStream.IsReset(cause));
        Assert.True(TransportStream.IsOfNetwork(new IOException("", new SocketException((int)SocketError.Shutdown))));
        Assert.False(TransportStream.IsReset(new IOException("", new SocketException((int)SocketError.Shutdown))));
        Assert.False(TransportStream.IsOfNetwork(new IOException("", new InvalidDataException())));
        Assert.False(TransportStream.IsOfNetwork(null));
    }

    [Fact(Timeout = SocketFactAttribute.Patience)]
    public async Task What_the_peer_has_taken_is_known_on_Linux()
    {
        using TransportPair pair = await TransportPair.ConnectAsync();
        (TransportStream network, Socket peer) = pair;
        PeerProgress? before = network.Progress;
        Assert.Equal(OperatingSystem.IsLinux(), before is not null);
        if (before is { } start)
        {
            await network.WriteAsync(new byte[1000], Token);
            byte[] buffer = new byte[1000];
            for (int count = 0; count < buffer.Length;)
            {
                count += await peer.ReceiveAsync(buffer.AsMemory(count), Token);
            }

            // The system acknowledges in its own time.
            PeerProgress now;
            while ((now = network.Progress!.Value).IsWaiting)
            {
                Token.ThrowIfCancellationRequested();
                await Task.Yield();
            }

            Assert.Equal(1000UL, now.Acknowledged - start.Acknowledged);
            Assert.NotEqual(0U, now.Window);
        }

        pair.Dispose();
        Assert.Null(network.Progress);
    }
}
