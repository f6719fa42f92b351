namespace MessageWebSockets.PowerShell.Messages;

/// <summary>Reads a stream in the fragments of one message, one ahead, so that the last of them is known before it is sent.</summary>
internal sealed class FragmentReader
{
    private const int LongestBuffer = 1024 * 1024;

    private readonly Stream _content;
    private byte[] _given;
    private byte[] _ahead;
    private int _count;
    private long _total;

    /// <param name="content">The stream, at its beginning.</param>
    /// <param name="fragmentSize">The most bytes of a fragment.</param>
    /// <exception cref="IOException">It cannot be read.</exception>
    public FragmentReader(Stream content, int fragmentSize)
    {
        _content = content;

        // A file of a system that makes its content when it is read, such as /proc, says that its length is 0.
        Length = content.CanSeek ? content.Length : 0;
        _ahead = new byte[Length > 0 ? (int)Math.Min(fragmentSize, Length) : Math.Min(fragmentSize, LongestBuffer)];
        _given = new byte[_ahead.Length];
        Fill();
    }

    /// <summary>How much there was to read at first; 0 where that is not known.</summary>
    public long Length { get; }

    /// <summary>The next fragment, which is good until the next call.</summary>
    /// <param name="isLast">Whether the message ends with it.</param>
    /// <exception cref="IOException">The rest cannot be read, or is not there any more.</exception>
    public ReadOnlyMemory<byte> Read(out bool isLast)
    {
        (_given, _ahead) = (_ahead, _given);
        int count = _count;
        Fill();
        isLast = _count == 0;

        // Some systems say of a file that it is longer than what can be read of it; those do not change their mind.
        if (isLast && _total < Length && _content.Length < Length)
        {
            throw new IOException($"It was cut off while it was read: of {Length} bytes {_total} were there.");
        }

        return _given.AsMemory(0, count);
    }

    private void Fill()
    {
        _count = _content.ReadAtLeast(_ahead, _ahead.Length, throwOnEndOfStream: false);
        _total += _count;
    }
}
