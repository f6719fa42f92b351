using System.Security.Authentication;

namespace MessageWebSockets.Framing;

/// <summary>
/// The frames of one connection, over the connected stream: a <see cref="FrameReader"/> and a <see cref="FrameWriter"/>, and the
/// <see cref="Stream"/> that the framework's framing works on.
/// </summary>
/// <remarks>
/// One reader at a time (the receive loop); writers on any thread. The framing writes each frame with one
/// <see cref="WriteAsync(ReadOnlyMemory{byte}, CancellationToken)"/>, so that a control frame can be put between two of them.
/// </remarks>
internal sealed class FrameStream : SequentialStream
{
    // RFC 9113 section 7.
    private const long Http2Cancel = 8;

    private readonly PingBook _pings = new();

    /// <param name="inner">The network.</param>
    /// <param name="trace">Told of each frame.</param>
    /// <param name="inflater">Decompresses what comes; null where no compression was agreed.</param>
    /// <param name="sendLimit">How many bytes may wait to be sent before senders do.</param>
    public FrameStream(Stream inner, FrameTraces trace, MessageInflater? inflater = null, int sendLimit = OutboundFrames.UsualLimit)
    {
        Reader = new FrameReader(inner, trace, _pings, inflater);
        Writer = new FrameWriter(inner, trace, _pings, sendLimit);
    }

    /// <summary>What reads, for the receive loop alone.</summary>
    public FrameReader Reader { get; }

    /// <summary>What sends, past the framing.</summary>
    public FrameWriter Writer { get; }

    /// <summary>The connection below TLS and proxies; null when there is none to ask.</summary>
    public TransportStream? Network { get; init; }

    /// <summary>Tells what the peer has taken; null when there is nothing to ask.</summary>
    public Func<PeerProgress?>? Progress
    {
        get;
        init
        {
            field = value;
            Writer.Network.IsProgressKnown = value?.Invoke() is not null;
        }
    }

    /// <summary>What the network brings, and when.</summary>
    public ReadBuffer Received => Reader.Buffer;

    /// <summary>What broke reading or writing, if anything did.</summary>
    public Exception? Fault => Received.Fault ?? Writer.Fault;

    /// <summary>Whether reading or writing met a reset by the peer; over HTTP/2 that is the error CANCEL (RFC 8441 section 5).</summary>
    public bool WasReset => Writer.WasReset || TransportStream.IsReset(Received.Fault) || Http2Fault is { ErrorCode: Http2Cancel };

    /// <summary>What ended the HTTP/2 stream or connection below with an error of that protocol; null when that did not happen.</summary>
    public HttpProtocolException? Http2Fault =>
        Received.Fault as HttpProtocolException ?? Received.Fault?.InnerException as HttpProtocolException;

    /// <summary>What broke TLS: what came over a network that goes on could not be decrypted. Null when that did not happen.</summary>
    public Exception? TlsFault => Network is { HasEnded: false } && Http2Fault is null
        && Received.Fault is AuthenticationException or (IOException and { InnerException: not ObjectDisposedException })
        && !TransportStream.IsOfNetwork(Received.Fault) ? Received.Fault : null;

    /// <summary>
    /// The code of the close frame that the framing wrote because it refuses what came; it is not sent, that is for whoever reads to
    /// do. Null before.
    /// </summary>
    public ushort? RefusalCode { get; private set; }

    /// <summary>Told of the round-trip time of each answered ping.</summary>
    public Action<TimeSpan>? RoundTripMeasured
    {
        get => _pings.RoundTripMeasured;
        set => _pings.RoundTripMeasured = value;
    }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Reader.ReadAsync(buffer, cancellationToken);

    /// <summary>
    /// Sends a frame of the framing: the answer to a ping, or data; its close frame is kept for <see cref="RefusalCode"/>.
    /// </summary>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Send(buffer.Span);
        return default;
    }

    /// <summary>Nothing to do: what was written is on its way already.</summary>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Write(byte[] buffer, int offset, int count) => Send(buffer.AsSpan(offset, count));

    /// <summary>Makes everybody who waits for this stream stop waiting, and closes the connection.</summary>
    public void Abort(Exception? reason)
    {
        Writer.Break(reason ?? new ObjectDisposedException(nameof(FrameStream)));
        Dispose();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Writer.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Send(ReadOnlySpan<byte> frame)
    {
        bool isHeader = FrameHeader.TryParse(frame, out FrameHeader header);
        if (isHeader && header is { Opcode: FrameOpcode.Close, IsMasked: true })
        {
            // Close frames of ours are not masked yet. This one is the framing's: it comes before readers could answer what came before it.
            ReadOnlySpan<byte> payload = frame[header.HeaderLength..];
            ReadOnlySpan<byte> key = frame[(header.HeaderLength - sizeof(uint))..];
            RefusalCode ??= payload.Length < 2
                ? ProtocolViolationException.ProtocolError
                : (ushort)(((payload[0] ^ key[0]) << 8) | (payload[1] ^ key[1]));
            return;
        }

        try
        {
            Writer.TrySend(frame);
        }
        catch (IOException) when (isHeader && header.IsControl)
        {
            // The answer to a ping, behind a write that failed. It is no reason to end reading: what the peer sent before it went, and its
            // close frame, are still to be had, and reading meets the end by itself.
        }
    }
}
