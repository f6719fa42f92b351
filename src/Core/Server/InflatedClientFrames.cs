using System.Runtime.InteropServices;

namespace MessageWebSockets.Server;

/// <summary>
/// Makes plain frames of the compressed messages of a client (RFC 7692), for a framing that refuses a final DEFLATE block and looks at
/// text only when a frame is complete. All other frames pass as they are.
/// </summary>
/// <remarks>
/// One reader. The frames were found right by <see cref="ClientFrameChecker"/>. A plain frame made here has a mask of zeros, which leaves
/// the payload as it is: the framing takes no frame without a mask from a client.
/// </remarks>
/// <param name="inflater">Decompresses.</param>
internal sealed class InflatedClientFrames(MessageInflater inflater) : IDisposable
{
    private const int BufferSize = 16 * 1024;
    private const byte MaskBit = 0x80;

    private readonly InflatedFrames _inflated = new(inflater);
    private uint _key;

    // From the network, from _start to _end; of a compressed frame, the first _unmaskedCount of them have no mask any more.
    private byte[] _buffer = [];
    private int _start;
    private int _end;
    private int _unmaskedCount;
    private long _maskedRemaining;
    private long _plainRemaining;

    // A frame made here, what the framing has not read of it.
    private readonly byte[] _header = new byte[FrameHeader.MaxLength + sizeof(uint)];
    private ReadOnlyMemory<byte> _madeHeader;
    private ReadOnlyMemory<byte> _madePayload;

    private int UnreadCount => _end - _start;

    /// <summary>Reads what the framing may have; 0 when the frames are over.</summary>
    /// <param name="target">Where to; not empty.</param>
    /// <param name="readAsync">Reads frames of the client that are right.</param>
    /// <param name="cancellationToken">Ends the wait, and with it the connection.</param>
    /// <exception cref="ProtocolViolationException">The data cannot be decompressed, or text is not UTF-8.</exception>
    public async ValueTask<int> ReadAsync(
        Memory<byte> target, Func<Memory<byte>, CancellationToken, ValueTask<int>> readAsync, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (_madeHeader.Length > 0)
            {
                return Give(target.Span, ref _madeHeader);
            }

            if (_madePayload.Length > 0)
            {
                return Give(target.Span, ref _madePayload);
            }

            if (_plainRemaining > 0 && UnreadCount > 0)
            {
                return GivePlain(target.Span);
            }

            if (_inflated.IsInFrame ? !TryInflate() : _plainRemaining > 0 || !TryBegin())
            {
                if (!await FillAsync(readAsync, cancellationToken).ConfigureAwait(false))
                {
                    return 0;
                }
            }
        }
    }

    public void Dispose() => _inflated.Dispose();

    private int Give(Span<byte> target, ref ReadOnlyMemory<byte> made)
    {
        int count = Math.Min(target.Length, made.Length);
        made.Span[..count].CopyTo(target);
        made = made[count..];
        if (_madeHeader.Length + _madePayload.Length == 0)
        {
            _inflated.Release();
        }

        return count;
    }

    private int GivePlain(Span<byte> target)
    {
        int count = (int)Math.Min(Math.Min(target.Length, UnreadCount), _plainRemaining);
        _buffer.AsSpan(_start, count).CopyTo(target);
        _start += count;
        _plainRemaining -= count;
        return count;
    }

    // Whether the header of the next frame is here.
    private bool TryBegin()
    {
        if (!FrameHeader.TryParse(_buffer.AsSpan(_start, UnreadCount), out FrameHeader header) || header.HeaderLength > UnreadCount)
        {
            return false;
        }

        bool isCompressed = !header.IsControl
            && (header.IsCompressed || (_inflated.IsInMessage && header.Opcode == FrameOpcode.Continuation));
        if (!isCompressed)
        {
            _plainRemaining = header.HeaderLength + header.PayloadLength;
            return true;
        }

        _key = MemoryMarshal.Read<uint>(_buffer.AsSpan(_start + header.HeaderLength - sizeof(uint)));
        _start += header.HeaderLength;
        _maskedRemaining = header.PayloadLength;
        _inflated.Begin(header);
        return true;
    }

    // Whether a plain frame was made, or the compressed one is over; else it takes more bytes.
    private bool TryInflate()
    {
        Unmask();
        ReadOnlyMemory<byte> made = _inflated.Next(_buffer.AsMemory(_start, _unmaskedCount), out FrameHeader header, out int taken);
        _start += taken;
        _unmaskedCount -= taken;
        if (made.Length > 0)
        {
            Mask(made.Span[..header.HeaderLength]);
            _madePayload = made[header.HeaderLength..];
        }

        return made.Length > 0 || !_inflated.IsInFrame;
    }

    // The key is left as it is, zeros.
    private void Mask(ReadOnlySpan<byte> header)
    {
        Array.Clear(_header);
        header.CopyTo(_header);
        _header[1] |= MaskBit;
        _madeHeader = _header.AsMemory(0, header.Length + sizeof(uint));
    }

    private void Unmask()
    {
        Span<byte> masked = _buffer.AsSpan(_start, UnreadCount)[_unmaskedCount..];
        masked = masked[..(int)Math.Min(masked.Length, _maskedRemaining)];
        FrameMask.Apply(masked, masked, _key);
        _key = FrameMask.Turned(_key, masked.Length);
        _maskedRemaining -= masked.Length;
        _unmaskedCount += masked.Length;
    }

    private async ValueTask<bool> FillAsync(
        Func<Memory<byte>, CancellationToken, ValueTask<int>> readAsync, CancellationToken cancellationToken)
    {
        if (_buffer.Length == 0)
        {
            _buffer = new byte[BufferSize];
        }

        // At most a part of a header is left.
        _buffer.AsSpan(_start, UnreadCount).CopyTo(_buffer);
        _end = UnreadCount;
        _start = 0;
        int count = await readAsync(_buffer.AsMemory(_end), cancellationToken).ConfigureAwait(false);
        _end += count;
        return count > 0;
    }
}
