namespace MessageWebSockets;

/// <summary>
/// Stands between the framework's framing and the client's connection: begins with what was read along with the request, and sees
/// to it that the client masks its frames, as RFC 6455 section 5.1 has a server do and the framework does not.
/// </summary>
/// <remarks>
/// One reader; writes wait for each other. Disposing it leaves the connection open: the framework does that as soon as the frames are
/// over, when the client may still be sending.
/// </remarks>
internal sealed class ClientFrameStream(Stream inner, ReadOnlyMemory<byte> early) : Stream
{
    private const int LongestHeader = 14;

    // Code 1002, unmasked as everything a server sends.
    private static readonly byte[] ProtocolErrorClose = [0x88, 0x02, 0x03, 0xEA];

    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly byte[] _header = new byte[LongestHeader];
    private ReadOnlyMemory<byte> _early = early;
    private int _headerCount;
    private long _payloadRemaining;
    private bool _isBroken;
    private bool _isClosed;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_isBroken)
        {
            await RefuseAsync(cancellationToken).ConfigureAwait(false);
        }

        int count;
        if (_early.Length > 0 && buffer.Length > 0)
        {
            count = Math.Min(_early.Length, buffer.Length);
            _early[..count].CopyTo(buffer);
            _early = _early[count..];
        }
        else
        {
            count = await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        }

        // The frames before the wrong one count.
        int good = Follow(buffer.Span[..count]);
        _isBroken = good < count;
        if (_isBroken && good == 0)
        {
            await RefuseAsync(cancellationToken).ConfigureAwait(false);
        }

        return good;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!_isClosed)
            {
                await inner.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            _writing.Release();
        }
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() => inner.Flush();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private async Task RefuseAsync(CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!_isClosed)
            {
                // Nothing may follow a close frame.
                _isClosed = true;
                await inner.WriteAsync(ProtocolErrorClose, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            _writing.Release();
        }

        throw new UnmaskedFrameException();
    }

    // Follows the frames through whatever pieces they come in; returns how many bytes lie before the end of a header without a mask.
    private int Follow(ReadOnlySpan<byte> bytes)
    {
        int index = 0;
        while (index < bytes.Length)
        {
            if (_payloadRemaining > 0)
            {
                int skipped = (int)Math.Min(_payloadRemaining, bytes.Length - index);
                _payloadRemaining -= skipped;
                index += skipped;
                continue;
            }

            _header[_headerCount++] = bytes[index];
            if (_headerCount == 2 && (_header[1] & 0x80) == 0)
            {
                return Math.Max(0, index - 1);
            }

            index++;
            if (FrameHeader.TryParse(_header.AsSpan(0, _headerCount), out FrameHeader header) && header.HeaderLength == _headerCount)
            {
                // A length with the forbidden top bit is the framing's to refuse.
                _payloadRemaining = header.PayloadLength;
                _headerCount = 0;
            }
        }

        return index;
    }
}
