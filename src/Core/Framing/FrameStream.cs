using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;

namespace MessageWebSockets.Framing;

/// <summary>
/// The only layer below the frames: it stands between the framework's framing and the connected stream, buffers reads, combines
/// writes, follows frame boundaries, and sends the control frames that the framing cannot.
/// </summary>
/// <remarks>
/// A client masks everything it sends (RFC 6455 section 5.3); frames that come here without a mask get theirs here.
/// One reader at a time (the receive loop); writers on any thread. The framing writes each frame with one
/// <see cref="WriteAsync(ReadOnlyMemory{byte}, CancellationToken)"/>, so that a control frame can be put between two of them.
/// Reading is <see cref="FrameReader"/>'s; the writing is here.
/// </remarks>
internal sealed class FrameStream : Stream
{
    // More pending bytes than this make senders wait, so that a peer that does not read holds the sender back.
    private const int PendingLimit = 1024 * 1024;

    // A write that follows the last one closer than this is part of a burst, and bursts go to the pump, which combines them.
    // A lone message, or one of a request and reply pattern, goes out on its sender's own thread at once.
    private static readonly long BurstGap = Stopwatch.Frequency / 100_000;

    // After so many writes without a pause the pump waits until there are that many bytes to write: a sender that is a little faster
    // than a write would otherwise pay for a system call every few messages, and the peer for a read.
    private const int WritesBeforeGathering = 16;
    private const int GatheredSize = 32 * 1024;

    // A long write is handed to the network in parts, so that it is seen whether the peer takes them.
    private const int LongestWrite = 128 * 1024;

    private readonly Lock _writeLock = new();
    private readonly Stream _inner;
    private readonly FrameTraces _trace;
    private readonly PingBook _pings = new();
    private readonly FrameReader _reader;

    private readonly MaskingKeys _maskingKeys = new();
    private OutboundBuffer _pending = new();
    private OutboundBuffer _inFlight = new();
    private BurstWait? _burstWait;
    private bool _pumping;
    private bool _controlPending;
    private bool _closeFrameWritten;
    private byte[]? _answerWaitingForRoom;
    private bool _pongWaitingForRoom;
    private long _lastWriteCompleted;
    private long _acceptedBytes;
    private long _bytesSent;
    private long _framesSent;
    private long _messagesWritten;
    private Exception? _writeFault;
    private Exception? _writeCause;
    private bool _wasWriteReset;
    private long _lastAccepted;
    private long _waitingSince;
    private TaskCompletionSource? _writeProgress;
    private TaskCompletionSource? _room;

    private int _disposed;

    /// <param name="inner">The network.</param>
    /// <param name="trace">Told of each frame.</param>
    /// <param name="inflater">Decompresses what comes; null where no compression was agreed.</param>
    public FrameStream(Stream inner, FrameTraces trace, MessageInflater? inflater = null)
    {
        _inner = inner;
        _trace = trace;
        _reader = new FrameReader(inner, trace, _pings, inflater);
    }

    /// <summary>What reads, for the receive loop alone.</summary>
    public FrameReader Reader => _reader;

    /// <summary>What the network brings, and when.</summary>
    public ReadBuffer Received => _reader.Buffer;

    public long BytesSent => Volatile.Read(ref _bytesSent);

    public long FramesSent => Volatile.Read(ref _framesSent);

    public long MessagesWritten => Volatile.Read(ref _messagesWritten);

    /// <summary>
    /// When the peer last made room for something that had to wait for it, in milliseconds of <see cref="Environment.TickCount64"/>.
    /// What the system takes at once says nothing about the peer.
    /// </summary>
    public long LastAccepted => Volatile.Read(ref _lastAccepted);

    /// <summary>
    /// Since when a write waits for the peer to make room, in milliseconds of <see cref="Environment.TickCount64"/>; 0 while none does.
    /// </summary>
    public long WaitingSince => Volatile.Read(ref _waitingSince);

    /// <summary>What broke reading or writing, if anything did.</summary>
    public Exception? Fault => Received.Fault ?? _writeCause;

