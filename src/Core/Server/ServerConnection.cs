using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;

namespace MessageWebSockets.Server;

/// <summary>One open connection of the server: reads messages, writes what is queued, and ends in order.</summary>
/// <remarks>
/// Thread-safe. One loop reads and hands each message on before it reads the next; another one writes. Whatever ends the connection,
/// <see cref="RunAsync"/> completes, and within seconds unless somebody who works on a message keeps it.
/// </remarks>
[SuppressMessage(
    "Design",
    "CA1001",
    Justification = "Released when RunAsync ends. The token source stays usable: "
        + "whoever works on a message may look at its token at any time.")]
internal sealed class ServerConnection
{
    private const int ReadSize = 16 * 1024;

    // How often it is looked, in the time that a client may be silent, whether it takes something.
    private const int LooksPerSilence = 4;

    private static readonly TimeSpan LingerPatience = TimeSpan.FromSeconds(1);

    private readonly ServerConnectionSettings _settings;
    private readonly Socket _transport;
    private readonly Stream _stream;
    private readonly Action<Exception> _reportListener;
    private readonly ClientFrameStream _frames;
    private readonly WebSocket _framing;
    private readonly bool _isCompressed;
    private readonly CancellationTokenSource _ended = new();
    private readonly Lock _lock = new();
    private ConnectionEnd? _end;
    private Timer? _closeTimer;
    private bool _mayTakeItsTime;
    private Timer? _idleTimer;
    private bool _isOver;

    /// <param name="settings">What holds for it.</param>
    /// <param name="transport">The TCP connection.</param>
    /// <param name="stream">What is read and written: the connection itself, or TLS over it.</param>
    /// <param name="upgrade">The handshake.</param>
    /// <param name="allMessages">Counts the messages of all connections.</param>
    /// <param name="reportListener">Told what those throw who listen to the token of <see cref="Ended"/>.</param>
    public ServerConnection(
        ServerConnectionSettings settings,
        Socket transport,
        Stream stream,
        AcceptedUpgrade upgrade,
        MessageCounts allMessages,
        Action<Exception> reportListener)
    {
        _settings = settings;
        _transport = transport;
        _stream = stream;
        _reportListener = reportListener;
        Activity = new ActivityClock(() => settings.Progress(transport));
        Messages = new MessageCounts(allMessages);
        Outgoing = new MessageQueue(settings.QueueLimit);
        _isCompressed = upgrade.Compression is not null;
        _frames = new ClientFrameStream(stream, upgrade.Early, upgrade.Compression?.Agreed, Activity);

        // No keep-alive of the framework: it counts a client as dead when this side is slow to read. TCP has one as well.
        _framing = WebSocket.CreateFromStream(_frames, new WebSocketCreationOptions
        {
            IsServer = true,
            SubProtocol = upgrade.Protocol,
            KeepAliveInterval = TimeSpan.Zero,
            DangerousDeflateOptions = upgrade.Compression?.Agreed,
        });
    }

    /// <summary>What the client is still to be sent.</summary>
    public MessageQueue Outgoing { get; }

    /// <summary>When the client last gave a sign of life.</summary>
    public ActivityClock Activity { get; }

    /// <summary>Cancelled when the connection has ended.</summary>
    public CancellationToken Ended => _ended.Token;

    public MessageCounts Messages { get; }

    /// <summary>Whether a close frame is on its way, or the connection is over.</summary>
    public bool IsClosing
    {
        get
        {
            lock (_lock)
            {
                return _isOver || _end is not null;
            }
        }
    }

    /// <summary>Serves the client until nothing is left of the connection but work on its messages. Never throws.</summary>
    /// <param name="messages">Takes the client's messages.</param>
    public async Task RunAsync(IClientMessages messages)
    {
        StartIdleTimer();
        Task writing = WriteAsync();
        try
        {
            await ReadAsync(messages).ConfigureAwait(false);
        }
        catch (Exception e) when (IsEnd(e))
        {
            // The frames are over, and the stream below knows why.
            await CloseAsAskedAsync(messages).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // No memory for a message, for example. Whatever it is, it ends this connection and no other one.
            Close(new ConnectionEnd(ConnectionEnd.InternalError, "The server failed."), discards: true);
        }

        _ = CancelWorkAsync();
        _ = messages.CompleteAsync(discards: true);
        await writing.ConfigureAwait(false);
        await LingerAsync().ConfigureAwait(false);
        Release();
    }

