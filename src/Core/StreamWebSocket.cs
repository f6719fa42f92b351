namespace MessageWebSockets;

/// <summary>
/// A WebSocket client whose binary messages are one stream of bytes in each direction (Windows.Networking.Sockets.StreamWebSocket), on
/// every platform: what tunnels are made of.
/// </summary>
/// <remarks>
/// <para>Thread-safe: one thread may read while another writes. Handshake, settings, events, close and errors are those of
/// <see cref="MessageWebSocket"/>; where a message begins and ends means nothing here, and a text message is a protocol error
/// (close code 1003).</para>
/// <para>Single use: after Closed or Aborted make another one; <see cref="Clone"/> makes one with the same settings. A failed
/// connect may be tried again on the same object.</para>
/// </remarks>
public sealed class StreamWebSocket : IDisposable, IAsyncDisposable, IByteSink
{
    private readonly SocketEvents<StreamWebSocket> _events;
    private readonly ClientSocket _client;
    private readonly ReceivePause _pause = new();
    private readonly ByteQueue _received;
    private readonly SocketInputStream _inputStream;
    private readonly SocketOutputStream _outputStream;

    /// <summary>Creates a socket that is not connected, with its <see cref="Control"/> and <see cref="Information"/>.</summary>
    public StreamWebSocket()
    {
        SocketState state = new();
        Control = new StreamWebSocketControl(state);
        _events = new SocketEvents<StreamWebSocket>(this);
        _client = new ClientSocket(nameof(StreamWebSocket), state, Control, Information, _events);
        _received = new ByteQueue(_pause);
        _inputStream = new SocketInputStream(_received, ThrowIfNotReadable);
        _outputStream = new SocketOutputStream(this);
    }

    /// <inheritdoc cref="MessageWebSocket.Closed"/>
    public event TypedEventHandler<StreamWebSocket, WebSocketClosedEventArgs>? Closed
    {
        add => _client.AddHandler(_events.Closed, value);
        remove => _client.RemoveHandler(_events.Closed, value);
    }

    /// <inheritdoc cref="MessageWebSocket.ServerCustomValidationRequested"/>
    public event TypedEventHandler<StreamWebSocket, WebSocketServerCustomValidationRequestedEventArgs>? ServerCustomValidationRequested
    {
        add => _client.AddHandler(_events.ValidationRequested, value);
        remove => _client.RemoveHandler(_events.ValidationRequested, value);
    }

    /// <summary>The address of the last connect; null before.</summary>
    public Uri? Uri => _client.Uri;

    /// <summary>The settings.</summary>
    public StreamWebSocketControl Control { get; }

    /// <summary>What is known of the connection.</summary>
    public StreamWebSocketInformation Information { get; } = new();

    /// <summary>
    /// A read-only stream of what arrives, across the borders of messages: a read gives what is there, of a frame that is not here whole as
    /// well, or waits for something. Once everything was read it gives 0 after a close frame of the peer, and throws
    /// <see cref="MessageWebSocketException"/> after an abnormal end.
    /// </summary>
    /// <remarks>
    /// No more than 64 KiB wait to be read; then the peer is held back by TCP, and neither its pings nor its close frame behind them are
    /// seen. Where messages end means nothing, and so a close frame inside a fragmented one is an end as its code says. Cancelling a read
    /// loses no byte and leaves the connection as it is. After <see cref="Close()"/> or <see cref="Dispose"/> without a close frame of the
    /// peer a read, also one that waits, throws <see cref="ObjectDisposedException"/> (RO_E_CLOSED 0x80000013) once what had arrived was
    /// read: nobody knows whether that was all. Disposing the stream drops what still arrives; the socket and
    /// <see cref="OutputStream"/> stay open. A read before the connect throws <see cref="InvalidOperationException"/>
    /// (E_ILLEGAL_METHOD_CALL). A <see cref="DataReader"/> over it has Partial and the other options of a read.
    /// </remarks>
    public Stream InputStream => _inputStream;

    /// <summary>
    /// A write-only stream: a flush sends what was written as a binary message, and a long write goes out in frames of 64 KiB as they
    /// fill. What nobody flushes leaves within a moment, so that <see cref="Stream.CopyToAsync(Stream)"/> into it is a tunnel.
    /// </summary>
    /// <remarks>
    /// A peer that does not read holds writes back once 256 KiB wait for it. A write or flush completes when the bytes are in the send
    /// buffer. One that is cancelled has sent none of the bytes it still held, and leaves the connection as it is; what it had not
    /// sent of an earlier write stays pending. Disposing the stream sends what is pending; the socket and <see cref="InputStream"/> stay
    /// open. A close of either side sends it as well, ahead of the close frame, and so does the end of the process. A flush throws
    /// <see cref="InvalidOperationException"/> before the connect (E_ILLEGAL_METHOD_CALL) and <see cref="ObjectDisposedException"/> after
    /// the close (RO_E_CLOSED 0x80000013).
    /// </remarks>
    public Stream OutputStream => _outputStream;

    /// <summary>Where the socket stands.</summary>
    public MessageWebSocketState State => _client.State;