    /// <summary>Whether reading or writing met a reset by the peer.</summary>
    public bool WasReset => _wasWriteReset || TransportStream.IsReset(Received.Fault);

    /// <summary>
    /// The code of the close frame that the framing wrote because it refuses what came; it is not sent, that is for whoever reads to
    /// do. Null before.
    /// </summary>
    public ushort? RefusalCode { get; private set; }

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
    public Action<TimeSpan>? RoundTripMeasured
    {
        get => _pings.RoundTripMeasured;
        set => _pings.RoundTripMeasured = value;
    }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _reader.ReadAsync(buffer, cancellationToken);

    /// <summary>Sends a frame of the framing: the answer to a ping, or data; its close frame is kept for <see cref="RefusalCode"/>.</summary>
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
        PendingPing ping = _pings.Begin();
        try
        {
            if (!SendPing(ping))
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
            _pings.Forget(ping);
        }
    }

    /// <summary>Sends a ping whose answer nobody waits for; null when a close frame went before it.</summary>
    /// <exception cref="IOException">The connection broke.</exception>
    public PendingPing? SendKeepAlivePing()
    {
        PendingPing ping = _pings.Begin();
        return SendPing(ping) ? ping : null;
    }

    /// <summary>Waits no longer for the answer to a keep-alive ping.</summary>
    public void Forget(PendingPing ping) => _pings.Forget(ping);

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
    public void SendUnsolicitedPong()
    {
        lock (_writeLock)
        {
            if (_pending.Count >= PendingLimit)
            {
                // As an answer does, and behind it.
                _pongWaitingForRoom = true;
                return;
            }
        }

        Enqueue(ControlFrame.Create(FrameOpcode.Pong, []));
    }

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
            _inner.Dispose();
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
    private bool SendPing(PendingPing ping)
    {
        Span<byte> payload = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(payload, ping.Id);
        Span<byte> bytes = stackalloc byte[FrameHeader.MaxLength];
        FrameHeader header = FrameHeader.Write(bytes, FrameOpcode.Ping, isFinal: true, payload.Length);
        return Enqueue(header, bytes[..header.HeaderLength], payload, ping: ping);
    }

    private bool Enqueue(ReadOnlySpan<byte> frame)
    {
        bool isHeader = FrameHeader.TryParse(frame, out FrameHeader header);
        Debug.Assert(isHeader, "The framing writes whole frames.");
        ReadOnlySpan<byte> payload = frame[header.HeaderLength..];
        if (header is { Opcode: FrameOpcode.Close, IsMasked: true })
        {
            // Ours are not masked yet. The framing's comes before whoever reads what went before has had a moment to answer it.
            ReadOnlySpan<byte> key = frame[(header.HeaderLength - sizeof(uint))..];
            RefusalCode ??= payload.Length < 2 ? ProtocolViolationException.ProtocolError : (ushort)(((payload[0] ^ key[0]) << 8) | (payload[1] ^ key[1]));
            return true;
        }

        return Enqueue(header, frame[..header.HeaderLength], payload);
    }

    // False when the frame was not taken: a control frame after the close frame, or one that needs room where there is none.
    private bool Enqueue(FrameHeader header, ReadOnlySpan<byte> headerBytes, ReadOnlySpan<byte> payload, bool needsRoom = false, PendingPing? ping = null)
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
                // A peer that floods with pings and reads no answers must not fill our memory with them: the newest answer waits
                // for room, and answers the pings before it as well (RFC 6455 section 5.5.3).
                _answerWaitingForRoom = [.. headerBytes, .. payload];
                return true;
            }

            // Throws when there is no memory for it: nothing is noted of the frame before it is in the buffer.
            Append(header, headerBytes, payload);
            ping?.End = _acceptedBytes;
            _closeFrameWritten = header.Opcode == FrameOpcode.Close;
            if (header.IsFinal && !header.IsControl)
            {
                _pending.CompletedMessages++;
            }

            // In the lock, so that frames are told of in the order they leave in; it only notes them.
            _trace.Add(FrameDirection.Sent, header);
            _controlPending |= header.IsControl;
            if (_burstWait is { IsOn: true } wait && (_controlPending || _pending.Count >= GatheredSize))
            {
                wait.End();
            }

            inline = !_pumping && Stopwatch.GetTimestamp() - _lastWriteCompleted > BurstGap;
            if (!_pumping)
            {
                if (!inline)
                {
                    PumpOnThreadPool();
                }

                // Only once the pool has taken it: it throws when there is no memory.
                _pumping = true;
            }
        }

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
                AppendWaitingPongs();
                CompleteAndForget(ref _room);
            }

            try
            {
                await WriteInFlightAsync().ConfigureAwait(false);
            }
            catch (Exception e)
            {
                Break(e);
                continue;
            }

            lock (_writeLock)
            {
                Volatile.Write(ref _messagesWritten, _messagesWritten + _inFlight.CompletedMessages);
                _inFlight.Clear();
                CompleteAndForget(ref _writeProgress);
            }
        }
    }

    private void AppendWaitingPongs()
    {
        if (_closeFrameWritten)
        {
            return;
        }

        if (_answerWaitingForRoom is { } answer && FrameHeader.TryParse(answer, out FrameHeader header))
        {
            _answerWaitingForRoom = null;
            Append(header, answer.AsSpan(0, header.HeaderLength), answer.AsSpan(header.HeaderLength));
        }

        if (_pongWaitingForRoom)
        {
            _pongWaitingForRoom = false;
            Span<byte> bytes = stackalloc byte[FrameHeader.MaxLength];
            header = FrameHeader.Write(bytes, FrameOpcode.Pong, isFinal: true, 0);
            Append(header, bytes[..header.HeaderLength], []);
        }
    }

    private async ValueTask WriteInFlightAsync()
    {
        ReadOnlyMemory<byte> rest = _inFlight.Content;
        while (rest.Length > 0)
        {
            int count = Math.Min(rest.Length, LongestWrite);
            long end = _bytesSent + count;
            _pings.NoteSending(end);
            ValueTask write = _inner.WriteAsync(rest[..count]);
            if (write.IsCompleted)
            {
                await write.ConfigureAwait(false);
            }
            else
            {
                Volatile.Write(ref _waitingSince, Environment.TickCount64);
                await write.ConfigureAwait(false);
                Volatile.Write(ref _waitingSince, 0);
                Volatile.Write(ref _lastAccepted, Environment.TickCount64);
            }

            rest = rest[count..];
            if (rest.Length == 0)
            {
                await _inner.FlushAsync().ConfigureAwait(false);
            }

            Volatile.Write(ref _bytesSent, end);
            _pings.NoteWritten(end);
        }
    }

    // Null when what is pending is to be written now: it is enough, nothing, or something that somebody waits for.
    private Task? BeginGathering()
    {
        lock (_writeLock)
        {
            bool isLittle = _pending.Count is > 0 and < GatheredSize;
            bool isAwaited = _controlPending || _closeFrameWritten || _answerWaitingForRoom is not null || _writeProgress is not null;
            return isLittle && !isAwaited && _writeFault is null ? (_burstWait ??= new BurstWait()).Begin() : null;
        }
    }

    private void PumpOnThreadPool() =>
        ThreadPool.UnsafeQueueUserWorkItem(static stream => _ = stream.PumpAsync(isSendersThread: false), this, preferLocal: false);

    private void Break(Exception reason)
    {
        lock (_writeLock)
        {
            _wasWriteReset |= TransportStream.IsReset(reason);
            _writeCause ??= reason;
            _writeFault ??= reason;
            CompleteAndForget(ref _writeProgress);
            CompleteAndForget(ref _room);
            _burstWait?.End();
        }

        _pings.Break();
    }

    private static void CompleteAndForget(ref TaskCompletionSource? source)
    {
        source?.TrySetResult();
        source = null;
    }
}
