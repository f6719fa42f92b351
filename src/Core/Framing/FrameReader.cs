using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace MessageWebSockets.Framing;

/// <summary>
/// Reads frames for the framing above: follows their boundaries, looks into control frames, decompresses messages (RFC 7692), and
/// watches text, so that the framing is given nothing but what it may pass on. What it leaves to the framing to refuse passes as it is.
/// </summary>
/// <remarks>
/// One reader. A read never returns bytes of two frames: the framing then never holds more than the frame it works on, and
/// <see cref="CurrentFrame"/> is that frame. A compressed message reaches the framing as plain frames of another length.
/// </remarks>
/// <param name="inner">The network.</param>
/// <param name="trace">Told of each frame.</param>
/// <param name="pings">Told of each pong.</param>
/// <param name="inflater">Decompresses; null where no compression was agreed.</param>
internal sealed class FrameReader(Stream inner, FrameTraces trace, PingBook pings, MessageInflater? inflater) : IDisposable
{
    // What is read past the read buffer; less of it would cost more in calls of the system than a copy does.
    private const int SmallestDirectRead = 16 * 1024;

    // What stands for the peer's close frame, which is read here: the framing knows fewer close codes than RFC 6455 section 7.4 allows.
    private static readonly byte[] s_emptyClose = [0x88, 0x00];

    private readonly ReadBuffer _buffer = new(inner);
    private readonly InflatedFrames? _inflated = inflater is null ? null : new InflatedFrames(inflater);
    private FrameHeader _frame;
    private int _headerRemaining;
    private long _payloadRemaining;

    // What lies in the framing's memory already, which it asks for next.
    private ReadOnlyMemory<byte> _inPlace;

    // A frame made here, in place of what came.
    private ReadOnlyMemory<byte> _made;

    // These are of the message that is open, where it is not compressed.
    private FrameOpcode? _open;
    private bool _isWatched;
    private Utf8Watch _text;
    private long _framesReceived;

    /// <summary>What the network brings.</summary>
    public ReadBuffer Buffer => _buffer;

    /// <summary>The frame whose bytes the framing reads now.</summary>
    public FrameHeader CurrentFrame => _frame;

    /// <summary>How much of the payload of <see cref="CurrentFrame"/> has come, whether the framing has asked for it or not.</summary>
    public long PayloadArrived => _frame.PayloadLength - _payloadRemaining + Math.Min(_buffer.Count, _payloadRemaining);

    public long FramesReceived => Volatile.Read(ref _framesReceived);

    /// <summary>The peer's close frame, once it has passed; 1005 for an empty one.</summary>
    public WebSocketCloseResult? ReceivedClose { get; private set; }

    private bool IsInPlainFrame => _headerRemaining > 0 || _payloadRemaining > 0;

    private bool IsBetweenFrames => !IsInPlainFrame && _made.Length == 0 && _inflated is not { IsInFrame: true };

    /// <summary>The header of the next frame, when the last one is done with and this one is already in the buffer.</summary>
    public bool TryPeekFrame(out FrameHeader header)
    {
        header = default;
        return IsBetweenFrames && FrameHeader.TryParse(_buffer.UnreadSpan, out header);
    }

    /// <summary>Whether all of the frame that <see cref="TryPeekFrame"/> found is in the buffer.</summary>
    public bool IsBuffered(FrameHeader next) => _buffer.Count - next.HeaderLength >= next.PayloadLength;

    /// <summary>Takes the frame that <see cref="TryPeekFrame"/> found and that is in the buffer whole, past the framing.</summary>
    /// <param name="next">Its header; that of a whole message, and no message is open.</param>
    /// <returns>Its payload, valid until the next read.</returns>
    public ReadOnlySpan<byte> TakeBuffered(FrameHeader next)
    {
        ReadOnlySpan<byte> payload = _buffer.UnreadSpan.Slice(next.HeaderLength, (int)next.PayloadLength);
        _buffer.Advance(next.HeaderLength + payload.Length);
        CountReceived(next);
        return payload;
    }

    /// <summary>Decompresses the frame that <see cref="TryPeekFrame"/> found and that is in the buffer whole, past the framing.</summary>
    /// <param name="next">Its header; no message is open.</param>
    /// <param name="message">The message.</param>
    /// <returns>False when it is no compressed message, or is left to the framing because it is long.</returns>
    /// <exception cref="ProtocolViolationException">It cannot be decompressed, or its text is not UTF-8.</exception>
    public bool TryTakeInflated(FrameHeader next, [NotNullWhen(true)] out byte[]? message)
    {
        message = null;
        if (_inflated is not { IsInMessage: false } || !next.IsCompressedMessage)
        {
            return false;
        }

        CountReceived(next);
        _buffer.Advance(next.HeaderLength);
        _inflated.Begin(next);
        if (!TryInflate() || !_frame.IsFinal)
        {
            // What was made of it so far is what the framing reads next.
            return false;
        }

        message = _made.Span[_frame.HeaderLength..].ToArray();
        _made = default;
        _inflated.Release();
        return true;
    }

