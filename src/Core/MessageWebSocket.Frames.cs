namespace MessageWebSockets;

/// <content>Messages that are sent frame by frame.</content>
public sealed partial class MessageWebSocket
{
    /// <summary>Sends one frame that is not the last of its message (FIN 0).</summary>
    /// <param name="data">The payload of the frame.</param>
    /// <param name="type">
    /// The type of the message. Null: that of the open message, or for its first frame <see cref="MessageWebSocketControl.MessageType"/>.
    /// </param>
    /// <param name="progress">Told the number of bytes accepted; what it throws is reported through
    /// <see cref="System.Diagnostics.Trace"/>.</param>
    /// <param name="cancellationToken">Ends the wait for its turn and for room; the frame was then not sent.</param>
    /// <returns>The number of bytes written.</returns>
    /// <exception cref="ArgumentException">
    /// The type is not that of the open message, or the message is text and is not UTF-8 with this frame. It was not sent; an open
    /// message stays open.
    /// </exception>
    /// <remarks>A character may be split over frames. While the message is open, whole-message sends wait; control frames still pass
    /// between its fragments.</remarks>
    public ValueTask<uint> SendNonfinalFrameAsync(
        ReadOnlyMemory<byte> data,
        SocketMessageType? type = null,
        IProgress<uint>? progress = null,
        CancellationToken cancellationToken = default) =>
        SendFrameAsync(data, type, isFinal: false, progress, cancellationToken);

    /// <summary>Sends the last frame of a message (FIN 1), or a whole message in one frame.</summary>
    /// <inheritdoc cref="SendNonfinalFrameAsync(ReadOnlyMemory{byte}, SocketMessageType?, IProgress{uint}, CancellationToken)"/>
    public ValueTask<uint> SendFinalFrameAsync(
        ReadOnlyMemory<byte> data,
        SocketMessageType? type = null,
        IProgress<uint>? progress = null,
        CancellationToken cancellationToken = default) =>
        SendFrameAsync(data, type, isFinal: true, progress, cancellationToken);

    private async ValueTask<uint> SendFrameAsync(
        ReadOnlyMemory<byte> data, SocketMessageType? type, bool isFinal, IProgress<uint>? progress, CancellationToken cancellationToken)
    {
        if (type is { } named)
        {
            ContractError.ThrowIfUndefined(named, nameof(type));
        }

        MessageSender sender = _client.WritableConnection().Sender;
        ReadOnlyMemory<byte> own = OwnMemory.Of(data);
        uint length = (uint)own.Length;
        await sender.SendFrameAsync(own, type, Control.MessageType, isFinal, cancellationToken).ConfigureAwait(false);
        if (progress is not null)
        {
            ForeignCode.Run("The progress of a frame's sender", progress.Report, length);
        }

        return length;
    }
}
