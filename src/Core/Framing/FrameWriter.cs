using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;

namespace MessageWebSockets.Framing;

/// <summary>
/// Sends frames: data past the framework's framing, and the control frames that it cannot send. Combines the writes of a burst.
/// </summary>
/// <remarks>
/// Thread-safe. A frame is taken whole and never waits for the network; its bytes are out of the caller's memory when a method returns.
/// A client masks everything it sends (RFC 6455 section 5.3); frames that come without a mask get theirs in <see cref="OutboundFrames"/>.
/// </remarks>
internal sealed class FrameWriter : IDisposable
{
    // A write that follows the last one closer than this is part of a burst, and bursts go to the pump, which combines them.
    // A lone message, or one of a request and reply pattern, goes out on its sender's own thread at once.
    private static readonly long BurstGap = Stopwatch.Frequency / 100_000;

    // After so many writes without a pause the pump waits until there are that many bytes to write: a sender that is a little faster
    // than a write would otherwise pay for a system call every few messages, and the peer for a read.
    private const int WritesBeforeGathering = 16;
    private const int GatheredSize = 32 * 1024;

    private readonly Lock _lock = new();
    private readonly Stream _stream;
    private readonly PingBook _pings;
    private readonly OutboundFrames _frames;
    private readonly NetworkWriter _network;
    private readonly TimeSpan _longestBurstWait;
    private BurstWait? _burstWait;
    private bool _pumping;
    private long _lastWriteCompleted;
    private Exception? _fault;
    private Exception? _cause;
    private bool _wasReset;
    private TaskCompletionSource? _progress;
    private TaskCompletionSource? _room;
    private int _disposed;

    /// <param name="network">Where the frames go; disposed with this.</param>
    /// <param name="trace">Told of each frame.</param>
    /// <param name="pings">The pings that wait for their pongs.</param>
    /// <param name="limit">How many bytes may wait before senders do.</param>
    /// <param name="burstWait">How long a burst is waited for; null for the shortest wait there is.</param>
    public FrameWriter(
        Stream network, FrameTraces trace, PingBook pings, int limit = OutboundFrames.UsualLimit, TimeSpan? burstWait = null)
    {
        _longestBurstWait = burstWait ?? BurstWait.Shortest;
        _stream = network;
        _pings = pings;
        _frames = new OutboundFrames(trace, limit);
        _network = new NetworkWriter(network, pings);
    }

    /// <summary>How the network takes what is sent.</summary>
    public NetworkWriter Network => _network;

    public long FramesSent => _frames.FramesSent;

    /// <summary>Messages whose last byte is with the network.</summary>
    public long MessagesWritten => _frames.MessagesWritten;

    /// <summary>Messages whose last byte is being written, or was in the write that failed.</summary>
    public long MessagesInDoubt => _frames.MessagesInDoubt;

    /// <summary>What broke writing, if anything did.</summary>
    public Exception? Fault => _cause;

    /// <summary>Whether writing met a reset by the peer.</summary>
    public bool WasReset => _wasReset;

    public bool CloseFrameWritten
    {
        get
        {
            lock (_lock)
            {
                return _frames.CloseAccepted;
            }
        }
    }

    /// <summary>Whether what is pending waits for more of its burst; for tests.</summary>
    public bool IsGathering
    {
        get
        {
            lock (_lock)
            {
                return _burstWait is { IsOn: true };
            }
        }
    }

    /// <summary>Waits until there is room for a further message; null when there is already.</summary>
    public Task? WaitForRoomAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (!_frames.IsFull || _fault is not null)
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
            lock (_lock)
            {
                target = target < 0 ? _frames.AcceptedBytes : target;
                if (_network.BytesSent >= target)
                {
                    return;
                }

                ThrowIfBroken();
                _progress ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                progress = _progress.Task;
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
            if (!TrySendPing(ping))
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
        bool isSent = false;
        try
        {
            isSent = TrySendPing(ping);
        }
        finally
        {
            if (!isSent)
            {
                _pings.Forget(ping);
            }
        }

        return isSent ? ping : null;
    }

    /// <summary>Waits no longer for the answer to a keep-alive ping.</summary>
    public void Forget(PendingPing ping) => _pings.Forget(ping);

    /// <summary>Sends a frame of an uncompressed message.</summary>
    /// <exception cref="IOException">The connection broke or is closing.</exception>
    public void SendData(FrameOpcode opcode, bool isFinal, in FramePayload payload)
    {
        Span<byte> bytes = stackalloc byte[FrameHeader.MaxLength];
        FrameHeader header = FrameHeader.Write(bytes, opcode, isFinal, payload.Length);
        TrySend(header, bytes[..header.HeaderLength], payload);
    }

    /// <summary>Sends an uncompressed message in one frame if there is room for a further message.</summary>
    /// <exception cref="IOException">The connection broke or is closing.</exception>
    public bool TrySendData(FrameOpcode opcode, in FramePayload payload)
    {
        Span<byte> bytes = stackalloc byte[FrameHeader.MaxLength];
        FrameHeader header = FrameHeader.Write(bytes, opcode, isFinal: true, payload.Length);
        return TrySend(header, bytes[..header.HeaderLength], payload, needsRoom: true);
    }