    /// <summary>
    /// Ends the connection with a close frame, behind what is queued or in its place; drops it when the client takes nothing any more, or
    /// does not answer.
    /// </summary>
    public void Close(ConnectionEnd end, bool discards)
    {
        lock (_lock)
        {
            if (_isOver || _end is not null)
            {
                return;
            }

            _end = end;
            StartCloseTimer(mayTakeItsTime: !discards);
        }

        Outgoing.Complete(discards);
    }

    /// <summary>Drops the connection.</summary>
    public void Abort()
    {
        Outgoing.Complete(discards: true);
        _framing.Abort();
        _transport.Dispose();
        CancelWork();
    }

    /// <summary>Cancels <see cref="Ended"/> without waiting for those who listen to it.</summary>
    public void CancelWork() => _ = CancelWorkAsync();

    // Whatever ends a connection: the peer, the network, or this side.
    private static bool IsEnd(Exception e) =>
        e is WebSocketException or IOException or SocketException or OperationCanceledException or ObjectDisposedException
            or InvalidOperationException;

    private async Task CancelWorkAsync()
    {
        try
        {
            await _ended.CancelAsync().ConfigureAwait(false);
        }
        catch (AggregateException e)
        {
            _reportListener(e);
        }
    }

    private void StartIdleTimer()
    {
        if (_settings.IdleTimeout != Timeout.InfiniteTimeSpan)
        {
            Activity.Look();
            lock (_lock)
            {
                _idleTimer = new Timer(
                    static connection => ((ServerConnection)connection!).CloseIfIdle(),
                    this,
                    UntilIdleLook(_settings.IdleTimeout),
                    Timeout.InfiniteTimeSpan);
            }
        }
    }

    // Whole milliseconds, as a timer has nothing shorter.
    private TimeSpan UntilIdleLook(TimeSpan left) => TimeSpan.FromMilliseconds(
        Math.Ceiling(Math.Min(left.TotalMilliseconds, _settings.IdleTimeout.TotalMilliseconds / LooksPerSilence)));

    private void CloseIfIdle()
    {
        Activity.Look();
        TimeSpan left = _settings.IdleTimeout - Activity.Silence(isWaitedFor: Outgoing.IsBusy);
        if (left <= TimeSpan.Zero)
        {
            Close(new ConnectionEnd(ConnectionEnd.GoingAway, "This client was silent for too long."), discards: true);
            return;
        }

        lock (_lock)
        {
            if (!_isOver)
            {
                _idleTimer!.Change(UntilIdleLook(left), Timeout.InfiniteTimeSpan);
            }
        }
    }

