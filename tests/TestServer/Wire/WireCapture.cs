using System.Buffers;

namespace MessageWebSockets.TestServer;

/// <summary>Keeps the first bytes of one direction and counts them all, so that a flood does not fill the memory of a test.</summary>
internal sealed class WireCapture(int limit)
{
    private readonly Lock _lock = new();
    private readonly ArrayBufferWriter<byte> _bytes = new();
    private long _count;

    public long Count => Interlocked.Read(ref _count);

    public void Add(ReadOnlyMemory<byte> bytes)
    {
        long before = Interlocked.Add(ref _count, bytes.Length) - bytes.Length;
        if (before >= limit)
        {
            return;
        }

        lock (_lock)
        {
            int room = limit - _bytes.WrittenCount;
            _bytes.Write(bytes.Span[..Math.Min(Math.Max(room, 0), bytes.Length)]);
        }
    }

    public byte[] ToArray()
    {
        lock (_lock)
        {
            return _bytes.WrittenSpan.ToArray();
        }
    }
}
