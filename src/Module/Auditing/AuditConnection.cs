using System.Net.Sockets;
using MessageWebSockets.Framing;
using MessageWebSockets.Handshake;

namespace MessageWebSockets.PowerShell.Auditing;

/// <summary>
/// One connection of a check: bytes out, an HTTP answer and frames in. It answers nothing by itself. Each wait ends after the timeout
/// of the plan. For one user at a time.
/// </summary>
internal sealed class AuditConnection(BareConnection bare, TimeSpan timeout, Action? release) : IDisposable
{
    private const int LargestHead = 64 * 1024;
    private const int KeptPayload = 4096;

    // How far a slow peer has come shows a piece at a time.
    private const int WritePiece = 64 * 1024;

    private byte[] _buffer = new byte[4096];
    private int _start;
    private int _end;
    private bool _isWriteBroken;
    private int _disposed;

    // The frame that is being read; a wait may end inside it, and the next one goes on there.
    private FrameHeader? _frame;
    private byte[] _kept = [];
    private long _done;

    /// <summary>How long each wait lasts at most.</summary>
    public TimeSpan Timeout => timeout;

    /// <summary>What opening it found out.</summary>
    public HandshakeFindings Findings => bare.Findings;

    /// <summary>Sends bytes. That nobody takes them shows when the answer is read.</summary>
    public async Task SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        if (_isWriteBroken)
        {
            return;
        }

