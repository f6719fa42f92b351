using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace MessageWebSockets.Server;

/// <summary>
/// Follows the frames of a client through whatever pieces they come in, and notices at the first byte that shows it what RFC 6455
/// forbids a client to send, and its close frame.
/// </summary>
/// <remarks>
/// The framework's framing does not ask a client for masks, takes lengths in more bytes than they need, refuses close codes that were
/// registered after it was written, looks at text only when a frame is complete, and answers a fault before the messages that came
/// ahead of it are answered. So it gets nothing but frames that were checked here. Not thread-safe.
/// </remarks>
/// <param name="allowsCompression">Whether permessage-deflate was agreed on, which gives the first reserved bit its meaning.</param>
internal sealed class ClientFrameChecker(bool allowsCompression)
{
    private const byte ReservedBits = 0x70;
    private const byte CompressedBit = 0x40;
    private const byte MaskBit = 0x80;
    private const byte LengthBits = 0x7F;
    private const byte TopBit = 0x80;
    private const int MediumLength = 126;
    private const int LongLength = 127;
    private const int LongestHeader = 14;
    private const int MaskLength = 4;

    private readonly byte[] _header = new byte[LongestHeader];
    private readonly byte[] _closePayload = new byte[ControlFrame.MaxPayload];
    private int _headerCount;
    private FrameHeader _frame;
    private long _payloadDone;
    private bool _inPayload;
    private bool _inMessage;
    private bool _checksText;
    private Utf8Watch _text;

    /// <summary>Why nothing further is looked at: the client's close frame, or its fault. Null as long as all is well.</summary>
    public ConnectionEnd? End { get; private set; }

    /// <summary>Takes the next bytes.</summary>
    /// <returns>How many of them the framing may have: those before the close frame or the fault.</returns>
    public int Check(ReadOnlySpan<byte> bytes)
    {
        int index = 0;
        int passed = 0;
        while (index < bytes.Length && End is null)
        {
            index += _inPayload ? CheckPayload(bytes[index..]) : CheckHeader(bytes[index]);
            if (End is null && !IsCloseFrame)
            {
                passed = index;
            }
        }

        return passed;
    }

    private bool IsCloseFrame => _headerCount > 0 && (_header[0] & 0x0F) == (int)FrameOpcode.Close;

    private int CheckHeader(byte value)
    {
        _header[_headerCount++] = value;
        End = _headerCount switch
        {
            1 => FaultOfFirstByte(value),
            2 => FaultOfSecondByte(value),
            _ => FaultOfLength(),
        };
        if (End is null && FrameHeader.TryParse(_header.AsSpan(0, _headerCount), out _frame) && _frame.HeaderLength == _headerCount)
        {
            BeginPayload();
        }

        return 1;
    }

    private ConnectionEnd? FaultOfFirstByte(byte value)
    {
        FrameHeader first = new(value, IsMasked: true, HeaderLength: 0, PayloadLength: 0);
        int reserved = value & ReservedBits;
        if (reserved != 0 && !(reserved == CompressedBit && allowsCompression && first.Opcode is FrameOpcode.Text or FrameOpcode.Binary))
        {
            return Fault("A reserved bit (RFC 6455 section 5.2).");
        }

        return first.Opcode switch
        {
            FrameOpcode.Text or FrameOpcode.Binary when _inMessage =>
                Fault("A new message inside a fragmented one (RFC 6455 section 5.4)."),
            FrameOpcode.Continuation when !_inMessage => Fault("A continuation of nothing (RFC 6455 section 5.4)."),
            FrameOpcode.Close or FrameOpcode.Ping or FrameOpcode.Pong when !first.IsFinal =>
                Fault("A control frame in fragments (RFC 6455 section 5.5)."),
            FrameOpcode.Continuation or FrameOpcode.Text or FrameOpcode.Binary or FrameOpcode.Close or FrameOpcode.Ping
            or FrameOpcode.Pong => null,
            _ => Fault("A reserved opcode (RFC 6455 section 5.2)."),
        };
    }

