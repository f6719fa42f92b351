using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;

namespace MessageWebSockets;

/// <summary>One client of a <see cref="WebSocketEchoServer"/>.</summary>
/// <remarks>
/// Thread-safe. One loop reads and hands each message on before it reads the next; another one writes what is queued. A client that
/// does not read its answers is therefore not read from either, and holds up nobody but itself.
/// </remarks>
[SuppressMessage("Design", "CA1001", Justification = "RunAsync disposes what it used, when the connection is over.")]
public sealed class WebSocketEchoClient
{
    private const int ReadSize = 16 * 1024;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LingerPatience = TimeSpan.FromSeconds(1);

    private readonly WebSocketEchoServer _server;
    private readonly WebSocketEchoServerOptions _options;
    private readonly AcceptedUpgrade _upgrade;
    private readonly Socket _transport;
    private readonly Stream _transportStream;
    private readonly WebSocket _socket;
    private readonly OutgoingQueue _queue;
    private readonly CancellationTokenSource _ended = new();
    private readonly Lock _lock = new();
    private WebSocketCloseStatus? _closeStatus;
    private string _closeReason = "";
    private Timer? _closeTimer;
    private long _messagesReceived;
    private long _messagesSent;

    internal WebSocketEchoClient(WebSocketEchoServer server, WebSocketEchoServerOptions options, int id, Socket transport, Stream stream, AcceptedUpgrade upgrade)
    {
        _server = server;
        _options = options;
        _upgrade = upgrade;
        _transport = transport;
        Id = id;
        RemoteEndPoint = transport.RemoteEndPoint;
        _transportStream = stream;
        _queue = new OutgoingQueue(options.QueueLimit);

        // No keep-alive of the framework: it counts a client as dead when this side is slow to read. TCP has one as well.
        _socket = WebSocket.CreateFromStream(new ClientFrameStream(stream, upgrade.Early), new WebSocketCreationOptions
        {
            IsServer = true,
            SubProtocol = upgrade.Protocol,
            KeepAliveInterval = TimeSpan.Zero,
        });
    }

    /// <summary>A number that no other client of the server has.</summary>
    public int Id { get; }

    /// <summary>The server it is connected to.</summary>
    public WebSocketEchoServer Server => _server;

    /// <summary>Where it connected from.</summary>
    public EndPoint? RemoteEndPoint { get; }

    /// <summary>The path and query it asked for.</summary>
    public string Path => _upgrade.Request.Target;

    /// <summary>The subprotocol that was agreed on; "" for none.</summary>
    public string Protocol => _upgrade.Protocol ?? "";

    /// <summary>The headers of its request.</summary>
    public IReadOnlyDictionary<string, string> Headers => field ??= _upgrade.Request.Headers();

    /// <summary>When its connection was established, in local time.</summary>
    public DateTime Connected { get; } = DateTime.Now;

    /// <summary>How many messages came from it.</summary>
    public long MessagesReceived => Volatile.Read(ref _messagesReceived);

    /// <summary>How many messages were sent to it.</summary>
    public long MessagesSent => Volatile.Read(ref _messagesSent);

    /// <summary>Sends a text message, to every client if the server broadcasts.</summary>
    /// <param name="text">The text, without lone surrogates: those have no UTF-8 form.</param>
    /// <returns>Completes when the message is queued, which waits for room; at once, without effect, when the connection has ended.</returns>
    /// <exception cref="ArgumentException">The text has a lone surrogate.</exception>
    public Task SendAsync(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return _server.AnswerAsync(this, new ServerMessage(StrictUtf8.GetBytes(text), WebSocketMessageType.Text), _ended.Token);
    }

    /// <summary>Sends a binary message, to every client if the server broadcasts.</summary>
    /// <param name="bytes">The payload, which must not be changed afterwards.</param>
    /// <returns>As for <see cref="SendAsync(string)"/>.</returns>
    public Task SendAsync(ReadOnlyMemory<byte> bytes) =>
        _server.AnswerAsync(this, new ServerMessage(bytes, WebSocketMessageType.Binary), _ended.Token);

    /// <summary>Where it connected from.</summary>
    public override string ToString() => RemoteEndPoint?.ToString() ?? $"client {Id}";

    internal OutgoingQueue Queue => _queue;

    private bool IsClosing
    {
        get
        {
            lock (_lock)
            {
                return _closeStatus is not null;
            }
        }
    }

