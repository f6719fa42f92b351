namespace MessageWebSockets.Tests.Messages;

/// <summary>A stream that gives a few bytes at a time, as a network does, and counts what was asked of it.</summary>
public sealed class ChunkedStream(byte[] content, int chunk) : MemoryStream(content, writable: false)
{
    public bool IsDisposed { get; private set; }

    public int Reads { get; private set; }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Reads++;
        return base.ReadAsync(buffer[..Math.Min(chunk, buffer.Length)], cancellationToken);
    }

    protected override void Dispose(bool disposing)
    {
        IsDisposed = true;
        base.Dispose(disposing);
    }
}
