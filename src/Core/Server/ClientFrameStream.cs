using System.Buffers;
using System.Buffers.Binary;
using System.Net.WebSockets;
using System.Text;

namespace MessageWebSockets.Server;

/// <summary>
/// Stands between the framework's framing and the client's connection: begins with what was read along with the request, lets only
/// frames pass that <see cref="ClientFrameChecker"/> found right, decompresses them, and writes the close frame itself.
/// </summary>
/// <remarks>
/// One reader; writes wait for each other. To the framing the stream ends before the client's close frame and before a fault;
/// <see cref="End"/> says which it was. Disposing it leaves the connection open: the framework does that as soon as the frames are
/// over, when the client may still be sending.
/// </remarks>
/// <param name="inner">The client's connection.</param>
/// <param name="early">What was read of it along with the request.</param>
/// <param name="compression">What was agreed on; null for no compression.</param>
/// <param name="activity">Told of what comes and goes.</param>
internal sealed class ClientFrameStream(
    Stream inner, ReadOnlyMemory<byte> early, WebSocketDeflateOptions? compression, ActivityClock activity)
    : SequentialStream
{
    private const int BufferSize = 16 * 1024;
    private const int SmallestDirectRead = 4096;

    // A write in pieces shows how far the client has come.
    private const int WriteSize = 64 * 1024;

    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly ClientFrameChecker _checker = new(allowsCompression: compression is not null);
    private readonly InflatedClientFrames? _inflated = compression is null
        ? null
        : new(new MessageInflater(compression.ClientContextTakeover));
    private ReadOnlyMemory<byte> _unchecked = early;
    private ReadOnlyMemory<byte> _checked;
    private byte[]? _buffer;
    private ConnectionEnd? _faultOfContent;
    private bool _isClosed;
    private volatile bool _answersFail;
    private long _bytesReceived;

    /// <summary>
    /// Why the frames are over: the client's close frame, or its fault. Null while they are not, and when the network ended them.
    /// </summary>
    public ConnectionEnd? End => _faultOfContent ?? _checker.End;

    /// <summary>How many bytes came behind the handshake.</summary>
    public long BytesReceived => Volatile.Read(ref _bytesReceived);

    /// <summary>Whether the client ended its side of the connection, and the network did not break it.</summary>
    public bool IsAtEnd { get; private set; }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _inflated is null || buffer.Length == 0
            ? ReadCheckedAsync(buffer, cancellationToken)
            : ReadInflatedAsync(_inflated, buffer, cancellationToken);

    private async ValueTask<int> ReadInflatedAsync(InflatedClientFrames inflated, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (_faultOfContent is not null)
        {
            return 0;
        }

        try
        {
            return await inflated.ReadAsync(buffer, ReadCheckedAsync, cancellationToken).ConfigureAwait(false);
        }
        catch (ProtocolViolationException e)
        {
            _faultOfContent = new ConnectionEnd(e.CloseCode, char.ToUpperInvariant(e.Message[0]) + e.Message[1..]);
            return 0;
        }
    }

    /// <summary>Waits until there are bytes that may be read; false when the frames are over.</summary>
    public async ValueTask<bool> WaitAsync(CancellationToken cancellationToken)
    {
        while (_checked.Length == 0)
        {
            if (End is not null)
            {
                return false;
            }

            if (_unchecked.Length == 0)
            {
                _buffer ??= new byte[BufferSize];
                _unchecked = _buffer.AsMemory(0, await ReceiveAsync(_buffer, cancellationToken).ConfigureAwait(false));
                if (IsAtEnd)
                {
                    return false;
                }
            }

            _checked = _unchecked[.._checker.Check(_unchecked.Span)];
            _unchecked = default;
        }

        return true;
    }

    private async ValueTask<int> ReadCheckedAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (buffer.Length >= SmallestDirectRead && _checked.Length == 0 && _unchecked.Length == 0)
        {
            return await ReadDirectAsync(buffer, cancellationToken).ConfigureAwait(false);
        }

        if (buffer.Length == 0 || !await WaitAsync(cancellationToken).ConfigureAwait(false))
        {
            return 0;
        }

        int count = Math.Min(_checked.Length, buffer.Length);
        _checked[..count].CopyTo(buffer);
        _checked = _checked[count..];
        return count;
    }

    private async ValueTask<int> ReadDirectAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        int good = 0;
        while (good == 0 && End is null)
        {
            int read = await ReceiveAsync(buffer, cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                break;
            }

            good = _checker.Check(buffer.Span[..read]);
        }

        return good;
    }

    private async ValueTask<int> ReceiveAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        int read = await inner.ReadAsync(target, cancellationToken).ConfigureAwait(false);
        if (read == 0)
        {
            IsAtEnd = true;
            return 0;
        }

        activity.Received();
        Volatile.Write(ref _bytesReceived, _bytesReceived + read);
        return read;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        // The framing writes whole frames.
        if (FrameHeader.TryParse(buffer.Span, out FrameHeader header) && header.IsControl)
        {
            await AnswerAsync(buffer).ConfigureAwait(false);
            return;
        }

        DataFramesBegun++;
        await WriteInPiecesAsync(ReadOnlyMemory<byte>.Empty, buffer).ConfigureAwait(false);
    }

    /// <summary>How many frames of messages the framing has begun to write.</summary>
    public long DataFramesBegun { get; private set; }

    /// <summary>Writes an uncompressed message past the framing.</summary>
    public Task WriteMessageAsync(ServerMessage message)
    {
        byte[] header = new byte[FrameHeader.MaxLength];
        FrameOpcode opcode = message.Type == WebSocketMessageType.Text ? FrameOpcode.Text : FrameOpcode.Binary;
        int headerLength = FrameHeader.Write(header, opcode, isFinal: true, message.Payload.Length).HeaderLength;
        return WriteInPiecesAsync(header.AsMemory(0, headerLength), message.Payload);
    }

    /// <summary>Writes the close frame; what is written after it is dropped.</summary>
    public async Task WriteCloseAsync(ConnectionEnd end)
    {
        byte[] payload = new byte[sizeof(ushort) + Encoding.ASCII.GetByteCount(end.Reason)];
        BinaryPrimitives.WriteUInt16BigEndian(payload, end.Code);
        Encoding.ASCII.GetBytes(end.Reason, payload.AsSpan(sizeof(ushort)));
        await _writing.WaitAsync().ConfigureAwait(false);
        try
        {
            // Nothing may follow it (RFC 6455 section 5.5.1).
            _isClosed = true;
            await inner.WriteAsync(ControlFrame.Create(FrameOpcode.Close, payload)).ConfigureAwait(false);
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Gives back what decompressing took, when nobody reads any more.</summary>
    public void EndReading() => _inflated?.Dispose();

    /// <summary>Writes a pong that nobody asked for, between two pieces of what is written.</summary>
    public Task WritePongAsync() => WriteControlAsync(ControlFrame.Create(FrameOpcode.Pong, []));

    /// <summary>Answers a ping, as far as the client takes answers.</summary>
    public Task AnswerPingAsync(ReadOnlyMemory<byte> payload) => AnswerAsync(ControlFrame.Create(FrameOpcode.Pong, payload.Span));

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush() => inner.Flush();

    private async Task AnswerAsync(ReadOnlyMemory<byte> frame)
    {
        if (_answersFail)
        {
            return;
        }

        try
        {
            await WriteControlAsync(frame).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // A client that is gone may have left a million pings, and an exception for each would be half a minute's work.
            _answersFail = true;

            // No reason to end reading: what the client sent before it went is still to be had, and reading meets the end by itself. The
            // second is what TLS says that was disposed of beside the read.
        }
    }

    private async Task WriteControlAsync(ReadOnlyMemory<byte> frame)
    {
        await _writing.WaitAsync().ConfigureAwait(false);
        try
        {
            await WritePieceAsync(frame).ConfigureAwait(false);
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task WriteInPiecesAsync(ReadOnlyMemory<byte> header, ReadOnlyMemory<byte> rest)
    {
        await _writing.WaitAsync().ConfigureAwait(false);
        byte[] first = ArrayPool<byte>.Shared.Rent(Math.Min(WriteSize, header.Length + rest.Length));
        try
        {
            // A header that goes alone is a packet of its own.
            int taken = Math.Min(first.Length - header.Length, rest.Length);
            header.CopyTo(first);
            rest[..taken].CopyTo(first.AsMemory(header.Length));
            await WritePieceAsync(first.AsMemory(0, header.Length + taken)).ConfigureAwait(false);
            for (int done = taken; done < rest.Length; done += WriteSize)
            {
                await WritePieceAsync(rest.Slice(done, Math.Min(WriteSize, rest.Length - done))).ConfigureAwait(false);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(first);
            _writing.Release();
        }
    }

    private async ValueTask WritePieceAsync(ReadOnlyMemory<byte> piece)
    {
        if (!_isClosed)
        {
            await inner.WriteAsync(piece).ConfigureAwait(false);
            activity.Taken();
        }
    }
}
