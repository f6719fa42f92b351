using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;

namespace MessageWebSockets;

/// <summary>
/// The only layer below the frames: it stands between the framework's framing and the connected stream, buffers reads, combines
/// writes, follows frame boundaries, and sends the control frames that the framing cannot.
/// </summary>
/// <remarks>
/// A client masks everything it sends (RFC 6455 section 5.3); frames that come here without a mask get theirs here.
/// One reader at a time (the receive loop); writers on any thread. The framing writes each frame with one
/// <see cref="WriteAsync(ReadOnlyMemory{byte}, CancellationToken)"/>, so that a control frame can be put between two of them.
/// A read never returns bytes of two frames: the framing then never holds more than the frame it works on, and
/// <see cref="CurrentFrame"/> is that frame.
/// </remarks>
internal sealed class FrameStream(Stream inner, IProgress<FrameTraceEntry>? trace) : Stream
{
    // An idle connection waits with a small buffer; a busy one, which fills it, reads 64 KiB at a time.
    private const int IdleReadSize = 4096;
    private const int BusyReadSize = 64 * 1024;
    private const int ShortReadsBeforeIdle = 8;

    // After so many milliseconds of silence the next wait begins without any buffer. It ends with a second read, which a connection
    // with more to say is spared.
    private const long QuietAfter = 1000;

    private const int SmallestDirectRead = 16 * 1024;

    // More pending bytes than this make senders wait, so that a peer that does not read holds the sender back.
    private const int PendingLimit = 1024 * 1024;

    // A write that follows the last one closer than this is part of a burst, and bursts go to the pump, which combines them.
    // A lone message, or one of a request and reply pattern, goes out on its sender's own thread at once.
    private static readonly long BurstGap = Stopwatch.Frequency / 100_000;

    // After so many writes without a pause the pump waits until there are that many bytes to write: a sender that is a little faster
    // than a write would otherwise pay for a system call every few messages, and the peer for a read.
    private const int WritesBeforeGathering = 16;
    private const int GatheredSize = 32 * 1024;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly Lock _writeLock = new();
    private readonly Dictionary<ulong, PendingPing> _pings = [];

    private byte[] _readBuffer = [];
    private int _readStart;
    private int _readEnd;
    private int _shortReads;
    private bool _isQuiet = true;
    private FrameHeader _frame;
    private int _headerRemaining;
    private long _payloadRemaining;

    private readonly MaskingKeys _maskingKeys = new();
    private OutboundBuffer _pending = new();
    private OutboundBuffer _inFlight = new();
    private BurstWait? _burstWait;
    private bool _pumping;
    private bool _controlPending;
    private bool _closeFrameWritten;
    private byte[]? _pongWaitingForRoom;
    private long _lastWriteCompleted;
    private long _acceptedBytes;
    private long _bytesSent;
    private long _framesSent;
    private long _messagesWritten;
    private Exception? _writeFault;
    private TaskCompletionSource? _writeProgress;
    private TaskCompletionSource? _room;

    private long _bytesReceived;
    private long _framesReceived;
    private long _lastReceived = Environment.TickCount64;
    private ulong _lastPingId;
    private ulong _keepAlivePingId;
    private int _disposed;

    /// <summary>The frame whose bytes the framing reads now.</summary>
    public FrameHeader CurrentFrame => _frame;

    public long BytesSent => Volatile.Read(ref _bytesSent);

    public long BytesReceived => Volatile.Read(ref _bytesReceived);

    public long FramesSent => Volatile.Read(ref _framesSent);

    public long FramesReceived => Volatile.Read(ref _framesReceived);

    public long MessagesWritten => Volatile.Read(ref _messagesWritten);

    /// <summary>When the last byte arrived, in milliseconds of <see cref="Environment.TickCount64"/>.</summary>
    public long LastReceived => Volatile.Read(ref _lastReceived);

    /// <summary>When the last byte arrived, for the reader: in ticks of UTC.</summary>
    public long LastReadUtcTicks { get; private set; }

    /// <summary>The peer's close frame, once it has passed; 1005 for an empty one.</summary>
    public WebSocketCloseResult? ReceivedClose { get; private set; }

    /// <summary>Whether the peer ended its side of the stream.</summary>
    public bool ReachedEnd { get; private set; }

    /// <summary>What broke reading or writing, if anything did.</summary>
    public Exception? Fault { get; private set; }

