using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace MessageWebSockets.Framing;

/// <summary>Watches text that comes in pieces: the first byte that cannot belong to UTF-8 is found with the piece that brings it.</summary>
internal struct Utf8Watch
{
    private const int LongestCharacter = 4;

    // The beginning of a character that the next piece has to finish.
    private uint _unfinished;
    private int _unfinishedLength;

    /// <summary>Whether the text may end here.</summary>
    public readonly bool IsComplete => _unfinishedLength == 0;

    /// <summary>Whether bytes in several pieces are UTF-8 as a whole.</summary>
    public static bool IsText(in ReadOnlySequence<byte> bytes)
    {
        Utf8Watch watch = default;
        foreach (ReadOnlyMemory<byte> piece in bytes)
        {
            if (!watch.TryAppend(piece.Span))
            {
                return false;
            }
        }

        return watch.IsComplete;
    }

    /// <summary>Forgets all text so far.</summary>
    public void Reset() => _unfinishedLength = 0;

    /// <summary>Takes the next piece; false when the text is not UTF-8.</summary>
    public bool TryAppend(ReadOnlySpan<byte> piece)
    {
        Span<byte> character = stackalloc byte[LongestCharacter];
        while (_unfinishedLength > 0 && piece.Length > 0)
        {
            _unfinished |= (uint)piece[0] << (8 * _unfinishedLength++);
            piece = piece[1..];
            BinaryPrimitives.WriteUInt32LittleEndian(character, _unfinished);
            switch (Rune.DecodeFromUtf8(character[.._unfinishedLength], out _, out _))
            {
                case OperationStatus.Done:
                    _unfinishedLength = 0;
                    break;
                case OperationStatus.InvalidData:
                    return false;
            }
        }

        int unfinished = Utf8Boundary.UnfinishedLength(piece);
        if (!Utf8.IsValid(piece[..^unfinished]))
        {
            return false;
        }

        foreach (byte part in piece[^unfinished..])
        {
            _unfinished = (_unfinishedLength == 0 ? 0 : _unfinished) | ((uint)part << (8 * _unfinishedLength));
            _unfinishedLength++;
        }

        return true;
    }
}