    /// <summary>Completes when nothing of the connection is left; completed before there was one.</summary>
    internal Task Released => _client.Released;

    /// <summary>
    /// Which close frames of the peer are answered only when this side closes; until then what is sent is for the peer, while reading is
    /// at its end. RFC 6455 section 5.5.1 lets a side finish its message first, and a stream is one. None by default. Set before the
    /// connect; a clone has none.
    /// </summary>
    internal Func<WebSocketCloseResult, bool> HoldsAnswer { get; set; } = static _ => false;

    /// <summary>
    /// Completes when the peer, which has closed, has ended TCP as well: true when in order, false when it broke. After the connect only.
    /// </summary>
    internal Task<bool> PeerGone => _client.Connection!.PeerGone;

    /// <summary>Gives a sign of life: a pong that nobody asked for (RFC 6455 section 5.5.3).</summary>
    internal void SendPong() => _client.Connection!.SendPong();

    /// <inheritdoc cref="MessageWebSocket.SetRequestHeader"/>
    public void SetRequestHeader(string name, string? value) => _client.SetRequestHeader(name, value);

    /// <inheritdoc cref="MessageWebSocket.ConnectAsync"/>
    public Task ConnectAsync(Uri uri, CancellationToken cancellationToken = default) =>
        _client.ConnectAsync(uri, () => new ConnectPlan(ReceivingEnd), cancellationToken);

    /// <inheritdoc cref="MessageWebSocket.PingAsync"/>
    public Task<TimeSpan> PingAsync(CancellationToken cancellationToken = default) =>
        _client.WritableConnection().PingAsync(cancellationToken);

    /// <summary>
    /// Sends an empty close frame, raises <see cref="Closed"/> and releases everything; does not wait for the network, and never throws
    /// for a dead peer. What has arrived stays readable; a read behind it throws, unless the peer has closed before:
    /// <see cref="CloseAsync"/> waits for that.
    /// </summary>
    /// <inheritdoc cref="MessageWebSocket.Close()"/>
    public void Close() => _client.Close(null, "");

    /// <inheritdoc cref="MessageWebSocket.Close(ushort, string)"/>
    public void Close(ushort code, string reason = "") => _client.Close(code, reason);

    /// <summary>
    /// The full close handshake: sends a close frame, after which nothing can be written, and waits for the peer's. What the peer sends
    /// before that can be read meanwhile, and has to be: more than 64 KiB of it that nobody reads keep the peer's close frame away. Who
    /// wants none of it disposes <see cref="InputStream"/> first.
    /// </summary>
    /// <inheritdoc cref="MessageWebSocket.CloseAsync"/>
    public Task<WebSocketCloseResult> CloseAsync(
        ushort? code = null, string? reason = null, CancellationToken cancellationToken = default) =>
        _client.CloseAsync(code, reason, timeout: null, cancellationToken);

    /// <summary>As <see cref="Close()"/>.</summary>
    public void Dispose() => Close();

    /// <inheritdoc cref="MessageWebSocket.DisposeAsync"/>
    public ValueTask DisposeAsync() => _client.DisposeAsync();

    /// <summary>
    /// A socket that is not connected, with the same settings, request headers and event handlers, which are told of it as the sender.
    /// </summary>
    public StreamWebSocket Clone()
    {
        StreamWebSocket clone = new();
        Control.CopyTo(clone.Control);
        _client.CopyRequestHeadersTo(clone._client);
        _events.CopyHandlersTo(clone._events);
        return clone;
    }

    /// <summary>The address without its query, in which servers take tokens.</summary>
    public override string ToString() => Uri is { } uri ? PeerText.Name(uri) : nameof(StreamWebSocket);

    void IByteSink.ThrowIfNotWritable() => _client.WritableConnection();

    ValueTask IByteSink.SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) => SendAsync(bytes, cancellationToken);

    ValueTask IByteSink.SendAsync(PendingBytes pending, CancellationToken cancellationToken) =>
        _client.WritableConnection().Sender.SendAsync(pending, cancellationToken);

    /// <summary>Sends bytes past <see cref="OutputStream"/>, as one binary message.</summary>
    internal ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) =>
        _client.WritableConnection().Sender.SendAsync(OwnMemory.Of(bytes), SocketMessageType.Binary, cancellationToken);

    /// <summary>
    /// A socket that is not connected, with the settings and request headers of one for messages; handlers stay with that one.
    /// </summary>
    internal static StreamWebSocket With(MessageWebSocket settings)
    {
        StreamWebSocket socket = new();
        ((WebSocketControl)settings.Control).CopyTo(socket.Control);
        settings.CopyRequestHeadersTo(socket._client);
        return socket;
    }

    private ReceivingEnd ReceivingEnd() => new(
        new StreamReceiver(_received, _pause, HoldsAnswer), (framing, frames) => new StreamSource(framing, frames, _received), _received,
        sender => sender.LastWords = _outputStream.Pending);

    private void ThrowIfNotReadable()
    {
        if (_client.Connection is null)
        {
            throw _client.NothingToRead();
        }
    }
}
