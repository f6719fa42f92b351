namespace MessageWebSockets.Framing;

/// <summary>
/// The frames that were accepted for sending and are not with the network yet. Says which may still join them, and masks them
/// (RFC 6455 section 5.3).
/// </summary>
/// <remarks>
/// Not thread-safe: <see cref="FrameWriter"/> calls it in its lock. What is in <see cref="InFlight"/> belongs to whoever writes it,
/// from <see cref="TakePending"/> to <see cref="CompleteInFlight"/>.
/// </remarks>
/// <param name="trace">Told of each frame.</param>
/// <param name="limit">More pending bytes than this make senders wait, so that a peer that does not read holds the sender back.</param>
internal sealed class OutboundFrames(FrameTraces trace, int limit)
{
    /// <summary>The limit of a connection that says nothing else, in bytes.</summary>
    public const int UsualLimit = 1024 * 1024;

    // What may be copied in the lock to make room behind it, for a control frame and for data. A frame that would cost more goes into a
    // buffer of its own: a ping must not copy, or double, a message of half a gigabyte.
    private const int MostCopiedForControl = OutboundBuffer.KeptLength;
    private const int MostCopiedForData = UsualLimit;

    private readonly MaskingKeys _maskingKeys = new();

    // Those that are pending behind the first, in order; mostly there is none.
    private readonly Queue<OutboundBuffer> _behind = new(0);
    private OutboundBuffer _pending = new();
    private OutboundBuffer? _lastBehind;
    private OutboundBuffer _inFlight = new();
    private byte[]? _answerWaitingForRoom;
    private bool _pongWaitingForRoom;
    private long _framesSent;
    private long _messagesWritten;
    private long _messagesInDoubt;

    /// <summary>How many bytes wait to be written.</summary>
    public long Pending { get; private set; }

    /// <summary>Whether a sender has to wait for a write before it adds a further message.</summary>
    public bool IsFull => Pending >= limit;

    /// <summary>Whether something is pending that must not wait for a burst to gather.</summary>
    public bool IsUrgent => HasControl || CloseAccepted || _answerWaitingForRoom is not null;

    /// <summary>Whether a control frame is pending.</summary>
    public bool HasControl { get; private set; }

    /// <summary>Whether the close frame was added: nothing follows it (RFC 6455 section 5.5.1).</summary>
    public bool CloseAccepted { get; private set; }

    /// <summary>How many bytes were added in all, written or not.</summary>
    public long AcceptedBytes { get; private set; }

    /// <summary>What is being written.</summary>
    public ReadOnlyMemory<byte> InFlight => _inFlight.Content;

    /// <summary>Frames added. From any thread.</summary>
    public long FramesSent => Volatile.Read(ref _framesSent);

    /// <summary>Messages whose last byte is with the network. From any thread.</summary>
    public long MessagesWritten => Volatile.Read(ref _messagesWritten);

    /// <summary>
    /// Messages whose last byte is being written, or was in the write that failed: the network may have taken them. From any thread.
    /// </summary>
    public long MessagesInDoubt => Volatile.Read(ref _messagesInDoubt);

    /// <summary>Adds a frame; one that is not masked yet is masked here.</summary>
    /// <param name="header">Its header.</param>
    /// <param name="headerBytes">Its header as bytes, with the masking key if it is masked.</param>
    /// <param name="payload">Its payload.</param>
    /// <param name="needsRoom">Whether it is not to be taken when <see cref="IsFull"/>.</param>
    /// <param name="ping">Told where it ends.</param>
    /// <returns>False when it was not taken: a control frame after the close frame, or one that needs room where there is none.</returns>
    /// <exception cref="IOException">Data after the close frame.</exception>
    public bool TryAdd(
        in FrameHeader header, ReadOnlySpan<byte> headerBytes, in FramePayload payload, bool needsRoom, PendingPing? ping)
    {
        if (needsRoom && IsFull)
        {
            return false;
        }

        if (CloseAccepted)
        {
            return header.IsControl ? false : throw new IOException("The connection is closing; nothing can follow the close frame.");
        }

        if (header.Opcode == FrameOpcode.Pong && IsFull)
        {
            // A peer that floods with pings and reads no answers must not fill our memory with them: the newest answer waits
            // for room, and answers the pings before it as well (RFC 6455 section 5.5.3).
            byte[] answer = new byte[headerBytes.Length + payload.Length];
            headerBytes.CopyTo(answer);
            payload.CopyTo(answer.AsSpan(headerBytes.Length));
            _answerWaitingForRoom = answer;
            return true;
        }

        // Throws when there is no memory for it: nothing is noted of the frame before it is in the buffer.
        Append(header, headerBytes, payload);
        ping?.End = AcceptedBytes;
        CloseAccepted = header.Opcode == FrameOpcode.Close;
        if (header.IsFinal && !header.IsControl)
        {
            (_lastBehind ?? _pending).CompletedMessages++;
        }

        HasControl |= header.IsControl;
        return true;
    }