    /// <summary>Serves the client until the connection is over.</summary>
    internal async Task RunAsync()
    {
        Task writing = WriteAsync();
        try
        {
            await ReadAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (IsEnd(e))
        {
            // The framework, or the stream below it, has told the client why if there was a reason to tell.
            _queue.Complete(discards: true);
        }

        await _ended.CancelAsync().ConfigureAwait(false);
        await writing.ConfigureAwait(false);
        await LingerAsync().ConfigureAwait(false);
        _socket.Dispose();
        if (_closeTimer is { } timer)
        {
            await timer.DisposeAsync().ConfigureAwait(false);
        }

        _ended.Dispose();
    }

    /// <summary>Ends the connection with a close frame, behind what is queued or in its place; drops it when that takes too long.</summary>
    internal void Close(WebSocketCloseStatus status, string reason, bool discards)
    {
        lock (_lock)
        {
            if (_closeStatus is not null)
            {
                return;
            }

            _closeStatus = status;
            _closeReason = reason;
            _closeTimer = new Timer(static client => ((WebSocketEchoClient)client!).Abort(), this, ClosePatience, Timeout.InfiniteTimeSpan);
        }

        _queue.Complete(discards);
    }

    /// <summary>Drops the connection.</summary>
    internal void Abort()
    {
        _queue.Complete(discards: true);
        _socket.Abort();
        _transport.Dispose();
        CancelHandler();
    }

    /// <summary>Ends what the handler does for this client.</summary>
    internal void CancelHandler()
    {
        try
        {
            _ended.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The connection ended by itself just now.
        }
    }

    // Whatever ends a connection: the peer, the network, or this side. What handlers throw does not get here.
    private static bool IsEnd(Exception e) =>
        e is WebSocketException or IOException or SocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException;

    private async Task ReadAsync()
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ReadSize);
        try
        {
            while (await ReceiveAsync(buffer).ConfigureAwait(false) is { } message)
            {
                Interlocked.Increment(ref _messagesReceived);
                await _server.DispatchAsync(this, message, _ended.Token).ConfigureAwait(false);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // The next whole message; null when the client's close frame has come.
    private async ValueTask<ServerMessage?> ReceiveAsync(byte[] buffer)
    {
        ArrayBufferWriter<byte>? collected = null;
        while (true)
        {
            ValueWebSocketReceiveResult received = await _socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None).ConfigureAwait(false);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                Close(_socket.CloseStatus is { } status and not WebSocketCloseStatus.Empty ? status : WebSocketCloseStatus.NormalClosure, "", discards: false);
                return null;
            }

            // Once a close is on its way, what still comes is only read to reach the client's close frame behind it.
            if (IsClosing)
            {
                collected = null;
                continue;
            }

            // Room is made as bytes arrive: what a frame announces costs nothing.
            if ((collected?.WrittenCount ?? 0) + received.Count > _options.MaxMessageSize)
            {
                Close(WebSocketCloseStatus.MessageTooBig, $"The limit is {_options.MaxMessageSize} bytes.", discards: false);
                continue;
            }

            if (received.EndOfMessage && collected is null)
            {
                return new ServerMessage(buffer.AsMemory(0, received.Count).ToArray(), received.MessageType);
            }

            collected ??= new ArrayBufferWriter<byte>(received.Count * 2);
            collected.Write(buffer.AsSpan(0, received.Count));
            if (received.EndOfMessage)
            {
                return new ServerMessage(collected.WrittenSpan.ToArray(), received.MessageType);
            }
        }
    }

    private async Task WriteAsync()
    {
        try
        {
            while (await _queue.TakeAsync().ConfigureAwait(false) is { } message)
            {
                await _socket.SendAsync(message.Payload, message.Type, endOfMessage: true, CancellationToken.None).ConfigureAwait(false);
                Interlocked.Increment(ref _messagesSent);
                _server.CountSent();
            }

            if (IsClosing && _socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
            {
                await _socket.CloseOutputAsync(_closeStatus!.Value, _closeReason, CancellationToken.None).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (IsEnd(e))
        {
            Abort();
        }
    }

    // The server ends TCP first (RFC 6455 section 7.1.1), but not while bytes of the client are unread: that would be a reset, which
    // can overtake the close frame.
    private async Task LingerAsync()
    {
        using CancellationTokenSource patience = new(LingerPatience);
        byte[] rest = ArrayPool<byte>.Shared.Rent(ReadSize);
        try
        {
            if (_transportStream is SslStream secure)
            {
                await secure.ShutdownAsync().WaitAsync(patience.Token).ConfigureAwait(false);
            }

            _transport.Shutdown(SocketShutdown.Send);
            while (await _transportStream.ReadAsync(rest, patience.Token).ConfigureAwait(false) > 0)
            {
            }
        }
        catch (Exception e) when (IsEnd(e))
        {
            // It is gone already, or goes on sending.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rest);
            await _transportStream.DisposeAsync().ConfigureAwait(false);
        }
    }
}