    /// <summary>Whether reading or writing met a reset by the peer.</summary>
    public bool WasReset { get; private set; }

    public bool CloseFrameWritten
    {
        get
        {
            lock (_writeLock)
            {
                return _closeFrameWritten;
            }
        }
    }

    /// <summary>Told of the round-trip time of each answered ping.</summary>
    public Action<TimeSpan>? RoundTripMeasured { get; set; }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>The header of the next frame, when the last one is done with and this one is already in the buffer.</summary>
    public bool TryPeekFrame(out FrameHeader header)
    {
        header = default;
        return _headerRemaining == 0 && _payloadRemaining == 0
            && FrameHeader.TryParse(_readBuffer.AsSpan(_readStart, _readEnd - _readStart), out header);
    }

    /// <summary>Whether all of the frame that <see cref="TryPeekFrame"/> found is in the buffer.</summary>
    public bool IsBuffered(FrameHeader next) => _readEnd - _readStart - next.HeaderLength >= next.PayloadLength;

    /// <summary>Takes the frame that <see cref="TryPeekFrame"/> found and that is in the buffer whole, past the framing.</summary>
    /// <param name="next">Its header; not one of a control frame.</param>
    /// <returns>Its payload, valid until the next read.</returns>
    public ReadOnlySpan<byte> TakeBuffered(FrameHeader next)
    {
        ReadOnlySpan<byte> payload = _readBuffer.AsSpan(_readStart + next.HeaderLength, (int)next.PayloadLength);
        _readStart += next.HeaderLength + payload.Length;
        CountReceived(next);
        return payload;
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.Length > 0 && _readEnd > _readStart && (_headerRemaining > 0 || _payloadRemaining > 0 || TryBeginFrame()))
        {
            return new ValueTask<int>(Deliver(buffer.Span));
        }

