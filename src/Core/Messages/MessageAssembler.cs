using System.Buffers;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using System.Text.Unicode;

namespace MessageWebSockets.Messages;

/// <summary>
/// Receives through the framing and puts messages together: a frame of known length goes straight into the array of its message,
/// anything else grows in pooled memory, and nothing grows beyond the size limit.
/// </summary>
/// <remarks>Only a final frame ends a message. What a close frame or a fault interrupts is discarded.</remarks>
internal sealed class MessageAssembler(WebSocket framing, FrameReader frames, uint maxMessageSize, bool wholeMessages) : IMessageSource
{
    // The most that is set aside before the bytes arrive; longer messages grow segment by segment as they do.
    private const int LargestExactArray = Payload.SegmentLength;
    private const int ChunkSize = 64 * 1024;

    private readonly PayloadReader _payload = new(framing, frames);
    private byte[] _carry = [];
    private long _chunkedSize;
    private bool _isInterrupted;

    /// <summary>The next message or chunk; <see cref="ReceivedData.IsClose"/> once the peer's close frame came.</summary>
    /// <exception cref="WebSocketException">
    /// The connection broke, or the peer broke the protocol; <see cref="ProtocolViolationException"/> is then the cause, if it was found
    /// here.
    /// </exception>
    /// <exception cref="IOException">The connection broke, while a chunk was waited for.</exception>
    /// <exception cref="System.Security.Authentication.AuthenticationException">TLS broke, while a chunk was waited for.</exception>
    /// <exception cref="MessageTooLargeException">The message is larger than the limit.</exception>
    public ValueTask<ReceivedData> ReceiveAsync() =>
        wholeMessages ? ReceiveMessageAsync() : ReceiveChunkAsync();

