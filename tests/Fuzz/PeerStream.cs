namespace MessageWebSockets.Fuzz;

/// <summary>A peer that sends given bytes, so many at a time, and then ends the connection. It keeps what it is sent.</summary>
internal sealed class PeerStream(ReadOnlyMemory<byte> sends, int atATime) : SequentialStream
{
    private readonly MemoryStream _received = new();
    private ReadOnlyMemory<byte> _rest = sends;

    /// <summary>What it was sent.</summary>
    public ReadOnlyMemory<byte> Received
    {
        get
        {
            lock (_received)
            {
                return _received.ToArray();
            }
        }
    }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override int Read(Span<byte> buffer)
    {
        int count = Math.Min(Math.Min(buffer.Length, atATime), _rest.Length);
        _rest.Span[..count].CopyTo(buffer);
        _rest = _rest[count..];
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        lock (_received)
        {
            _received.Write(buffer);
        }
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Write(buffer.Span);
        return default;
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
