using System.Buffers;

namespace MessageWebSockets.Framing;

/// <summary>The payload of a frame to send, in one piece or in several.</summary>
internal readonly ref struct FramePayload
{
    private readonly ReadOnlySpan<byte> _first;
    private readonly ReadOnlySequence<byte> _rest;

    public FramePayload(ReadOnlySpan<byte> bytes)
    {
        _first = bytes;
        Length = bytes.Length;
    }

    public FramePayload(in ReadOnlySequence<byte> bytes)
    {
        _first = bytes.FirstSpan;
        Length = (int)bytes.Length;
        if (Length > _first.Length)
        {
            _rest = bytes.Slice(_first.Length);
        }
    }

    /// <summary>Its length in bytes.</summary>
    public int Length { get; }

    public static implicit operator FramePayload(ReadOnlySpan<byte> bytes) => new(bytes);

    /// <summary>Writes it as it is.</summary>
    /// <param name="target">At least as long.</param>
    public void CopyTo(Span<byte> target)
    {
        _first.CopyTo(target);
        if (Length > _first.Length)
        {
            _rest.CopyTo(target[_first.Length..]);
        }
    }

    /// <summary>Writes it with a mask put on (RFC 6455 section 5.3).</summary>
    /// <param name="target">At least as long.</param>
    /// <param name="key">The masking key; its bytes count in memory order.</param>
    public void MaskTo(Span<byte> target, uint key)
    {
        FrameMask.Apply(_first, target, key);
        if (Length == _first.Length)
        {
            return;
        }

        int done = _first.Length;
        foreach (ReadOnlyMemory<byte> piece in _rest)
        {
            FrameMask.Apply(piece.Span, target[done..], FrameMask.Turned(key, done));
            done += piece.Length;
        }
    }
}