    private ConnectionEnd? FaultOfSecondByte(byte value)
    {
        if ((value & MaskBit) == 0)
        {
            return Fault("A frame without a mask (RFC 6455 section 5.1).");
        }

        int length = value & LengthBits;
        bool isControl = (_header[0] & 0x08) != 0;
        return isControl && length > ControlFrame.MaxPayload ? Fault("A control frame of more than 125 bytes (RFC 6455 section 5.5).")
            : IsCloseFrame && length == 1 ? ConnectionEnd.AskedFor([0])
            : null;
    }

    // Of the bytes behind the first two, whose last ones are the mask.
    private ConnectionEnd? FaultOfLength()
    {
        ReadOnlySpan<byte> length = _header.AsSpan(2, _headerCount - 2);
        return (_header[1] & LengthBits, length.Length) switch
        {
            (LongLength, 1) when (length[0] & TopBit) != 0 => Fault("A length with its top bit set (RFC 6455 section 5.2)."),
            (MediumLength, sizeof(ushort)) when BinaryPrimitives.ReadUInt16BigEndian(length) < MediumLength => LongerThanNeeded(),
            (LongLength, sizeof(ulong)) when BinaryPrimitives.ReadUInt64BigEndian(length) <= ushort.MaxValue => LongerThanNeeded(),
            _ => null,
        };
    }

    private void BeginPayload()
    {
        if (!_frame.IsControl)
        {
            if (!_inMessage)
            {
                // What is compressed is looked at when it has been decompressed.
                _checksText = _frame is { Opcode: FrameOpcode.Text, ReservedBits: 0 };
                _text = default;
            }

            _inMessage = !_frame.IsFinal;
        }

        _payloadDone = 0;
        _inPayload = true;
        EndFrameIfDone();
    }

    private int CheckPayload(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> payload = bytes[..(int)Math.Min(bytes.Length, _frame.PayloadLength - _payloadDone)];
        if (_frame.Opcode == FrameOpcode.Close)
        {
            Unmask(payload, _closePayload.AsSpan((int)_payloadDone));
        }
        else if (!_frame.IsControl && _checksText && !IsText(payload))
        {
            End = NotText();
        }

        _payloadDone += payload.Length;
        EndFrameIfDone();
        return payload.Length;
    }

    private void EndFrameIfDone()
    {
        if (End is not null || _payloadDone < _frame.PayloadLength)
        {
            return;
        }

        if (_frame.Opcode == FrameOpcode.Close)
        {
            End = ConnectionEnd.AskedFor(_closePayload.AsSpan(0, (int)_payloadDone));
            return;
        }

        if (!_frame.IsControl && _frame.IsFinal && _checksText && !_text.IsComplete)
        {
            End = NotText();
            return;
        }

        _headerCount = 0;
        _inPayload = false;
    }

    private bool IsText(ReadOnlySpan<byte> payload)
    {
        Span<byte> unmasked = stackalloc byte[1024];
        int done = 0;
        while (done < payload.Length)
        {
            ReadOnlySpan<byte> chunk = payload.Slice(done, Math.Min(unmasked.Length, payload.Length - done));
            Unmask(chunk, unmasked, done);
            if (!_text.TryAppend(unmasked[..chunk.Length]))
            {
                return false;
            }

            done += chunk.Length;
        }

        return true;
    }

    private void Unmask(ReadOnlySpan<byte> payload, Span<byte> target, int offset = 0)
    {
        uint key = MemoryMarshal.Read<uint>(_header.AsSpan(_frame.HeaderLength - MaskLength));
        FrameMask.Apply(payload, target, FrameMask.Turned(key, (int)((_payloadDone + offset) % MaskLength)));
    }

    private static ConnectionEnd Fault(string reason) => new(ConnectionEnd.ProtocolError, reason);

    private static ConnectionEnd LongerThanNeeded() => Fault("A length in more bytes than it needs (RFC 6455 section 5.2).");

    private static ConnectionEnd NotText() => new(ConnectionEnd.InvalidPayload, "Text that is not UTF-8 (RFC 6455 section 8.1).");
}
