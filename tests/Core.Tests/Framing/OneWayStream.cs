using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Framing;

/// <summary>A network that gives what it holds in pieces and then ends, and keeps what is written to it.</summary>
internal sealed class OneWayStream(byte[] content, int longestRead, int seed) : SequentialStream
{
    private readonly Random _random = new(seed);
    private readonly MemoryStream _written = new();
    private int _position;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    /// <summary>The frames that were written, unmasked.</summary>
    public IEnumerable<(WireOpcode Opcode, byte[] Payload)> Frames()
    {
        byte[] bytes;
        lock (_written)
        {
            bytes = _written.ToArray();
        }

        return ReadFrames.OfClient(bytes).Select(static frame => (frame.Opcode, frame.Payload));
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_random.Next(16) == 0)
        {
            await Task.Yield();
        }

        int count = Math.Min(Math.Min(buffer.Length, content.Length - _position), _random.Next(1, longestRead + 1));
        content.AsMemory(_position, count).CopyTo(buffer);
        _position += count;
        return count;
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        lock (_written)
        {
            _written.Write(buffer.Span);
        }

        return default;
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Write(byte[] buffer, int offset, int count) => WriteAsync(buffer.AsMemory(offset, count)).AsTask().Wait();
}