    /// <summary>
    /// A whole message that lies in the read buffer already. Most of a flood does; it needs no asynchronous step, and not the framing
    /// either, to which such a frame leaves nothing but the check of its text.
    /// </summary>
    /// <exception cref="ProtocolViolationException">A text is not UTF-8, or a message cannot be decompressed.</exception>
    /// <exception cref="MessageTooLargeException">The message is larger than the limit.</exception>
    public bool TryReceiveBuffered(out ReceivedData received)
    {
        received = default;
        if (!wholeMessages || !frames.TryPeekFrame(out FrameHeader frame) || !frames.IsBuffered(frame))
        {
            return false;
        }

        bool isText = frame.Opcode == FrameOpcode.Text;
        if (frames.TryTakeInflated(frame, out byte[]? message))
        {
            ThrowIfTooLarge(message.Length, isExact: true);
            received = new ReceivedData(message, null, isText ? SocketMessageType.Utf8 : SocketMessageType.Binary, true);
            return true;
        }

        if (!frame.IsPlainMessage)
        {
            return false;
        }

        ThrowIfTooLarge(frame.PayloadLength, isExact: true);
        ReadOnlySpan<byte> payload = frames.TakeBuffered(frame);
        if (isText && !Utf8.IsValid(payload))
        {
            throw ProtocolViolationException.InvalidText();
        }

        received = new ReceivedData(payload.ToArray(), null, isText ? SocketMessageType.Utf8 : SocketMessageType.Binary, true);
        return true;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReceivedData> ReceiveMessageAsync()
    {
        if (!IsNextFrameKnown(out FrameHeader frame))
        {
            // Waits for the header alone: an idle connection holds no buffer for a message that may never come.
            ValueWebSocketReceiveResult begun = await BeginAsync();
            if (begun.MessageType == WebSocketMessageType.Close)
            {
                return default;
            }

            if (begun.EndOfMessage)
            {
                return new ReceivedData([], null, TypeOf(begun), true);
            }

            frame = frames.CurrentFrame;
        }

        if (frame.IsFinal && frame.PayloadLength <= LargestExactArray)
        {
            ThrowIfTooLarge(frame.PayloadLength, isExact: true);
            byte[] payload = GC.AllocateUninitializedArray<byte>((int)frame.PayloadLength);
            int filled = 0;
            while (true)
            {
                ValueWebSocketReceiveResult result = await ReceiveIntoAsync(payload.AsMemory(filled));
                filled += result.Count;
                if (result.EndOfMessage)
                {
                    return new ReceivedData(payload, null, TypeOf(result), true);
                }
            }
        }

        return await ReceiveSegmentsAsync(frame).ConfigureAwait(false);
    }

    private async ValueTask<ReceivedData> ReceiveSegmentsAsync(FrameHeader frame)
    {
        // Refused on the announcement, before the bytes come. Later frames of the message are counted as they arrive.
        ThrowIfTooLarge(frame.PayloadLength, isExact: frame.IsFinal);

        // Most fragmented messages are short: those never leave this buffer but for an array of their size. A frame that is known to be
        // long is received into the segments at once.
        bool isLong = frame.PayloadLength > Payload.SegmentLength;
        byte[] buffer = isLong ? [] : ArrayPool<byte>.Shared.Rent(Payload.SegmentLength);
        List<byte[]>? segments = null;
        try
        {
            byte[] current = buffer;
            if (isLong)
            {
                current = Payload.RentSegment();
                segments = [current];
            }

            int filled = 0;
            long total = 0;
            while (true)
            {
                ValueWebSocketReceiveResult result = await ReceiveIntoAsync(current.AsMemory(filled, Payload.SegmentLength - filled));
                if (result.MessageType == WebSocketMessageType.Close)
                {
                    return default;
                }

                filled += result.Count;
                total += result.Count;
                ThrowIfTooLarge(total, isExact: result.EndOfMessage);
                if (result.EndOfMessage)
                {
                    if (segments is null)
                    {
                        return new ReceivedData(buffer.AsSpan(0, filled).ToArray(), null, TypeOf(result), true);
                    }

                    return new ReceivedData(null, new Payload([.. segments], (int)total), TypeOf(result), true);
                }

                if (filled == Payload.SegmentLength)
                {
                    segments ??= [buffer.AsSpan(0, filled).ToArray()];
                    current = Payload.RentSegment();
                    segments.Add(current);
                    filled = 0;
                }
            }
        }
        finally
        {
            if (!isLong)
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    private async ValueTask<ReceivedData> ReceiveChunkAsync()
    {
        if (_isInterrupted)
        {
            return default;
        }

        ValueWebSocketReceiveResult? begun = null;
        byte[] buffer = [];
        try
        {
            while (true)
            {
                if (!_payload.IsInFrame)
                {
                    ValueWebSocketReceiveResult frame = await _payload.BeginFrameAsync().ConfigureAwait(false);
                    if (frame.MessageType == WebSocketMessageType.Close)
                    {
                        return Interrupt(begun);
                    }

                    if (frame.EndOfMessage)
                    {
                        return new ReceivedData(CutChunk(_carry, frame).ToArray(), null, TypeOf(frame), true);
                    }

                    begun = frame;
                    continue;
                }

                if (buffer.Length == 0)
                {
                    buffer = ArrayPool<byte>.Shared.Rent(ChunkSize);
                }

                _carry.CopyTo(buffer, 0);
                int filled = _carry.Length;
                Memory<byte> room = buffer.AsMemory(filled, ChunkSize - filled);
                ValueWebSocketReceiveResult result = await _payload.ReceiveAsync(room).ConfigureAwait(false);
                filled += result.Count;
                _chunkedSize += result.Count;
                ThrowIfTooLarge(_chunkedSize, isExact: result.EndOfMessage);
                ReadOnlySpan<byte> chunk = CutChunk(buffer.AsSpan(0, filled), result);
                if (chunk.Length > 0 || result.EndOfMessage)
                {
                    return new ReceivedData(chunk.ToArray(), null, TypeOf(result), result.EndOfMessage);
                }
            }
        }
        finally
        {
            if (buffer.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    // A message of which nothing was handed out yet is told of as one that did not end.
    private ReceivedData Interrupt(ValueWebSocketReceiveResult? begun)
    {
        if (begun is not { } open)
        {
            return default;
        }

        _isInterrupted = true;
        return _chunkedSize > _carry.Length ? default : new ReceivedData([], null, TypeOf(open), false);
    }

    // What is handed out of what was received: a text without the character that it ends in, which goes to the next chunk.
    private ReadOnlySpan<byte> CutChunk(ReadOnlySpan<byte> received, ValueWebSocketReceiveResult result)
    {
        if (result.EndOfMessage)
        {
            _carry = [];
            _chunkedSize = 0;
            return received;
        }

        int unfinished = result.MessageType == WebSocketMessageType.Text ? Utf8Boundary.UnfinishedLength(received) : 0;
        _carry = received[^unfinished..].ToArray();
        return received[..^unfinished];
    }

    private ConfiguredValueTaskAwaitable<ValueWebSocketReceiveResult> BeginAsync() => ReceiveIntoAsync(Memory<byte>.Empty);

    private ConfiguredValueTaskAwaitable<ValueWebSocketReceiveResult> ReceiveIntoAsync(Memory<byte> buffer) =>
        framing.ReceiveAsync(buffer, CancellationToken.None).ConfigureAwait(false);

    // The header of a whole message is in the buffer already: no need to ask the framing for it first.
    private bool IsNextFrameKnown(out FrameHeader frame) =>
        frames.TryPeekFrame(out frame) && frame.IsPlainMessage;

    private void ThrowIfTooLarge(long size, bool isExact)
    {
        // No array holds more, so nobody could ask for the message in one piece.
        long limit = Math.Min(maxMessageSize, Array.MaxLength);
        if (size > limit)
        {
            throw new MessageTooLargeException(size, limit, isExact);
        }
    }

    private static SocketMessageType TypeOf(ValueWebSocketReceiveResult result) =>
        result.MessageType == WebSocketMessageType.Text ? SocketMessageType.Utf8 : SocketMessageType.Binary;
}
