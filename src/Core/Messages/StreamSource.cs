using System.Net.WebSockets;

namespace MessageWebSockets.Messages;

/// <summary>
/// Receives the payload of binary messages through the framing as it arrives, straight into a queue of bytes; where a message ends means
/// nothing.
/// </summary>
/// <remarks>A text message is refused: whoever sends one does not speak of bytes.</remarks>
internal sealed class StreamSource(WebSocket framing, FrameReader frames, ByteQueue queue) : IMessageSource
{
    private readonly PayloadReader _payload = new(framing, frames);
    private bool _isInMessage;

    /// <inheritdoc/>
    /// <exception cref="ProtocolViolationException">A text message came.</exception>
    public async ValueTask<ReceivedData> ReceiveAsync()
    {
        while (!_payload.IsInFrame)
        {
            // Waits for the header alone: an idle connection holds no buffer.
            queue.Rest();
            ValueWebSocketReceiveResult begun = await _payload.BeginFrameAsync().ConfigureAwait(false);
            ThrowIfText(begun.MessageType == WebSocketMessageType.Text);
            if (begun.MessageType == WebSocketMessageType.Close)
            {
                return default;
            }

            _isInMessage = !begun.EndOfMessage;
            if (begun.EndOfMessage)
            {
                return ReceivedData.InPlace(0, isComplete: true);
            }
        }

        bool hasReceived = false;
        try
        {
            ValueWebSocketReceiveResult received = await _payload.ReceiveAsync(queue.Room()).ConfigureAwait(false);
            hasReceived = true;
            _isInMessage = !received.EndOfMessage;
            return ReceivedData.InPlace(received.Count, received.EndOfMessage);
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

        ThrowIfText(frame.Opcode == FrameOpcode.Text);
        if (!queue.HasRoomFor(frame.PayloadLength))
        {
            return false;
        }

        queue.Write(frames.TakeBuffered(frame));
        received = ReceivedData.InPlace((int)frame.PayloadLength, isComplete: true);
        return true;
    }

    private static void ThrowIfText(bool isText)
    {
        if (isText)
        {
            throw ProtocolViolationException.TextInStream();
        }
    }
}
