using System.Net.WebSockets;

namespace MessageWebSockets.Messages;

/// <summary>Receives the payload of messages as it arrives, of a frame that is not here whole as well.</summary>
/// <remarks>
/// The framing waits until the memory that it is given is full, or the frame at its end. It is therefore never given more memory than
/// there is payload, and the waiting is done here.
/// </remarks>
internal sealed class PayloadReader(WebSocket framing, FrameReader frames)
{
    private long _remaining;

    /// <summary>Whether a frame was begun of which there is more to receive.</summary>
    public bool IsInFrame => _remaining > 0;

    /// <summary>Waits for the header of the next frame of a message, or for the close frame.</summary>
    public async ValueTask<ValueWebSocketReceiveResult> BeginFrameAsync()
    {
        ValueWebSocketReceiveResult begun = await framing.ReceiveAsync(Memory<byte>.Empty, CancellationToken.None).ConfigureAwait(false);
        _remaining = frames.CurrentFrame.PayloadLength;
        return begun;
    }

    /// <summary>Receives what has arrived of the frame, or waits for something of it.</summary>
    /// <param name="buffer">Where to; not empty.</param>
    public async ValueTask<ValueWebSocketReceiveResult> ReceiveAsync(Memory<byte> buffer)
    {
        long arrived = frames.PayloadArrived - (frames.CurrentFrame.PayloadLength - _remaining);
        if (arrived == 0)
        {
            arrived = await frames.WaitForPayloadAsync(buffer).ConfigureAwait(false);
        }

        // The end of the connection is for the framing to meet, which says what it means inside a frame.
        int count = (int)Math.Min(buffer.Length, Math.Max(arrived, 1));
        ValueWebSocketReceiveResult received = await framing.ReceiveAsync(buffer[..count], CancellationToken.None).ConfigureAwait(false);
        _remaining -= received.Count;
        return received;
    }
}