    /// <summary>Waits for payload of <see cref="CurrentFrame"/>, when the framing has read all that came.</summary>
    /// <param name="target">Where the framing is going to read it to, with its next read. It may lie there already.</param>
    /// <returns>How much has come; 0 at the end of the connection.</returns>
    public async ValueTask<int> WaitForPayloadAsync(Memory<byte> target)
    {
        if (_payloadRemaining >= ReadBuffer.BusyReadSize && target.Length >= SmallestDirectRead)
        {
            Memory<byte> part = target[..(int)Math.Min(target.Length, _payloadRemaining)];
            int read = await _buffer.ReadAsync(part, CancellationToken.None).ConfigureAwait(false);
            _inPlace = part[..read];
            return read;
        }

        await _buffer.FillAsync(CancellationToken.None).ConfigureAwait(false);
        return (int)Math.Min(_buffer.Count, _payloadRemaining);
    }

    public ValueTask<int> ReadAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        if (_inPlace.Length > 0)
        {
            int count = _inPlace.Length;
            Debug.Assert(_inPlace.Equals(target[..count]), "The framing reads to where it was told.");
            _inPlace = default;
            Follow(target.Span[..count]);
            return new ValueTask<int>(count);
        }

        if (target.Length > 0 && _buffer.Count > 0 && (IsInPlainFrame || (IsBetweenFrames && TryBeginFrame() && IsInPlainFrame)))
        {
            return new ValueTask<int>(Deliver(target.Span));
        }

