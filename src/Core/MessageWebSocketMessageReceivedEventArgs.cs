using System.Runtime.ExceptionServices;

namespace MessageWebSockets;

/// <summary>
/// One received message, chunk of a message, or receive-side error
/// (Windows.Networking.Sockets.MessageWebSocketMessageReceivedEventArgs).
/// </summary>
public sealed class MessageWebSocketMessageReceivedEventArgs : EventArgs
{
    private readonly WsMessage? _message;
    private readonly ExceptionDispatchInfo? _error;

    internal MessageWebSocketMessageReceivedEventArgs(WsMessage message) => _message = message;

    internal MessageWebSocketMessageReceivedEventArgs(MessageWebSocketException error) =>
        _error = ExceptionDispatchInfo.Capture(error);

    /// <summary>The type the sender gave the message. Informative: both reads work for both types.</summary>
    public SocketMessageType MessageType => _message?.MessageType ?? SocketMessageType.Binary;

    /// <summary>False for a chunk that is not the last of its message (<see cref="MessageWebSocketReceiveMode.PartialMessage"/>).</summary>
    public bool IsMessageComplete => _message?.IsMessageComplete ?? true;

    /// <summary>The message itself; null when this event reports an error.</summary>
    public WsMessage? Message => _message;

    /// <summary>The error this event reports; null for a message.</summary>
    public MessageWebSocketException? Error => (MessageWebSocketException?)_error?.SourceException;

    /// <summary>A reader over the payload, fully loaded: <see cref="DataReader.UnconsumedBufferLength"/> is its length.</summary>
    /// <exception cref="MessageWebSocketException">The connection ended abnormally; this event is the last one.</exception>
    public DataReader GetDataReader() => new(Payload());

    /// <summary>A read-only stream over the payload.</summary>
    /// <exception cref="MessageWebSocketException">The connection ended abnormally; this event is the last one.</exception>
    public Stream GetDataStream() =>
        System.Runtime.InteropServices.MemoryMarshal.TryGetArray(Payload(), out ArraySegment<byte> segment)
            ? new MemoryStream(segment.Array!, segment.Offset, segment.Count, writable: false)
            : Stream.Null;

    private ReadOnlyMemory<byte> Payload()
    {
        _error?.Throw();
        return _message!.AsMemory();
    }
}
