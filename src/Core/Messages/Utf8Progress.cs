using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace MessageWebSockets;

/// <summary>Follows text as its bytes arrive and notices the first byte that no continuation can make UTF-8 (RFC 6455 section 8.1).</summary>
/// <remarks>Not thread-safe. A mutable structure: keep it in a field.</remarks>
internal struct Utf8Progress
{
    private const int LongestCharacter = 4;

    // The first bytes of a character that goes on in the next chunk, in their order from the lowest byte up.
    private uint _unfinished;
    private int _unfinishedLength;

    /// <summary>Whether the text so far ends with a whole character.</summary>
    public readonly bool IsAtBoundary => _unfinishedLength == 0;

    /// <summary>Takes the next bytes; false as soon as one of them cannot be part of a text.</summary>
    public bool Append(ReadOnlySpan<byte> chunk)
    {
        if (_unfinishedLength > 0 && !FinishCharacter(ref chunk))
        {
            return false;
        }

        int unfinished = Utf8Boundary.UnfinishedLength(chunk);
        if (!Utf8.IsValid(chunk[..^unfinished]))
        {
            return false;
        }

        foreach (byte b in chunk[^unfinished..])
        {
            Keep(b);
        }

        return true;
    }

    private bool FinishCharacter(ref ReadOnlySpan<byte> chunk)
    {
        Span<byte> character = stackalloc byte[LongestCharacter];
        while (chunk.Length > 0)
        {
            Keep(chunk[0]);
            chunk = chunk[1..];
            for (int i = 0; i < _unfinishedLength; i++)
            {
                character[i] = (byte)(_unfinished >> (8 * i));
            }

            switch (Rune.DecodeFromUtf8(character[.._unfinishedLength], out _, out _))
            {
                case OperationStatus.Done:
                    _unfinished = 0;
                    _unfinishedLength = 0;
                    return true;
                case OperationStatus.InvalidData:
                    return false;
            }
        }

        return true;
    }

    private void Keep(byte value)
    {
        _unfinished |= (uint)value << (8 * _unfinishedLength);
        _unfinishedLength++;
    }
}