        return ReadSlowAsync(buffer, cancellationToken);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Enqueue(buffer.Span);
        return default;
    }

    /// <summary>Nothing to do: what was written is on its way already.</summary>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => Enqueue(buffer.AsSpan(offset, count));

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Waits until there is room for a further message; null when there is already.</summary>
    public Task? WaitForRoom(CancellationToken cancellationToken)
    {
        lock (_writeLock)
        {
            if (_pending.Count < PendingLimit || _writeFault is not null)
            {
                return null;
            }

            _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return WaitAsync(_room.Task, cancellationToken);
        }
    }

    /// <summary>Waits until everything that was accepted so far is handed to the network.</summary>
    /// <exception cref="IOException">Writing failed before.</exception>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        long target = -1;
        while (true)
        {
            Task progress;
            lock (_writeLock)
            {
                target = target < 0 ? _acceptedBytes : target;
                if (_bytesSent >= target)
                {
                    return;
                }

                if (_writeFault is not null)
                {
                    throw new IOException("The connection broke while sending.", _writeFault);
                }

                _writeProgress ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                progress = _writeProgress.Task;
                _burstWait?.End();
            }

            await WaitAsync(progress, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Sends a ping with a payload of its own and waits for its pong.</summary>
    /// <returns>The round-trip time.</returns>
    public async Task<TimeSpan> PingAsync(CancellationToken cancellationToken)
    {
        PendingPing ping = new();
        ulong id;
        lock (_pings)
        {
            id = ++_lastPingId;
            _pings.Add(id, ping);
        }

        try
        {
            if (!SendPing(id, ping))
            {
                throw new IOException("The connection is closing; nothing can follow the close frame.");
            }

            return await ping.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (cancellationToken.IsCancellationRequested)
        {
            throw ContractError.Canceled(cancellationToken, e);
        }
        finally
        {
            lock (_pings)
            {
                _pings.Remove(id);
            }
        }
    }

    /// <summary>Sends a ping whose answer nobody waits for; any byte that arrives is the answer to a keep-alive.</summary>
    public void SendKeepAlivePing()
    {
        PendingPing ping = new();
        ulong id;
        lock (_pings)
        {
            // One at a time: a peer that talks but never answers pings must not make them pile up.
            _pings.Remove(_keepAlivePingId);
            id = _keepAlivePingId = ++_lastPingId;
            _pings.Add(id, ping);
        }

        SendPing(id, ping);
    }

    /// <summary>Sends a frame of an uncompressed message; it is out of the caller's memory when this returns.</summary>
    /// <exception cref="IOException">The connection broke or is closing.</exception>
    public void SendData(FrameOpcode opcode, bool isFinal, ReadOnlySpan<byte> payload)
    {
        Span<byte> bytes = stackalloc byte[FrameHeader.MaxLength];
        FrameHeader header = FrameHeader.Write(bytes, opcode, isFinal, payload.Length);
        Enqueue(header, bytes[..header.HeaderLength], payload);
    }

    /// <summary>Sends an uncompressed message in one frame if there is room for a further message.</summary>
    /// <exception cref="IOException">The connection broke or is closing.</exception>
    public bool TrySendData(FrameOpcode opcode, ReadOnlySpan<byte> payload)
    {
        Span<byte> bytes = stackalloc byte[FrameHeader.MaxLength];
        FrameHeader header = FrameHeader.Write(bytes, opcode, isFinal: true, payload.Length);
        return Enqueue(header, bytes[..header.HeaderLength], payload, needsRoom: true);
    }

    /// <summary>Sends a pong that nobody asked for (RFC 6455 section 5.5.3).</summary>
    public void SendUnsolicitedPong() => Enqueue(ControlFrame.Create(FrameOpcode.Pong, []));

    /// <summary>Sends the close frame, once; control frames written after it are dropped, data is refused (RFC 6455 section 5.5.1).</summary>
    /// <param name="code">The close code; null sends an empty close frame.</param>
    /// <param name="reason">The reason, at most 123 bytes of UTF-8.</param>
    /// <returns>False when one was already sent.</returns>
    public bool SendClose(ushort? code, string reason)
    {
        Span<byte> payload = stackalloc byte[ControlFrame.MaxPayload];
        int length = 0;
        if (code is ushort value)
        {
            BinaryPrimitives.WriteUInt16BigEndian(payload, value);
            length = 2 + Encoding.UTF8.GetBytes(reason, payload[2..]);
        }

        return Enqueue(ControlFrame.Create(FrameOpcode.Close, payload[..length]));
    }

    /// <summary>Refuses every frame from now on. Who waits already is told by <see cref="Abort"/>.</summary>
    public void RefuseWrites(Exception reason)
    {
        lock (_writeLock)
        {
            _writeFault ??= reason;
        }
    }

    /// <summary>Makes everybody who waits for this stream stop waiting, and closes the connection.</summary>
    public void Abort(Exception? reason)
    {
        Break(reason ?? new ObjectDisposedException(nameof(FrameStream)));
        Dispose();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            Break(new ObjectDisposedException(nameof(FrameStream)));
            _burstWait?.Dispose();
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private static async Task WaitAsync(Task task, CancellationToken cancellationToken)
    {
        try
        {
            await task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (cancellationToken.IsCancellationRequested)
        {
            throw ContractError.Canceled(cancellationToken, e);
        }
    }

    // False when a close frame went before it.
    private bool SendPing(ulong id, PendingPing ping)
    {
        byte[] payload = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(payload, id);
        ping.Sent = Stopwatch.GetTimestamp();
        return Enqueue(ControlFrame.Create(FrameOpcode.Ping, payload));
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ReadSlowAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (_headerRemaining == 0 && _payloadRemaining == 0 && !TryBeginFrame())
        {
            if (await FillAsync(cancellationToken).ConfigureAwait(false) == 0)
            {
                return DeliverTruncatedHeader(buffer.Span);
            }
        }

        if (_readEnd == _readStart)
        {
            // A large payload goes straight into the buffer of its message, unless its rest is not worth a read of its own. The last
            // bytes of a segment are: what came along into the read buffer would leave the next segment just as far from its end, and
            // all the rest of the message would be copied twice. The buffers of the decompression have no such line to keep to.
            if (_headerRemaining == 0 && _payloadRemaining >= BusyReadSize && (buffer.Length >= SmallestDirectRead || !_frame.IsCompressed))
            {
                int read = await ReadInnerAsync(buffer[..(int)Math.Min(buffer.Length, _payloadRemaining)], cancellationToken).ConfigureAwait(false);
                _payloadRemaining -= read;
                return read;
            }

            if (await FillAsync(cancellationToken).ConfigureAwait(false) == 0)
            {
                return 0;
            }
        }

        return Deliver(buffer.Span);
    }

    private int Deliver(Span<byte> destination)
    {
        long frameRemaining = _headerRemaining + _payloadRemaining;
        int count = (int)Math.Min(Math.Min(destination.Length, _readEnd - _readStart), frameRemaining < 0 ? long.MaxValue : frameRemaining);
        _readBuffer.AsSpan(_readStart, count).CopyTo(destination);
        _readStart += count;
        int ofHeader = Math.Min(count, _headerRemaining);
        _headerRemaining -= ofHeader;
        _payloadRemaining -= count - ofHeader;
        return count;
    }

    // The stream ended inside a frame header: the framing gets the rest and reports the premature end itself.
    private int DeliverTruncatedHeader(Span<byte> destination)
    {
        int count = Math.Min(destination.Length, _readEnd - _readStart);
        _readBuffer.AsSpan(_readStart, count).CopyTo(destination);
        _readStart += count;
        return count;
    }

    private bool TryBeginFrame()
    {
        Span<byte> buffered = _readBuffer.AsSpan(_readStart, _readEnd - _readStart);
        if (!FrameHeader.TryParse(buffered, out FrameHeader header))
        {
            return false;
        }

        if (header.PayloadLength < 0)
        {
            throw new InvalidDataException("The peer announced a frame length with its top bit set (RFC 6455 section 5.2).");
        }

        // A control frame is looked into, so it has to be here whole; one that is too long is left to the framing to refuse.
        if (header.IsControl && header.PayloadLength <= ControlFrame.MaxPayload)
        {
            if (buffered.Length < header.HeaderLength + header.PayloadLength)
            {
                return false;
            }

            Inspect(header, buffered.Slice(header.HeaderLength, (int)header.PayloadLength));
        }

        _frame = header;
        _headerRemaining = header.HeaderLength;
        _payloadRemaining = header.PayloadLength;
        CountReceived(header);
        return true;
    }

    private void CountReceived(FrameHeader header)
    {
        Volatile.Write(ref _framesReceived, _framesReceived + 1);
        trace?.Report(new FrameTraceEntry(FrameDirection.Received, header.Opcode, header.IsFinal, header.PayloadLength));
    }

    private void Inspect(FrameHeader header, Span<byte> payload)
    {
        if (header.Opcode == FrameOpcode.Pong)
        {
            CompletePing(payload);
        }
        else if (header.Opcode == FrameOpcode.Close)
        {
            InspectClose(payload);
        }
    }

    private void CompletePing(ReadOnlySpan<byte> payload)
    {
        if (payload.Length != sizeof(ulong))
        {
            return;
        }

        ulong id = BinaryPrimitives.ReadUInt64BigEndian(payload);
        PendingPing? ping;
        lock (_pings)
        {
            if (!_pings.Remove(id, out ping))
            {
                return;
            }

            // A pong answers the newest ping only; a peer that skipped older ones will not come back to them (RFC 6455 section 5.5.3).
            // Those keep waiting for their own answer only as long as their caller does.
        }

        TimeSpan roundTrip = Stopwatch.GetElapsedTime(ping.Sent);
        RoundTripMeasured?.Invoke(roundTrip);
        ping.TrySetResult(roundTrip);
    }

    private void InspectClose(Span<byte> payload)
    {
        if (payload.Length == 0)
        {
            ReceivedClose = new WebSocketCloseResult(1005, "");
            return;
        }

        // The framing would refuse these frames as well, but only after it has waited for the server to end TCP, which ends in an
        // error that does not say why.
        if (payload.Length == 1)
        {
            throw new InvalidDataException("The peer sent a close frame with half a close code (RFC 6455 section 5.5.1).");
        }

        ushort code = BinaryPrimitives.ReadUInt16BigEndian(payload);
        if (code is < 1000 or 1004 or 1005 or 1006 or (>= 1015 and < 3000) or >= 5000)
        {
            throw new InvalidDataException($"The peer sent the close code {code}, which must not be sent (RFC 6455 section 7.4).");
        }

        try
        {
            ReceivedClose = new WebSocketCloseResult(code, StrictUtf8.GetString(payload[2..]));
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidDataException("The peer sent a close reason that is not UTF-8 (RFC 6455 section 5.5.1).", e);
        }
    }

    private async ValueTask<int> FillAsync(CancellationToken cancellationToken)
    {
        if (_isQuiet && _readStart == _readEnd)
        {
            ReturnReadBuffer();
            _readStart = _readEnd = 0;
            await WaitForDataAsync(cancellationToken).ConfigureAwait(false);
        }

        PrepareReadBuffer();
        int read = await ReadInnerAsync(_readBuffer.AsMemory(_readEnd), cancellationToken).ConfigureAwait(false);
        _shortReads = read < IdleReadSize ? _shortReads + 1 : 0;
        _readEnd += read;
        return read;
    }

    private void PrepareReadBuffer()
    {
        int buffered = _readEnd - _readStart;
        bool wasFilled = _readBuffer.Length == 0 || _readEnd == _readBuffer.Length;
        int wanted = _readBuffer.Length switch
        {
            0 => IdleReadSize,
            < BusyReadSize when wasFilled => BusyReadSize,
            >= BusyReadSize when _shortReads >= ShortReadsBeforeIdle && buffered < IdleReadSize / 2 => IdleReadSize,
            int current => current,
        };

        if (wanted != _readBuffer.Length)
        {
            byte[] replacement = ArrayPool<byte>.Shared.Rent(wanted);
            _readBuffer.AsSpan(_readStart, buffered).CopyTo(replacement);
            ReturnReadBuffer();
            _readBuffer = replacement;
        }
        else if (_readStart > 0 && buffered > 0)
        {
            _readBuffer.AsSpan(_readStart, buffered).CopyTo(_readBuffer);
        }

        _readStart = 0;
        _readEnd = buffered;
    }

    private void ReturnReadBuffer()
    {
        if (_readBuffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_readBuffer);
            _readBuffer = [];
        }
    }

    private async ValueTask WaitForDataAsync(CancellationToken cancellationToken)
    {
        try
        {
            await inner.ReadAsync(Memory<byte>.Empty, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            NoteFault(e);
            throw;
        }
    }

    private async ValueTask<int> ReadInnerAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        int read;
        try
        {
            read = await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            NoteFault(e);
            throw;
        }

        if (read == 0)
        {
            ReachedEnd = true;
        }
        else
        {
            Volatile.Write(ref _bytesReceived, _bytesReceived + read);
            long now = Environment.TickCount64;
            _isQuiet = now - _lastReceived >= QuietAfter;
            Volatile.Write(ref _lastReceived, now);
            LastReadUtcTicks = DateTime.UtcNow.Ticks;
        }

        return read;
    }

    private bool Enqueue(ReadOnlySpan<byte> frame)
    {
        bool isHeader = FrameHeader.TryParse(frame, out FrameHeader header);
        Debug.Assert(isHeader, "The framing writes whole frames.");
        return Enqueue(header, frame[..header.HeaderLength], frame[header.HeaderLength..]);
    }

    // False when the frame was not taken: a control frame after the close frame, or one that needs room where there is none.
    private bool Enqueue(FrameHeader header, ReadOnlySpan<byte> headerBytes, ReadOnlySpan<byte> payload, bool needsRoom = false)
    {
        bool inline;
        lock (_writeLock)
        {
            // First, so that a ping on a connection that broke after its close frame does not wait for an answer.
            if (_writeFault is not null)
            {
                throw new IOException("The connection broke while sending.", _writeFault);
            }

            if (needsRoom && _pending.Count >= PendingLimit)
            {
                return false;
            }

            if (_closeFrameWritten)
            {
                return header.IsControl ? false : throw new IOException("The connection is closing; nothing can follow the close frame.");
            }

            if (header.Opcode == FrameOpcode.Pong && _pending.Count >= PendingLimit)
            {
                // A peer that floods with pings and reads no answers must not fill our memory with them: the newest pong waits
                // for room, and answers the pings before it as well (RFC 6455 section 5.5.3).
                _pongWaitingForRoom = [.. headerBytes, .. payload];
                return true;
            }

            _closeFrameWritten = header.Opcode == FrameOpcode.Close;
            Append(header, headerBytes, payload);
            if (header.IsFinal && !header.IsControl)
            {
                _pending.CompletedMessages++;
            }

            _controlPending |= header.IsControl;
            if (_burstWait is { IsOn: true } wait && (_controlPending || _pending.Count >= GatheredSize))
            {
                wait.End();
            }

            inline = !_pumping && Stopwatch.GetTimestamp() - _lastWriteCompleted > BurstGap;
            if (!_pumping)
            {
                _pumping = true;
                if (!inline)
                {
                    PumpOnThreadPool();
                }
            }
        }

        trace?.Report(new FrameTraceEntry(FrameDirection.Sent, header.Opcode, header.IsFinal, header.PayloadLength));
        if (inline)
        {
            _ = PumpAsync(isSendersThread: true);
        }

        return true;
    }

    private void Append(FrameHeader header, ReadOnlySpan<byte> headerBytes, ReadOnlySpan<byte> payload)
    {
        int before = _pending.Count;
        if (header.IsMasked)
        {
            _pending.Append(headerBytes, payload);
        }
        else
        {
            _pending.AppendMasked(headerBytes, payload, _maskingKeys.Next());
        }

        _acceptedBytes += _pending.Count - before;
        Volatile.Write(ref _framesSent, _framesSent + 1);
    }

    // Runs while there is something pending. What arrives during a write goes out together with the next one. Never throws.
    private async Task PumpAsync(bool isSendersThread)
    {
        for (int rounds = 0; ; rounds++)
        {
            if (rounds >= WritesBeforeGathering && BeginGathering() is { } gathering)
            {
                await gathering.ConfigureAwait(false);
            }

            lock (_writeLock)
            {
                if (isSendersThread && rounds > 0 && _pending.Count > 0 && _writeFault is null)
                {
                    // A sender writes its own frame; what others added meanwhile must not keep it.
                    PumpOnThreadPool();
                    return;
                }

                if (_pending.Count == 0 || _writeFault is not null)
                {
                    _pumping = false;
                    _lastWriteCompleted = Stopwatch.GetTimestamp();
                    _pending.Clear();
                    _pending.Release();
                    _inFlight.Release();
                    return;
                }

                (_pending, _inFlight) = (_inFlight, _pending);
                _controlPending = false;
                if (_pongWaitingForRoom is { } pong && FrameHeader.TryParse(pong, out FrameHeader header))
                {
                    _pongWaitingForRoom = null;
                    if (!_closeFrameWritten)
                    {
                        Append(header, pong.AsSpan(0, header.HeaderLength), pong.AsSpan(header.HeaderLength));
                    }
                }

                CompleteAndForget(ref _room);
            }

            try
            {
                await inner.WriteAsync(_inFlight.Content).ConfigureAwait(false);
                await inner.FlushAsync().ConfigureAwait(false);
            }
            catch (Exception e)
            {
                Break(e);
                continue;
            }

            lock (_writeLock)
            {
                Volatile.Write(ref _bytesSent, _bytesSent + _inFlight.Count);
                Volatile.Write(ref _messagesWritten, _messagesWritten + _inFlight.CompletedMessages);
                _inFlight.Clear();
                CompleteAndForget(ref _writeProgress);
            }
        }
    }

    // Null when what is pending is to be written now: it is enough, nothing, or something that somebody waits for.
    private Task? BeginGathering()
    {
        lock (_writeLock)
        {
            bool isLittle = _pending.Count is > 0 and < GatheredSize;
            bool isAwaited = _controlPending || _closeFrameWritten || _pongWaitingForRoom is not null || _writeProgress is not null;
            return isLittle && !isAwaited && _writeFault is null ? (_burstWait ??= new BurstWait()).Begin() : null;
        }
    }

    private void NoteFault(Exception e)
    {
        WasReset |= TransportStream.IsReset(e);
        Fault ??= e;
    }

    private void PumpOnThreadPool() =>
        ThreadPool.UnsafeQueueUserWorkItem(static stream => _ = stream.PumpAsync(isSendersThread: false), this, preferLocal: false);

    private void Break(Exception reason)
    {
        lock (_writeLock)
        {
            NoteFault(reason);
            _writeFault ??= reason;
            CompleteAndForget(ref _writeProgress);
            CompleteAndForget(ref _room);
            _burstWait?.End();
        }

        PendingPing[] waiting;
        lock (_pings)
        {
            waiting = [.. _pings.Values];
            _pings.Clear();
        }

        foreach (PendingPing ping in waiting)
        {
            ping.TrySetBroken();
        }
    }

    private static void CompleteAndForget(ref TaskCompletionSource? source)
    {
        source?.TrySetResult();
        source = null;
    }
}
