namespace MessageWebSockets.Tests.Messages;

/// <summary>A stream that gives a few bytes at a time, as a network does, and counts what was asked of it.</summary>
public sealed class ChunkedStream(byte[] content, int chunk) : MemoryStream(content, writable: false)
{
    public bool IsDisposed { get; private set; }

    public int Reads => Asked.Count;

    /// <summary>How many bytes each read had room for.</summary>
    public IList<int> Asked { get; } = [];

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Asked.Add(buffer.Length);
        return base.ReadAsync(buffer[..Math.Min(chunk, buffer.Length)], cancellationToken);
    }

    protected override void Dispose(bool disposing)
    {
        IsDisposed = true;
        base.Dispose(disposing);
    }
}