    /// <summary>Has a pong that answers nothing wait for room, as an answer does and behind it.</summary>
    /// <returns>False when there is room for it now.</returns>
    public bool TryDeferPong()
    {
        _pongWaitingForRoom |= IsFull;
        return IsFull;
    }

    /// <summary>What is pending is written now, or the first part of it, and pongs that waited for room become pending.</summary>
    /// <returns>The bytes to write.</returns>
    public ReadOnlyMemory<byte> TakePending()
    {
        OutboundBuffer empty = _inFlight;
        _inFlight = _pending;
        Pending -= _inFlight.Count;
        if (_behind.TryDequeue(out OutboundBuffer? next))
        {
            empty.Release();
            _pending = next;
            _lastBehind = _behind.Count > 0 ? _lastBehind : null;
        }
        else
        {
            _pending = empty;
        }

        HasControl &= Pending > 0;
        Volatile.Write(ref _messagesInDoubt, _inFlight.CompletedMessages);
        AppendWaitingPongs();
        return _inFlight.Content;
    }

    /// <summary>What was being written is with the network.</summary>
    public void CompleteInFlight()
    {
        // In this order: who reads them in the other one misses no message.
        Volatile.Write(ref _messagesWritten, _messagesWritten + _inFlight.CompletedMessages);
        Volatile.Write(ref _messagesInDoubt, 0);
        _inFlight.Clear();
    }

    /// <summary>Gives all memory back, and drops what is pending after a fault.</summary>
    public void Release()
    {
        while (_behind.TryDequeue(out OutboundBuffer? behind))
        {
            behind.Release();
        }

        _lastBehind = null;
        _pending.Clear();
        _pending.Release();
        _inFlight.Release();
        Pending = 0;
    }

    private void Append(in FrameHeader header, ReadOnlySpan<byte> headerBytes, in FramePayload payload)
    {
        OutboundBuffer buffer = BufferFor(header);
        int before = buffer.Count;
        if (header.IsMasked)
        {
            buffer.Append(headerBytes, payload);
        }
        else
        {
            buffer.AppendMasked(headerBytes, payload, _maskingKeys.Next());
        }

        int added = buffer.Count - before;
        Pending += added;
        AcceptedBytes += added;
        Volatile.Write(ref _framesSent, _framesSent + 1);

        // Here, so that frames are told of in the order they leave in; it only notes them.
        trace.Add(FrameDirection.Sent, header);
    }

    private OutboundBuffer BufferFor(in FrameHeader header)
    {
        long length = FrameHeader.MaxLength + sizeof(uint) + header.PayloadLength;
        OutboundBuffer last = _lastBehind ?? _pending;
        if (last.WouldCopy(length, header.IsControl ? MostCopiedForControl : MostCopiedForData))
        {
            last = new OutboundBuffer();
            _behind.Enqueue(last);
            _lastBehind = last;
        }

        return last;
    }

    private void AppendWaitingPongs()
    {
        if (CloseAccepted)
        {
            return;
        }

        if (_answerWaitingForRoom is { } answer && FrameHeader.TryParse(answer, out FrameHeader header))
        {
            _answerWaitingForRoom = null;
            Append(header, answer.AsSpan(0, header.HeaderLength), new FramePayload(answer.AsSpan(header.HeaderLength)));
        }

        if (_pongWaitingForRoom)
        {
            _pongWaitingForRoom = false;
            Span<byte> bytes = stackalloc byte[FrameHeader.MaxLength];
            header = FrameHeader.Write(bytes, FrameOpcode.Pong, isFinal: true, 0);
            Append(header, bytes[..header.HeaderLength], default);
        }
    }
}