        try
        {
            for (int sent = 0; sent < bytes.Length; sent += WritePiece)
            {
                ReadOnlyMemory<byte> piece = bytes.Slice(sent, Math.Min(WritePiece, bytes.Length - sent));
                await WithinAsync(
                    async limit =>
                    {
                        await bare.Stream.WriteAsync(piece, limit).ConfigureAwait(false);
                        await bare.Stream.FlushAsync(limit).ConfigureAwait(false);
                        return true;
                    },
                    "nothing more was taken",
                    timeout,
                    cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            // The answer may have come before the server hung up, and tells more.
            _isWriteBroken = true;
        }
    }

    /// <summary>Sends a request and reads the head of its answer.</summary>
    public async Task<AuditAnswer> AskAsync(AuditRequest request, CancellationToken cancellationToken)
    {
        await SendAsync(request.ToBytes(), cancellationToken).ConfigureAwait(false);
        return await WithinAsync(ReadAnswerAsync, "no answer", timeout, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>As <see cref="AskAsync(AuditRequest, CancellationToken)"/>, for evidence: where no answer comes it says to what.</summary>
    public async Task<AuditAnswer> AskAsync(AuditRequest request, string sent, CancellationToken cancellationToken)
    {
        try
        {
            return await AskAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (WireEndException e)
        {
            throw e.After(sent);
        }
    }

    /// <summary>The next bytes, as they come.</summary>
    public Task<byte[]> ReadSomeAsync(int least, CancellationToken cancellationToken) => WithinAsync(
        async limit =>
        {
            await EnsureAsync(least, limit).ConfigureAwait(false);
            return _buffer.AsSpan(_start, _end - _start).ToArray();
        },
        "nothing came",
        timeout,
        cancellationToken);

    /// <summary>The next frame.</summary>
    public Task<ReceivedFrame> ReadFrameAsync(TimeSpan patience, CancellationToken cancellationToken) =>
        WithinAsync(ReadFrameCoreAsync, "nothing came", patience, cancellationToken);

    /// <summary>Waits for the end of the connection, and passes over what comes before it.</summary>
    /// <returns>Ended or Reset.</returns>
    /// <exception cref="WireEndException">It is still open.</exception>
    public async Task<WireEnd> ReadToEndAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        try
        {
            return await WithinAsync<WireEnd>(
                async limit =>
                {
                    while (true)
                    {
                        _start = _end;
                        await EnsureAsync(1, limit).ConfigureAwait(false);
                    }
                },
                "still open",
                patience,
                cancellationToken).ConfigureAwait(false);
        }
        catch (WireEndException e) when (e.End is WireEnd.Ended or WireEnd.Reset)
        {
            return e.End;
        }
    }

    /// <summary>Sends a ping and waits for its pong; whatever comes before it is passed over.</summary>
    /// <returns>The pong, or the close frame that came in its place.</returns>
    public async Task<ReceivedFrame> PingAsync(ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        await SendAsync(ProbeFrame.Create(FrameOpcode.Ping, payload.Span), cancellationToken).ConfigureAwait(false);
        return await ReadPongAsync(timeout, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Waits for a pong; whatever comes before it is passed over.</summary>
    /// <returns>The pong, or the close frame that came in its place.</returns>
    public Task<ReceivedFrame> ReadPongAsync(TimeSpan patience, CancellationToken cancellationToken) =>
        ReadAnyAsync([FrameOpcode.Pong, FrameOpcode.Close], "no pong", patience, cancellationToken);

    /// <summary>Waits for a close frame; whatever comes before it is passed over.</summary>
    public Task<ReceivedFrame> ReadCloseAsync(TimeSpan patience, CancellationToken cancellationToken) =>
        ReadAnyAsync([FrameOpcode.Close], "no close frame", patience, cancellationToken);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            bare.Dispose();
            release?.Invoke();
        }
    }

    private static async Task<T> WithinAsync<T>(
        Func<CancellationToken, Task<T>> work, string silence, TimeSpan patience, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        try
        {
            return await work(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new WireEndException(WireEnd.Silent, $"{silence} within {AuditText.Seconds(patience)}");
        }
    }

    private Task<ReceivedFrame> ReadAnyAsync(
        FrameOpcode[] opcodes, string silence, TimeSpan patience, CancellationToken cancellationToken) => WithinAsync(
        async limit =>
        {
            while (true)
            {
                ReceivedFrame frame = await ReadFrameCoreAsync(limit).ConfigureAwait(false);
                if (opcodes.Contains(frame.Header.Opcode))
                {
                    return frame;
                }
            }
        },
        silence,
        patience,
        cancellationToken);

    private async Task<AuditAnswer> ReadAnswerAsync(CancellationToken cancellationToken)
    {
        int length;
        while ((length = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n\r\n"u8)) < 0)
        {
            if (_end - _start > LargestHead)
            {
                throw new WireEndException(WireEnd.Garbled, $"the head of the answer has more than {LargestHead / 1024} KiB");
            }

            await EnsureAsync(_end - _start + 1, cancellationToken).ConfigureAwait(false);
        }

        AuditAnswer? answer = AuditAnswer.Parse(_buffer.AsSpan(_start, length));
        _start += length + 4;
        return answer ?? throw new WireEndException(WireEnd.Garbled, "the answer is no HTTP");
    }

    private async Task<ReceivedFrame> ReadFrameCoreAsync(CancellationToken cancellationToken)
    {
        FrameHeader header = _frame ?? await ReadHeaderAsync(cancellationToken).ConfigureAwait(false);
        while (_done < header.PayloadLength)
        {
            await EnsureAsync(1, cancellationToken).ConfigureAwait(false);
            int count = (int)Math.Min(_end - _start, header.PayloadLength - _done);
            if (_done < _kept.Length)
            {
                _buffer.AsSpan(_start, (int)Math.Min(count, _kept.Length - _done)).CopyTo(_kept.AsSpan((int)_done));
            }

            _start += count;
            _done += count;
        }

        _frame = null;
        return new ReceivedFrame(header, _kept);
    }

    private async Task<FrameHeader> ReadHeaderAsync(CancellationToken cancellationToken)
    {
        FrameHeader header;
        while (!FrameHeader.TryParse(_buffer.AsSpan(_start, _end - _start), out header) || _end - _start < header.HeaderLength)
        {
            await EnsureAsync(_end - _start + 1, cancellationToken).ConfigureAwait(false);
        }

        if (header.PayloadLength < 0)
        {
            throw new WireEndException(WireEnd.Garbled, "a frame with a length that no frame can have came");
        }

        _start += header.HeaderLength;
        _frame = header;
        _kept = new byte[Math.Min(header.PayloadLength, KeptPayload)];
        _done = 0;
        return header;
    }

    private async Task EnsureAsync(int count, CancellationToken cancellationToken)
    {
        while (_end - _start < count)
        {
            MakeRoom(count);
            int read;
            try
            {
                read = await bare.Stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
            {
                throw new WireEndException(WireEnd.Reset, "the connection was reset");
            }

            if (read == 0)
            {
                throw bare.WasReset
                    ? new WireEndException(WireEnd.Reset, "the connection was reset")
                    : new WireEndException(WireEnd.Ended, "the server ended the connection");
            }

            _end += read;
        }
    }

    private void MakeRoom(int count)
    {
        if (_start == _end)
        {
            _start = _end = 0;
        }
        else if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length || count > _buffer.Length)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, count));
        }
    }
}
