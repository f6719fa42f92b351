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

        if (!AreMasked(buffer.Span[..count]))
        {
            await WriteAsync(ProtocolErrorClose, cancellationToken).ConfigureAwait(false);
            throw new UnmaskedFrameException();
        }

        return count;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await inner.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
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

    // Follows the frames through whatever pieces they come in.
    private bool AreMasked(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_payloadRemaining > 0)
            {
                int skipped = (int)Math.Min(_payloadRemaining, bytes.Length);
                _payloadRemaining -= skipped;
                bytes = bytes[skipped..];
                continue;
            }

            _header[_headerCount++] = bytes[0];
            bytes = bytes[1..];
            if (_headerCount == 2 && (_header[1] & 0x80) == 0)
            {
                return false;
            }

            if (FrameHeader.TryParse(_header.AsSpan(0, _headerCount), out FrameHeader header) && header.HeaderLength == _headerCount)
            {
                // A length with the forbidden top bit is the framing's to refuse.
                _payloadRemaining = header.PayloadLength;
                _headerCount = 0;
            }
        }

        return true;
    }
}