        return ReadSlowAsync(target, cancellationToken);
    }

    public void Dispose() => _inflated?.Dispose();

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ReadSlowAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (_made.Length > 0 || TryInflate())
            {
                return DeliverMade(target.Span);
            }

            if (IsBetweenFrames)
            {
                if (!TryBeginFrame() && await _buffer.FillAsync(cancellationToken).ConfigureAwait(false) == 0)
                {
                    return DeliverTruncatedHeader(target.Span);
                }
            }
            else if (_buffer.Count > 0 && IsInPlainFrame)
            {
                return Deliver(target.Span);
            }
            else if (_headerRemaining == 0 && _payloadRemaining >= ReadBuffer.BusyReadSize)
            {
                // A large payload goes straight into the buffer of its message, unless its rest is not worth a read of its own. The last
                // bytes of a segment are: what came along into the read buffer would leave the next segment just as far from its end,
                // and all the rest of the message would be copied twice.
                Memory<byte> part = target[..(int)Math.Min(target.Length, _payloadRemaining)];
                int read = await _buffer.ReadAsync(part, cancellationToken).ConfigureAwait(false);
                Follow(part.Span[..read]);
                return read;
            }
            else if (await _buffer.FillAsync(cancellationToken).ConfigureAwait(false) == 0)
            {
                return 0;
            }
        }
    }

    private int Deliver(Span<byte> target)
    {
        long frameRemaining = _headerRemaining + _payloadRemaining;
        int count = (int)Math.Min(Math.Min(target.Length, _buffer.Count), frameRemaining < 0 ? long.MaxValue : frameRemaining);
        _buffer.UnreadSpan[..count].CopyTo(target);
        _buffer.Advance(count);
        int ofHeader = Math.Min(count, _headerRemaining);
        _headerRemaining -= ofHeader;
        if (count > ofHeader)
        {
            Follow(target[ofHeader..count]);
        }

        return count;
    }

    // The next bytes of the payload of a frame.
    private void Follow(ReadOnlySpan<byte> payload)
    {
        _payloadRemaining -= payload.Length;
        if (_isWatched)
        {
            Watch(payload, isEnd: _frame.IsFinal && _payloadRemaining == 0);
        }
    }

    private void Watch(ReadOnlySpan<byte> text, bool isEnd)
    {
        if (!_text.TryAppend(text) || (isEnd && !_text.IsComplete))
        {
            throw ProtocolViolationException.InvalidText();
        }
    }

    // The stream ended inside a frame header: the framing gets the rest and reports the premature end itself.
    private int DeliverTruncatedHeader(Span<byte> target)
    {
        int count = Math.Min(target.Length, _buffer.Count);
        _buffer.UnreadSpan[..count].CopyTo(target);
        _buffer.Advance(count);
        return count;
    }

    // Whether there is a plain frame now; without one the compressed frame may be over, or take more bytes.
    private bool TryInflate()
    {
        if (_inflated is not { IsInFrame: true } inflated)
        {
            return false;
        }

        _made = inflated.Next(_buffer.Unread, out FrameHeader header, out int taken);
        _buffer.Advance(taken);
        if (_made.Length > 0)
        {
            _frame = header;
        }

        return _made.Length > 0;
    }

    private int DeliverMade(Span<byte> target)
    {
        int count = Math.Min(target.Length, _made.Length);
        _made.Span[..count].CopyTo(target);
        _made = _made[count..];
        if (_made.Length == 0)
        {
            _inflated?.Release();
        }

        return count;
    }

    private bool TryBeginFrame()
    {
        ReadOnlySpan<byte> buffered = _buffer.UnreadSpan;
        if (!FrameHeader.TryParse(buffered, out FrameHeader header))
        {
            return false;
        }

        if (!header.HasShortestLength)
        {
            throw new ProtocolViolationException(
                ProtocolViolationException.ProtocolError,
                header.PayloadLength < 0
                    ? "it announced a frame length with its top bit set (RFC 6455 section 5.2)."
                    : "it announced a frame length in more bytes than it needs (RFC 6455 section 5.2).");
        }

        // A control frame is looked into, so it has to be here whole; one that must not be is left to the framing to refuse.
        if (header.IsLegalControl)
        {
            if (header.Opcode == FrameOpcode.Close)
            {
                CloseFrame.CheckLength(header.PayloadLength);
            }

            if (buffered.Length < header.HeaderLength + header.PayloadLength)
            {
                return false;
            }

            CountReceived(header);
            Inspect(header, buffered.Slice(header.HeaderLength, (int)header.PayloadLength));
            return true;
        }

        CountReceived(header);
        if (_inflated is not null && IsOfCompressedMessage(header))
        {
            _buffer.Advance(header.HeaderLength);
            _inflated.Begin(header);
            return true;
        }

        if (_inflated is not null && header.ReservedBits == FrameHeader.Rsv1Bit)
        {
            // The framing does not know that compression was agreed on, and would say that it was not.
            throw MisplacedCompression(header);
        }

        BeginPlain(header);
        return true;
    }

    private static ProtocolViolationException MisplacedCompression(FrameHeader header) => new(
        ProtocolViolationException.ProtocolError,
        header.IsMasked ? "it masked a frame (RFC 6455 section 5.1)."
            : header.Opcode is FrameOpcode.Text or FrameOpcode.Binary ? "it began a message within another one (RFC 6455 section 5.4)."
            : "it set the bit of compression (RSV1) on a frame that is not the first one of a message (RFC 7692 section 6).");

    // Whether a frame belongs to a compressed message, and may.
    private bool IsOfCompressedMessage(FrameHeader header) => !header.IsMasked && (_inflated!.IsInMessage
        ? header is { Opcode: FrameOpcode.Continuation, ReservedBits: 0 }
        : _open is null && header is { Opcode: FrameOpcode.Text or FrameOpcode.Binary, ReservedBits: FrameHeader.Rsv1Bit });

    private void BeginPlain(FrameHeader header)
    {
        _frame = header;
        _headerRemaining = header.HeaderLength;
        _payloadRemaining = header.PayloadLength;
        _isWatched = false;
        if (header.IsControl || header.ReservedBits != 0 || header.IsMasked)
        {
            return;
        }

        bool isFirst = header.Opcode != FrameOpcode.Continuation;
        if (isFirst == (_open is null))
        {
            if (isFirst)
            {
                _text = default;
                _open = header.Opcode;
            }

            _isWatched = _open == FrameOpcode.Text;
            _open = header.IsFinal ? null : _open;
            if (_isWatched && header.PayloadLength == 0)
            {
                // The framing does not look at a frame without payload, so it would miss that the text ends inside a character.
                Watch([], header.IsFinal);
            }
        }
    }

    private void CountReceived(FrameHeader header)
    {
        Volatile.Write(ref _framesReceived, _framesReceived + 1);
        trace.Add(FrameDirection.Received, header);
    }

    private void Inspect(FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (header.Opcode == FrameOpcode.Close)
        {
            ReceivedClose = CloseFrame.Read(payload);
            _buffer.Advance(header.HeaderLength + payload.Length);
            _frame = new FrameHeader(s_emptyClose[0], IsMasked: false, s_emptyClose.Length, 0);
            _made = s_emptyClose;
            return;
        }

        if (header.Opcode == FrameOpcode.Pong)
        {
            pings.Answer(payload);
        }

        _frame = header;
        _headerRemaining = header.HeaderLength;
        _payloadRemaining = header.PayloadLength;
        _isWatched = false;
    }
}
