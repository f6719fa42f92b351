namespace MessageWebSockets.Messages;

/// <summary>An incoming message went over the size limit; the connection turns it into the error of the contract.</summary>
internal sealed class MessageTooLargeException(long size, long limit, bool isExact) : Exception
{
    /// <summary>The size that was seen, in bytes after decompression.</summary>
    public long Size { get; } = size;

    /// <summary>The limit, in bytes.</summary>
    public long Limit { get; } = limit;

    /// <summary>Whether <see cref="Size"/> is the whole message, or what had come of it.</summary>
    public bool IsExact { get; } = isExact;
}
