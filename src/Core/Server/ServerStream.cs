using System.Net.Sockets;
using System.Net.WebSockets;

namespace MessageWebSockets.Server;

/// <summary>
/// The server's end of a WebSocket whose binary messages are one stream of bytes each way. Where a message ends means nothing; a text
/// message is refused with the close code 1003.
/// </summary>
/// <remarks>One reader and one writer at a time.</remarks>
internal sealed class ServerStream : IDisposable
{
    private readonly Socket _transport;
    private readonly Stream _stream;
    private readonly ClientFrameStream _frames;
    private readonly ClientPayload _payload;
    private readonly TaskCompletionSource<bool> _peerGone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _isClosed;
    private int _isReadToTheEnd;

    /// <param name="transport">The TCP connection.</param>
    /// <param name="stream">What carries the frames.</param>
    /// <param name="upgrade">The handshake, which was answered.</param>
    public ServerStream(Socket transport, Stream stream, AcceptedUpgrade upgrade)
    {
        _transport = transport;
        _stream = stream;
        _frames = new ClientFrameStream(stream, upgrade.Early, compression: null, new ActivityClock());
        _payload = new ClientPayload(_frames);
    }

    /// <summary>
    /// Completes when the client, whose close frame was read, has ended TCP as well: true when in order, false when it broke. Never fails.
    /// What it still sends is dropped.
    /// </summary>
    public Task<bool> PeerGone => _peerGone.Task;

    /// <summary>How many bytes came from the client, framing included.</summary>
    public long BytesReceived => _frames.BytesReceived;

    /// <summary>Reads what the client sent, as it arrives; 0 after its close frame.</summary>
    /// <param name="buffer">Where to; an empty one waits until there is something.</param>
    /// <exception cref="IOException">The client went away without a close frame, said that something failed, or broke the
    /// protocol.</exception>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer)
    {
        Exception? cause = null;
        try
        {
            if (await _payload.ReadAsync(buffer).ConfigureAwait(false) is { } read)
            {
                return read;
            }
        }
        catch (ProtocolViolationException e)
        {
            await CloseAsync(new ConnectionEnd(e.CloseCode, "A tunnel carries binary messages, not text or base64.")).ConfigureAwait(false);
            throw new IOException(
                "The client sent a text message, and a tunnel carries binary ones only. "
                + "A client that sends base64 as text has to be told to speak binary.",
                e);
        }
        catch (Exception e) when (e is IOException or SocketException or InvalidOperationException or OperationCanceledException)
        {
            cause = e;
        }

        if (_frames.End is { Reason: "", Code: ConnectionEnd.Normal })
        {
            _ = ReadToTheEndAsync();
            return 0;
        }

        // A close frame is answered with its code (RFC 6455 section 5.5.1), and a fault with the code for it.
        await (_frames.End is { } end ? CloseAsync(end) : Task.CompletedTask).ConfigureAwait(false);
        throw Failure(cause);
    }

    /// <summary>Sends bytes as one binary message.</summary>
    /// <exception cref="IOException">The connection is broken.</exception>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await _frames.WriteMessageAsync(new ServerMessage(bytes, WebSocketMessageType.Binary)).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            throw new IOException("The connection to the client is broken.", e);
        }
    }

    /// <summary>Gives a sign of life: a pong that nobody asked for (RFC 6455 section 5.5.3).</summary>
    public Task SendPongAsync() => _frames.WritePongAsync();

    /// <summary>
    /// Sends a close frame, once; nothing can be sent after it, and what the client still sends can be read. Never throws.
    /// </summary>
    public async Task CloseAsync(ConnectionEnd end)
    {
        if (Interlocked.Exchange(ref _isClosed, 1) != 0)
        {
            return;
        }

        try
        {
            await _frames.WriteCloseAsync(end).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            // A client that is gone needs no close frame.
        }
    }

    /// <summary>
    /// Ends TCP after both close frames, and waits for the client to do so too, as long as the token lasts. Never throws.
    /// </summary>
    public async Task LingerAsync(CancellationToken cancellationToken)
    {
        try
        {
            _transport.Shutdown(SocketShutdown.Send);
            await PeerGone.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // It is gone already, or takes its time.
        }
    }

    /// <summary>Drops the connection.</summary>
    public void Dispose()
    {
        _stream.Dispose();
        _transport.Dispose();
    }

    private async Task ReadToTheEndAsync()
    {
        if (Interlocked.Exchange(ref _isReadToTheEnd, 1) == 0)
        {
            _peerGone.TrySetResult(await StreamEnd.ReachAsync(_stream).ConfigureAwait(false));
        }
    }

    // An end with a reason is a fault of the client; one that it asked for has none.
    private IOException Failure(Exception? cause) => _frames.End is { } end
        ? new IOException(
            end.Reason.Length > 0 ? $"The client broke the WebSocket protocol: {end.Reason}" : $"The client closed with {end.Code}.", cause)
        : new IOException(
            _frames.IsAtEnd ? "The client ended the connection without a close frame." : "The connection to the client broke.", cause);
}
