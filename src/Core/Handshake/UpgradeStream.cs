namespace MessageWebSockets.Handshake;

/// <summary>
/// A connection that the framework asks for an upgrade on, from which it gets the answer to the end of its head and no more: what comes
/// behind it is no longer HTTP. So the connection can be taken over from the framework, which keeps two buffers and what made the
/// connection as long as one goes through it, and adds a step to each read.
/// </summary>
/// <remarks>
/// The end of a head is where the framework sees it: at a line with nothing before its LF but perhaps a CR (RFC 9112 section 2.2). An
/// answer whose head does not begin as one with the status 101 does, which a body may follow, passes as it is.
/// </remarks>
/// <param name="inner">The connection, above TLS and proxies.</param>
internal sealed class UpgradeStream(Stream inner) : SequentialStream
{
    // "HTTP/1.1 101"
    private const int StatusPosition = 9;
    private const int SwitchingProtocols = 101;
    private const int StatusDigits = 3;

    private int _headLength;
    private int _lineLength;
    private int _status;
    private bool _endsInReturn;
    private bool _isPassing;
    private bool _isUpgraded;
    private bool _isReadOn;
    private ReadOnlyMemory<byte> _behindHead;

    public override bool CanRead => inner.CanRead;

    public override bool CanWrite => inner.CanWrite;

    /// <summary>The connection itself, with what has come behind the head; null where the framework may have read on.</summary>
    public Stream? TakeOver() =>
        !_isUpgraded || _isReadOn ? null : _behindHead.Length > 0 ? new ResumedStream(_behindHead, inner) : inner;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_isPassing)
        {
            return inner.ReadAsync(buffer, cancellationToken);
        }

        if (!_isUpgraded)
        {
            return FollowAsync(inner.ReadAsync(buffer, cancellationToken), buffer);
        }

        // Nobody took the connection over, or the framework sees the end of the head elsewhere: it reads on.
        _isReadOn = true;
        int count = Math.Min(buffer.Length, _behindHead.Length);
        _behindHead[..count].CopyTo(buffer);
        _behindHead = _behindHead[count..];
        return count > 0 ? new ValueTask<int>(count) : inner.ReadAsync(buffer, cancellationToken);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>Writes a request, or a part of one: what comes next is the head of an answer.</summary>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        BeginHead();
        _isPassing = _isUpgraded = false;
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
        int ofHead = Follow(buffer.Span[..count]);
        _behindHead = buffer[ofHead..count].ToArray();
        return ofHead;
    }

    // How much of what came is the framework's.
    private int Follow(ReadOnlySpan<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            byte next = bytes[i];
            bool isDigitOfStatus = _headLength is >= StatusPosition and < StatusPosition + StatusDigits;
            _status = isDigitOfStatus ? (_status * 10) + (next - '0') : _status;
            _headLength++;
            if (next != '\n')
            {
                _lineLength++;
                _endsInReturn = next == '\r';
                continue;
            }

            bool isEmpty = _lineLength == 0 || (_lineLength == 1 && _endsInReturn);
            _lineLength = 0;
            if (!isEmpty)
            {
                continue;
            }

            if (_status == SwitchingProtocols)
            {
                _isUpgraded = true;
                return i + 1;
            }

            // Another interim answer announces the next one (RFC 9110 section 15.2); any other may have a body.
            _isPassing = _status is < 100 or > 199;
            if (_isPassing)
            {
                return bytes.Length;
            }

            BeginHead();
        }

        return bytes.Length;
    }

    private void BeginHead() => _headLength = _lineLength = _status = 0;
}
