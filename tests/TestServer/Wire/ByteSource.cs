namespace MessageWebSockets.TestServer;

/// <summary>
/// A read buffer over a stream that lets the caller look ahead; for one reader at a time. It starts small and grows with the
/// traffic: thousands of idle connections must not cost a flood's buffer each.
/// </summary>
internal sealed class ByteSource(Stream stream, int capacity, Action<ReadOnlyMemory<byte>>? arrived)
{
    private const int InitialCapacity = 4096;
    private const int GrowthFactor = 4;

    private byte[] _buffer = new byte[Math.Min(InitialCapacity, capacity)];
    private bool _wasFilled;
    private int _start;
    private int _end;

    public ReadOnlyMemory<byte> Available => _buffer.AsMemory(_start, _end - _start);

    public void Advance(int count) => _start += count;

    /// <summary>Fills the buffer until it holds <paramref name="count"/> bytes; false if the peer ended before.</summary>
    public async ValueTask<bool> EnsureAsync(int count, CancellationToken cancellationToken)
    {
        while (_end - _start < count)
        {
            if (await FillAsync(cancellationToken) == 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Reads once more and returns how many bytes came: 0 at the end of the stream.</summary>
    public async ValueTask<int> FillAsync(CancellationToken cancellationToken)
    {
        if (_start == _end)
        {
            _start = _end = 0;
            if (_wasFilled && _buffer.Length < capacity)
            {
                Grow();
            }
        }
        else if (_end == _buffer.Length || _start > _buffer.Length / 2)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length)
        {
            Grow();
        }

        int count = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
        arrived?.Invoke(_buffer.AsMemory(_end, count));
        _end += count;
        _wasFilled = _end == _buffer.Length;
        return count;
    }

    public async ValueTask<int> ReadAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        if (_start == _end && await FillAsync(cancellationToken) == 0)
        {
            return 0;
        }

        int count = Math.Min(target.Length, _end - _start);
        _buffer.AsMemory(_start, count).CopyTo(target);
        _start += count;
        return count;
    }

    private void Grow()
    {
        if (_buffer.Length == capacity)
        {
            throw new InvalidDataException($"More than {capacity} bytes were needed at once.");
        }

        byte[] larger = new byte[Math.Min(_buffer.Length * GrowthFactor, capacity)];
        _buffer.AsSpan(_start, _end - _start).CopyTo(larger);
        _buffer = larger;
        _end -= _start;
        _start = 0;
    }
}
