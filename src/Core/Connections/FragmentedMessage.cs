using System.Text.Unicode;

namespace MessageWebSockets.Connections;

/// <summary>A message that is sent in frames of the caller's making; other messages wait until it is disposed. Not thread-safe.</summary>
internal sealed class FragmentedMessage(SocketMessageType type, RecordSeparator? records) : IDisposable
{
    private readonly RecordEnding? _ending = records is null ? null : new RecordEnding(records);
    private byte[] _unfinishedCharacter = [];
    private Gate.Permit _turn;

    public SocketMessageType Type => type;

    /// <summary>Whether a frame of it was sent, so that it has to be finished.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>Gives it the turn, which it keeps until it is disposed.</summary>
    public void Begin(Gate.Permit turn) => _turn = turn;

    /// <summary>The payload of the last frame, which ends the record where the message is one.</summary>
    public ReadOnlyMemory<byte> Finish(ReadOnlyMemory<byte> fragment) => _ending?.Finish(fragment) ?? fragment;

    /// <summary>Checks a frame before it is sent.</summary>
    /// <param name="fragment">Its payload.</param>
    /// <param name="wanted">The type the caller names for it, if any.</param>
    /// <param name="isFinal">Whether it is the last one.</param>
    /// <returns>The beginning of a character at its end, for <see cref="Advance"/>.</returns>
    /// <exception cref="ArgumentException">It is of another type than the message, or makes its text invalid.</exception>
    public byte[] Check(ReadOnlySpan<byte> fragment, SocketMessageType? wanted, bool isFinal)
    {
        if (wanted is { } named && named != type)
        {
            throw new ArgumentException(
                $"The open message is {type}, as its first frame said, and so is each frame of it (RFC 6455 section 5.4); "
                + $"this one was to be {named}. It was not sent.");
        }

        return type == SocketMessageType.Utf8 ? CheckText(fragment, isFinal) : [];
    }

    /// <summary>Says that the checked frame was sent.</summary>
    public void Advance(byte[] unfinishedCharacter, ReadOnlySpan<byte> fragment)
    {
        HasBegun = true;
        _ending?.Note(fragment);
        _unfinishedCharacter = unfinishedCharacter;
    }

    public void Dispose() => _turn.Dispose();

    // A character may be split over fragments, but only into what the next one can still make valid (RFC 6455 section 5.6).
    private byte[] CheckText(ReadOnlySpan<byte> fragment, bool isFinal)
    {
        ReadOnlySpan<byte> text = _unfinishedCharacter.Length == 0 ? fragment : (byte[])[.. _unfinishedCharacter, .. fragment];
        int unfinished = isFinal ? 0 : Utf8Boundary.UnfinishedLength(text);
        return Utf8.IsValid(text[..^unfinished])
            ? text[^unfinished..].ToArray()
            : throw new ArgumentException(
                "The text so far is not UTF-8. This frame was not sent; the message is open as before. "
                + "Send bytes that are no text as Binary.");
    }
}
