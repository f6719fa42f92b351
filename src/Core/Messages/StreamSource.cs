using System.Net.WebSockets;

namespace MessageWebSockets.Messages;

/// <summary>
/// Receives the payload of binary messages through the framing, straight into a queue of bytes; where a message ends means nothing.
/// </summary>
/// <remarks>A text message is refused: whoever sends one does not speak of bytes.</remarks>
internal sealed class StreamSource(WebSocket framing, FrameReader frames, ByteQueue queue) : IMessageSource
{
    private bool _isInMessage;

    /// <inheritdoc/>
    /// <exception cref="ProtocolViolationException">A text message came.</exception>
    public async ValueTask<ReceivedData> ReceiveAsync()
    {
        if (!_isInMessage && !IsNextMessageKnown())
        {
            // Waits for the header alone: an idle connection holds no buffer.
            queue.Rest();
            ValueWebSocketReceiveResult begun = await framing.ReceiveAsync(
                Memory<byte>.Empty, CancellationToken.None).ConfigureAwait(false);
            ThrowIfText(begun.MessageType);
            if (begun.MessageType == WebSocketMessageType.Close)
            {
                return default;
            }

            if (begun.EndOfMessage)
            {
                return ReceivedData.InPlace(0, isComplete: true);
            }
        }

        bool hasReceived = false;
        try
        {
            ValueWebSocketReceiveResult received = await framing.ReceiveAsync(queue.Room(), CancellationToken.None).ConfigureAwait(false);
            hasReceived = received.MessageType == WebSocketMessageType.Binary;
            _isInMessage = !received.EndOfMessage;
            return hasReceived ? ReceivedData.InPlace(received.Count, received.EndOfMessage) : default;
        }
        finally
        {
            if (!hasReceived)
            {
                queue.Rest();
            }
        }
    }

    /// <inheritdoc/>
    /// <exception cref="ProtocolViolationException">A text message came.</exception>
    public bool TryReceiveBuffered(out ReceivedData received)
    {
        received = default;
        if (_isInMessage || !frames.TryPeekFrame(out FrameHeader frame) || !frame.IsPlainMessage || !frames.IsBuffered(frame))
        {
            return false;
        }

        ThrowIfText(frame);
        if (!queue.HasRoomFor(frame.PayloadLength))
        {
            return false;
        }

        queue.Write(frames.TakeBuffered(frame));
        received = ReceivedData.InPlace((int)frame.PayloadLength, isComplete: true);
        return true;
    }

    // The header of a whole message is in the buffer already: no need to ask the framing for it first.
    private bool IsNextMessageKnown()
    {
        if (!frames.TryPeekFrame(out FrameHeader frame) || !frame.IsPlainMessage || frame.PayloadLength == 0)
        {
            return false;
        }

        ThrowIfText(frame);
        return true;
    }

    private static void ThrowIfText(FrameHeader frame)
    {
        if (frame.Opcode == FrameOpcode.Text)
        {
            throw ProtocolViolationException.TextInStream();
        }
    }

    private static void ThrowIfText(WebSocketMessageType type)
    {
        if (type == WebSocketMessageType.Text)
        {
            throw ProtocolViolationException.TextInStream();
        }
    }
}
