using System.Buffers;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Net.WebSockets;

namespace MessageWebSockets;

/// <summary>
/// Receives through the framing and puts messages together: a frame of known length goes straight into the array of its message,
/// anything else grows in pooled memory, and nothing grows beyond the size limit.
/// </summary>
internal sealed class MessageAssembler(
    WebSocket framing, FrameStream transport, Inbox inbox, uint maxMessageSize, bool wholeMessages, bool isCompressed)
{
    // What is set aside on the peer's mere word; longer messages grow as their bytes arrive.
    private const int LargestExactArray = 1024 * 1024;
    private const int ChunkSize = 64 * 1024;
    private const int FirstGrowth = 4096;

    private byte[] _carry = [];
    private long _chunkedSize;

    /// <summary>The next message or chunk; its <c>Payload</c> is null once the peer's close frame came.</summary>
    /// <exception cref="WebSocketException">The connection broke, or the peer broke the protocol.</exception>
    /// <exception cref="MessageTooLargeException">The message is larger than the limit.</exception>
    public ValueTask<(byte[]? Payload, SocketMessageType Type, bool IsComplete)> ReceiveAsync() =>
        wholeMessages ? ReceiveMessageAsync() : ReceiveChunkAsync();

    /// <summary>
    /// A whole message that lies in the read buffer already. Most of a flood does, and needs no asynchronous step.
    /// </summary>
    /// <exception cref="WebSocketException">The peer broke the protocol.</exception>
    /// <exception cref="MessageTooLargeException">The message is larger than the limit.</exception>
    public bool TryReceiveBuffered([NotNullWhen(true)] out byte[]? payload, out SocketMessageType type)
    {
        payload = null;
        type = default;
        if (!wholeMessages || !IsNextFrameKnown(out FrameHeader frame) || frame.IsCompressed || !transport.IsBuffered(frame))
        {
            return false;
        }

        ThrowIfTooLarge(frame.PayloadLength, isExact: true);
        payload = GC.AllocateUninitializedArray<byte>((int)frame.PayloadLength);
        ValueTask<ValueWebSocketReceiveResult> receive = framing.ReceiveAsync(payload.AsMemory(), CancellationToken.None);
        Debug.Assert(receive.IsCompleted, "All of the frame is in the buffer.");
        type = TypeOf(receive.IsCompleted ? receive.Result : receive.AsTask().Result);
        return true;
    }

    private async ValueTask<(byte[]? Payload, SocketMessageType Type, bool IsComplete)> ReceiveMessageAsync()
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
                return ([], TypeOf(begun), true);
            }

            frame = transport.CurrentFrame;
        }

        if (frame.IsFinal && !frame.IsCompressed && frame.PayloadLength <= LargestExactArray)
        {
            ThrowIfTooLarge(frame.PayloadLength, isExact: true);
            byte[] payload = GC.AllocateUninitializedArray<byte>((int)frame.PayloadLength);
            int filled = 0;
            while (true)
            {
                ValueWebSocketReceiveResult result = await framing.ReceiveAsync(payload.AsMemory(filled), CancellationToken.None).ConfigureAwait(false);
                filled += result.Count;
                if (result.EndOfMessage)
                {
                    return (payload, TypeOf(result), true);
                }
            }
        }

        return await ReceiveGrowingAsync(frame).ConfigureAwait(false);
    }

    private async ValueTask<(byte[]? Payload, SocketMessageType Type, bool IsComplete)> ReceiveGrowingAsync(FrameHeader frame)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(FirstGrowth);
        try
        {
            int filled = 0;
            while (true)
            {
                if (!isCompressed)
                {
                    // Refused on the announcement, before the bytes come.
                    ThrowIfTooLarge(filled + frame.PayloadLength, isExact: frame.IsFinal);
                }

                ValueWebSocketReceiveResult result = await framing.ReceiveAsync(buffer.AsMemory(filled), CancellationToken.None).ConfigureAwait(false);
                filled += result.Count;
                ThrowIfTooLarge(filled, isExact: result.EndOfMessage);
                if (result.EndOfMessage)
                {
                    return (buffer.AsSpan(0, filled).ToArray(), TypeOf(result), true);
                }

                frame = default;
                if (filled == buffer.Length)
                {
                    buffer = Grow(buffer, filled);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask<(byte[]? Payload, SocketMessageType Type, bool IsComplete)> ReceiveChunkAsync()
    {
        ValueWebSocketReceiveResult begun = await BeginAsync();
        if (begun.MessageType == WebSocketMessageType.Close)
        {
            return default;
        }

        while (true)
        {
            byte[] buffer = ArrayPool<byte>.Shared.Rent(ChunkSize);
            try
            {
                _carry.CopyTo(buffer, 0);
                int filled = _carry.Length;
                ValueWebSocketReceiveResult result = begun.EndOfMessage
                    ? begun
                    : await framing.ReceiveAsync(buffer.AsMemory(filled, ChunkSize - filled), CancellationToken.None).ConfigureAwait(false);
                filled += result.Count;
                _chunkedSize += result.Count;
                ThrowIfTooLarge(_chunkedSize, isExact: result.EndOfMessage);
                int handedOut = filled;
                if (result.EndOfMessage)
                {
                    _carry = [];
                    _chunkedSize = 0;
                }
                else
                {
                    if (result.MessageType == WebSocketMessageType.Text)
                    {
                        handedOut -= Utf8Boundary.UnfinishedLength(buffer.AsSpan(0, filled));
                    }

                    _carry = buffer.AsSpan(handedOut, filled - handedOut).ToArray();
                    if (handedOut == 0)
                    {
                        continue;
                    }
                }

                return (buffer.AsSpan(0, handedOut).ToArray(), TypeOf(result), result.EndOfMessage);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    private PublishingAwaitable BeginAsync() => new(framing.ReceiveAsync(Memory<byte>.Empty, CancellationToken.None), inbox);

    // The header of a whole data frame is in the buffer already: no need to ask the framing for it first.
    private bool IsNextFrameKnown(out FrameHeader frame) =>
        transport.TryPeekFrame(out frame) && frame is { Opcode: FrameOpcode.Text or FrameOpcode.Binary, IsFinal: true, PayloadLength: >= 0 };

    private static byte[] Grow(byte[] buffer, int filled)
    {
        int size = (int)Math.Min(2L * buffer.Length, Array.MaxLength);
        if (size == buffer.Length)
        {
            throw new MessageTooLargeException(filled + 1L, Array.MaxLength, isExact: false);
        }

        byte[] larger = ArrayPool<byte>.Shared.Rent(size);
        buffer.AsSpan(0, filled).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }

    private void ThrowIfTooLarge(long size, bool isExact)
    {
        if (size > maxMessageSize || size < 0)
        {
            throw new MessageTooLargeException(size, maxMessageSize, isExact);
        }
    }

    private static SocketMessageType TypeOf(ValueWebSocketReceiveResult result) =>
        result.MessageType == WebSocketMessageType.Text ? SocketMessageType.Utf8 : SocketMessageType.Binary;
}
