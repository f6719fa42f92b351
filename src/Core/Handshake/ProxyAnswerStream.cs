namespace MessageWebSockets.Handshake;

/// <summary>
/// A connection to a proxy that is asked for a tunnel. The cookies of its answer are no cookies for the framework, which would keep them
/// beside those of servers, and send one with the domain of the server in the very request that follows.
/// </summary>
/// <remarks>
/// The names of their header fields become ones that nobody knows, so that nothing else about the answer changes. What comes behind an
/// answer that opens the tunnel is the server's.
/// </remarks>
/// <param name="inner">The connection to the proxy, above its TLS.</param>
internal sealed class ProxyAnswerStream(Stream inner) : SequentialStream
{
    // "HTTP/1.1 200"
    private const int StatusPosition = 9;
    private const byte AnotherLetter = (byte)'x';

    private int _headLength;
    private int _lineLength;
    private int _matched;
    private byte _statusClass;
    private bool _endsInReturn;
    private bool _isBehindHead;
    private bool _isTunnel;

    public override bool CanRead => inner.CanRead;

    public override bool CanWrite => inner.CanWrite;

    private static ReadOnlySpan<byte> CookieField => "set-cookie"u8;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ValueTask<int> read = inner.ReadAsync(buffer, cancellationToken);
        return _isBehindHead ? read : FollowAsync(read, buffer);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>Writes a request, or what goes through the tunnel.</summary>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _isBehindHead = _isTunnel;
        _headLength = _lineLength = _matched = 0;
        return inner.WriteAsync(buffer, cancellationToken);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush() => inner.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override async ValueTask DisposeAsync()
    {
        await inner.DisposeAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private async ValueTask<int> FollowAsync(ValueTask<int> read, Memory<byte> buffer)
    {
        int count = await read.ConfigureAwait(false);
        Follow(buffer.Span[..count]);
        return count;
    }

    private void Follow(Span<byte> bytes)
    {
        for (int i = 0; i < bytes.Length && !_isBehindHead; i++)
        {
            byte next = bytes[i];
            _statusClass = _headLength == StatusPosition ? next : _statusClass;
            _headLength++;
            if (next == (byte)'\n')
            {
                EndLine();
                continue;
            }

            if (_matched == _lineLength && _matched < CookieField.Length && char.ToLowerInvariant((char)next) == CookieField[_matched])
            {
                _matched++;
                bytes[i] = _matched == CookieField.Length ? AnotherLetter : next;
            }

            _lineLength++;
            _endsInReturn = next == (byte)'\r';
        }
    }

    private void EndLine()
    {
        bool isEmpty = _lineLength == 0 || (_lineLength == 1 && _endsInReturn);
        _lineLength = _matched = 0;
        if (isEmpty)
        {
            // Behind an interim answer comes another head (RFC 9110 section 15.2).
            _isTunnel = _statusClass == (byte)'2';
            _isBehindHead = _statusClass != (byte)'1';
            _headLength = 0;
        }
    }
}