    /// <summary>Sends a pong that nobody asked for (RFC 6455 section 5.5.3).</summary>
    public void SendUnsolicitedPong()
    {
        lock (_lock)
        {
            if (_frames.TryDeferPong())
            {
                return;
            }
        }

        TrySend(ControlFrame.Create(FrameOpcode.Pong, []));
    }

    /// <summary>
    /// Sends the close frame, once; control frames written after it are dropped, data is refused (RFC 6455 section 5.5.1).
    /// </summary>
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

        return TrySend(ControlFrame.Create(FrameOpcode.Close, payload[..length]));
    }

    /// <summary>Sends a whole frame that somebody else made.</summary>
    /// <returns>False when it is a control frame after the close frame.</returns>
    /// <exception cref="IOException">The connection broke or is closing.</exception>
    public bool TrySend(ReadOnlySpan<byte> frame)
    {
        bool isHeader = FrameHeader.TryParse(frame, out FrameHeader header);
        Debug.Assert(isHeader, "A whole frame is sent at once.");
        return TrySend(header, frame[..header.HeaderLength], frame[header.HeaderLength..]);
    }

    /// <summary>Refuses every frame from now on. Who waits already is told by <see cref="Break"/>.</summary>
    public void RefuseWrites(Exception reason)
    {
        lock (_lock)
        {
            _fault ??= reason;
        }
    }

    /// <summary>Refuses every frame from now on, and ends every wait.</summary>
    public void Break(Exception reason)
    {
        lock (_lock)
        {
            _wasReset |= TransportStream.IsReset(reason);
            _cause ??= reason;
            _fault ??= reason;
            CompleteAndForget(ref _progress);
            CompleteAndForget(ref _room);
            _burstWait?.End();
        }

        _pings.Break();
    }

    /// <summary>The peer sent its close frame: no pong can follow it (RFC 6455 section 5.5.1), and no ping is waited for.</summary>
    public void EndPings() => _pings.Break();

    /// <summary>Breaks what is under way, and closes the network.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            Break(new ObjectDisposedException(nameof(FrameWriter)));
            _burstWait?.Dispose();
            _stream.Dispose();
        }
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

    private static void CompleteAndForget(ref TaskCompletionSource? source)
    {
        source?.TrySetResult();
        source = null;
    }

    // False when a close frame went before it.
    private bool TrySendPing(PendingPing ping)
    {
        Span<byte> payload = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(payload, ping.Id);
        Span<byte> bytes = stackalloc byte[FrameHeader.MaxLength];
        FrameHeader header = FrameHeader.Write(bytes, FrameOpcode.Ping, isFinal: true, payload.Length);
        return TrySend(header, bytes[..header.HeaderLength], payload, ping: ping);
    }

    // False when the frame was not taken, as OutboundFrames.TryAdd says.
    private bool TrySend(
        in FrameHeader header,
        ReadOnlySpan<byte> headerBytes,
        in FramePayload payload,
        bool needsRoom = false,
        PendingPing? ping = null)
    {
        bool inline;
        lock (_lock)
        {
            // First, so that a ping on a connection that broke after its close frame does not wait for an answer.
            ThrowIfBroken();
            if (!_frames.TryAdd(header, headerBytes, payload, needsRoom, ping))
            {
                return false;
            }

            if (_burstWait is { IsOn: true } wait && (_frames.HasControl || _frames.Pending >= GatheredSize))
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

    private void ThrowIfBroken()
    {
        if (_fault is not null)
        {
            throw new IOException("The connection broke while sending.", _fault);
        }
    }

    // Runs while there is something pending. What arrives during a write goes out together with the next one. Never throws.
    private async Task PumpAsync(bool isSendersThread)
    {
        for (int rounds = 0; ; rounds++)
        {
            if (rounds >= WritesBeforeGathering && GatherAsync() is { } gathering)
            {
                await gathering.ConfigureAwait(false);
            }

            ReadOnlyMemory<byte> bytes;
            lock (_lock)
            {
                if (isSendersThread && rounds > 0 && _frames.Pending > 0 && _fault is null)
                {
                    // A sender writes its own frame; what others added meanwhile must not keep it.
                    PumpOnThreadPool();
                    return;
                }

                if (_frames.Pending == 0 || _fault is not null)
                {
                    _pumping = false;
                    _lastWriteCompleted = Stopwatch.GetTimestamp();
                    _frames.Release();
                    return;
                }

                bytes = _frames.TakePending();
                if (!_frames.IsFull)
                {
                    CompleteAndForget(ref _room);
                }
            }

            try
            {
                await _network.WriteAsync(bytes).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                Break(e);
                continue;
            }

            lock (_lock)
            {
                _frames.CompleteInFlight();
                CompleteAndForget(ref _progress);
            }
        }
    }

    // Null when what is pending is to be written now: it is enough, nothing, or something that somebody waits for.
    private Task? GatherAsync()
    {
        lock (_lock)
        {
            bool isLittle = _frames.Pending is > 0 and < GatheredSize;
            bool isAwaited = _frames.IsUrgent || _progress is not null;
            return isLittle && !isAwaited && _fault is null ? (_burstWait ??= new BurstWait(_longestBurstWait)).WaitAsync() : null;
        }
    }

    private void PumpOnThreadPool() =>
        ThreadPool.UnsafeQueueUserWorkItem(static writer => _ = writer.PumpAsync(isSendersThread: false), this, preferLocal: false);
}