    private async Task ReadAsync(IClientMessages messages)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ReadSize);
        try
        {
            while (true)
            {
                ServerMessage message = await ReceiveAsync(buffer).ConfigureAwait(false);
                Messages.CountReceived();
                await messages.TakeAsync(message).ConfigureAwait(false);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // The next whole message. The end of the frames is an exception: the stream never lets the framing see a close frame.
    private async ValueTask<ServerMessage> ReceiveAsync(byte[] buffer)
    {
        ArrayBufferWriter<byte>? collected = null;
        while (true)
        {
            // No further than to the first byte that is too much: the framing waits until the memory it is given is full.
            long allowed = _settings.MaxMessageSize - (collected?.WrittenCount ?? 0) + 1L;
            Memory<byte> room = buffer.AsMemory(0, (int)Math.Min(buffer.Length, IsClosing ? buffer.Length : allowed));
            ValueWebSocketReceiveResult received = await _framing.ReceiveAsync(room, CancellationToken.None).ConfigureAwait(false);

            // Once a close is on its way, what still comes is only read to reach the client's close frame behind it.
            if (IsClosing)
            {
                collected = null;
                continue;
            }

            // Room is made as bytes arrive: what a frame announces costs nothing.
            if ((collected?.WrittenCount ?? 0) + received.Count > _settings.MaxMessageSize)
            {
                Close(new ConnectionEnd(ConnectionEnd.MessageTooBig, $"The limit is {_settings.MaxMessageSize} bytes."), discards: false);
                continue;
            }

            if (received.EndOfMessage && collected is null)
            {
                return new ServerMessage(buffer.AsMemory(0, received.Count).ToArray(), received.MessageType);
            }

            collected ??= new ArrayBufferWriter<byte>();
            collected.Write(buffer.AsSpan(0, received.Count));
            if (received.EndOfMessage)
            {
                return new ServerMessage(collected.WrittenSpan.ToArray(), received.MessageType);
            }
        }
    }

    // Never throws.
    private async Task WriteAsync()
    {
        try
        {
            while (await Outgoing.TakeAsync().ConfigureAwait(false) is { } message)
            {
                await SendAsync(message).ConfigureAwait(false);
                Messages.CountSent();
            }

            if (_end is { } end)
            {
                await _frames.WriteCloseAsync(end).ConfigureAwait(false);
            }
        }
        catch (Exception)
        {
            // Half a frame may be out: nothing can follow it.
            Abort();
        }
    }

    private async ValueTask SendAsync(ServerMessage message)
    {
        if (_isCompressed)
        {
            long begun = _frames.DataFramesBegun;
            try
            {
                await _framing.SendAsync(message.Payload, message.Type, endOfMessage: true, CancellationToken.None).ConfigureAwait(false);
                return;
            }
            catch (Exception e) when (IsEnd(e) && begun == _frames.DataFramesBegun)
            {
                // The framing takes no more once the client's frames are over. What is left goes uncompressed, as every message may.
            }
        }

        await _frames.WriteMessageAsync(message).ConfigureAwait(false);
    }

    // Answers the client's close frame, or its fault, behind the answers to what it sent before.
    private async Task CloseAsAskedAsync(IClientMessages messages)
    {
        ConnectionEnd? end = _frames.End;
        if (end is null && _frames.IsAtEnd)
        {
            // The client ended its side of TCP; it may still read the answers to what it sent before.
            if (!IsClosing)
            {
                await FinishWorkAsync(messages).ConfigureAwait(false);
                lock (_lock)
                {
                    StartCloseTimer(mayTakeItsTime: true);
                }

                Outgoing.Complete(discards: false);
            }

            return;
        }

        if (end is null)
        {
            // The connection broke, and there is nobody to tell.
            Abort();
            return;
        }

        if (!IsClosing)
        {
            await FinishWorkAsync(messages).ConfigureAwait(false);
            Close(end, discards: false);
        }
    }

    // Work has a moment, and one more for as long as it gets on with the messages and the client takes what comes of them: a client that
    // reads slowly has all its answers, and work that sends without end keeps nobody from the close frame.
    private async Task FinishWorkAsync(IClientMessages messages)
    {
        Task work = messages.CompleteAsync(discards: false);
        long done;
        do
        {
            done = messages.Done;
            Activity.Look();
            await Task.WhenAny(work, Task.Delay(_settings.WorkPatience)).ConfigureAwait(false);
            Activity.Look();
        }
        while (!work.IsCompleted && messages.Done > done && Outgoing.IsBusy && Activity.Stall < _settings.WorkPatience);
    }

    // In the lock.
    private void StartCloseTimer(bool mayTakeItsTime)
    {
        _mayTakeItsTime = mayTakeItsTime;
        Activity.Look();
        _closeTimer ??= new Timer(
            static connection => ((ServerConnection)connection!).AbortUnlessTaken(),
            this,
            _settings.ClosePatience,
            Timeout.InfiniteTimeSpan);
    }

    // A client that still takes what it is to have before the close frame cannot have come to that yet. What this system has accepted
    // may be more than the client takes in that time.
    private void AbortUnlessTaken()
    {
        lock (_lock)
        {
            if (_isOver)
            {
                return;
            }

            Activity.Look();
            TimeSpan left = _settings.ClosePatience - Activity.Stall;
            if (_mayTakeItsTime && left > TimeSpan.Zero)
            {
                _closeTimer!.Change(left, Timeout.InfiniteTimeSpan);
                return;
            }
        }

        Abort();
    }

    // The server ends TCP first (RFC 6455 section 7.1.1), but not while bytes of the client are unread: that would be a reset, which
    // can overtake the close frame.
    private async Task LingerAsync()
    {
        using CancellationTokenSource patience = new(LingerPatience);
        byte[] rest = ArrayPool<byte>.Shared.Rent(ReadSize);
        try
        {
            if (_stream is SslStream secure)
            {
                await secure.ShutdownAsync().WaitAsync(patience.Token).ConfigureAwait(false);
            }

            _transport.Shutdown(SocketShutdown.Send);
            while (await _stream.ReadAsync(rest, patience.Token).ConfigureAwait(false) > 0)
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
        }
    }

    private void Release()
    {
        lock (_lock)
        {
            _isOver = true;
            _closeTimer?.Dispose();
            _idleTimer?.Dispose();
        }

        _framing.Dispose();
        _frames.EndReading();
        _stream.Dispose();
        _transport.Dispose();
    }
}
