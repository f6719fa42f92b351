using System.Buffers;

namespace MessageWebSockets.Framing;

/// <summary>
/// Makes plain frames of the frames of a compressed message (RFC 7692 section 6): as many as it takes, none longer than the buffer,
/// the last one with what ends the message.
/// </summary>
internal sealed class InflatedFrames(MessageInflater inflater) : IDisposable
{
    private const int BufferSize = 16 * 1024;

    private byte[] _buffer = [];
    private FrameOpcode _opcode;
    private bool _isText;
    private Utf8Watch _text;
    private bool _isFinal;
    private long _remaining;
    private int _given;

    /// <summary>Whether a message has begun and not ended.</summary>
    public bool IsInMessage { get; private set; }

    /// <summary>Whether a frame of it has begun and not ended.</summary>
    public bool IsInFrame { get; private set; }

    /// <summary>Begins the next frame of the message, or a message with its first.</summary>
    public void Begin(FrameHeader header)
    {
        if (!IsInMessage)
        {
            IsInMessage = true;
            _opcode = header.Opcode;
            _isText = header.Opcode == FrameOpcode.Text;
            _text = default;
            _buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        }

        IsInFrame = true;
        _isFinal = header.IsFinal;
        _remaining = header.PayloadLength;
    }

    /// <summary>Makes the next plain frame, if the bytes of the compressed one that are here yield any.</summary>
    /// <param name="available">What is here of the frame, and perhaps of later ones; to stay as it is until all of it is taken.</param>
    /// <param name="header">The header of the plain frame.</param>
    /// <param name="taken">How many bytes are done with.</param>
    /// <returns>The plain frame, valid until the next call; empty when it takes more bytes, or the frame has ended.</returns>
    /// <exception cref="ProtocolViolationException">The data cannot be decompressed, or text is not UTF-8.</exception>
    public ReadOnlyMemory<byte> Next(ReadOnlyMemory<byte> available, out FrameHeader header, out int taken)
    {
        if (_given == 0)
        {
            _given = (int)Math.Min(available.Length, _remaining);
            inflater.Give(available[.._given], isEnd: _isFinal && _given == _remaining);
        }

        int filled = Fill();
        bool isDrained = filled < _buffer.Length - FrameHeader.MaxLength;
        taken = 0;
        if (isDrained)
        {
            taken = _given;
            _remaining -= _given;
            _given = 0;
            IsInFrame = _remaining > 0;
        }

        bool isEnd = !IsInFrame && _isFinal;
        if (_isText && (!_text.TryAppend(_buffer.AsSpan(FrameHeader.MaxLength, filled)) || (isEnd && !_text.IsComplete)))
        {
            throw ProtocolViolationException.InvalidText();
        }

        header = default;
        bool isWorthAFrame = filled > 0 || isEnd || (!IsInFrame && _opcode != FrameOpcode.Continuation);
        return isWorthAFrame ? Make(filled, isEnd, out header) : default;
    }

    /// <summary>The frame that was made is passed on.</summary>
    public void Release()
    {
        if (!IsInMessage)
        {
            ReturnBuffer();
        }
    }

    public void Dispose()
    {
        inflater.Dispose();
        ReturnBuffer();
    }

    private int Fill()
    {
        Span<byte> payload = _buffer.AsSpan(FrameHeader.MaxLength);
        int filled = 0;
        while (filled < payload.Length)
        {
            int written = inflater.Inflate(payload[filled..]);
            if (written == 0)
            {
                break;
            }

            filled += written;
        }

        return filled;
    }

    private ReadOnlyMemory<byte> Make(int payloadLength, bool isEnd, out FrameHeader header)
    {
        Span<byte> bytes = stackalloc byte[FrameHeader.MaxLength];
        header = FrameHeader.Write(bytes, _opcode, isEnd, payloadLength);
        int start = FrameHeader.MaxLength - header.HeaderLength;
        bytes[..header.HeaderLength].CopyTo(_buffer.AsSpan(start));
        _opcode = FrameOpcode.Continuation;
        IsInMessage = !isEnd;
        return _buffer.AsMemory(start, header.HeaderLength + payloadLength);
    }

    private void ReturnBuffer()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }
    }
}
