namespace MessageWebSockets.Messages;

/// <summary>Follows a message that is sent in fragments, to find out whether it ends with the separator of records.</summary>
internal sealed class RecordEnding(RecordSeparator separator)
{
    private byte[] _end = [];
    private bool _isBlank = true;

    /// <summary>The last fragment, with the separator behind it where the message is to get one.</summary>
    public ReadOnlyMemory<byte> Finish(ReadOnlyMemory<byte> last)
    {
        bool isBlank = _isBlank && RecordSeparator.IsBlank(last.Span);
        return isBlank || EndWith(last.Span).AsSpan().EndsWith(separator.Bytes) ? last : separator.Append(last.Span);
    }

    /// <summary>Says that a fragment was sent and others follow.</summary>
    public void Note(ReadOnlySpan<byte> fragment)
    {
        _isBlank = _isBlank && RecordSeparator.IsBlank(fragment);
        _end = EndWith(fragment);
    }

    // As many of the last bytes as a separator has.
    private byte[] EndWith(ReadOnlySpan<byte> fragment)
    {
        int length = separator.Bytes.Length;
        byte[] end = [.. _end, .. fragment[Math.Max(0, fragment.Length - length)..]];
        return end[Math.Max(0, end.Length - length)..];
    }
}
