using System.Runtime.InteropServices;

namespace MessageWebSockets.Server;

/// <summary>
/// Reads the payload of a client's binary messages as it arrives, and answers its pings. Where a message ends means nothing.
/// </summary>
/// <remarks>
/// One reader. The frames were found right by <see cref="ClientFrameChecker"/>, so that no more is left of them than masks and pings. The
/// framework's framing would wait until a frame is here whole, or its reader's memory full.
/// </remarks>
internal sealed class ClientPayload(ClientFrameStream frames)
{
    private readonly byte[] _header = new byte[FrameHeader.MaxLength + sizeof(uint)];
    private FrameHeader _frame;
    private uint _key;
    private long _remaining;

    /// <summary>Reads what has arrived, or waits for something.</summary>
    /// <param name="buffer">Where to; an empty one only waits.</param>
    /// <returns>How much it is; null when the frames are over, be it inside one.</returns>
    /// <exception cref="ProtocolViolationException">A text message came.</exception>
    public async ValueTask<int?> ReadAsync(Memory<byte> buffer)
    {
        while (_remaining == 0)
        {
            if (!await TryBeginAsync().ConfigureAwait(false))
            {
                return null;
            }
        }

        if (buffer.Length == 0)
        {
            return await frames.WaitAsync(CancellationToken.None).ConfigureAwait(false) ? 0 : null;
        }

        int read = await ReadMaskedAsync(buffer).ConfigureAwait(false);
        return read > 0 ? read : null;
    }

    // Whether there is another frame; a control frame is done with then.
    private async ValueTask<bool> TryBeginAsync()
    {
        // Two bytes at a time until the length is known, and with it where the key is.
        int filled = 0;
        for (int wanted = 2; filled < wanted;)
        {
            if (!await TryFillAsync(_header.AsMemory(filled, wanted - filled)).ConfigureAwait(false))
            {
                return false;
            }

            filled = wanted;
            wanted = FrameHeader.TryParse(_header.AsSpan(0, filled), out _frame) ? _frame.HeaderLength : filled + 2;
        }

        _key = MemoryMarshal.Read<uint>(_header.AsSpan(filled - sizeof(uint)));
        _remaining = _frame.PayloadLength;
        return _frame.Opcode switch
        {
            FrameOpcode.Text => throw ProtocolViolationException.TextInStream(),
            FrameOpcode.Ping or FrameOpcode.Pong => await TryAnswerAsync().ConfigureAwait(false),
            _ => true,
        };
    }

    private async ValueTask<bool> TryAnswerAsync()
    {
        byte[] payload = new byte[_remaining];
        for (int filled = 0; filled < payload.Length;)
        {
            int read = await ReadMaskedAsync(payload.AsMemory(filled)).ConfigureAwait(false);
            if (read == 0)
            {
                return false;
            }

            filled += read;
        }

        if (_frame.Opcode == FrameOpcode.Ping)
        {
            await frames.AnswerPingAsync(payload).ConfigureAwait(false);
        }

        return true;
    }

    private async ValueTask<bool> TryFillAsync(Memory<byte> target)
    {
        while (target.Length > 0)
        {
            int read = await frames.ReadAsync(target).ConfigureAwait(false);
            if (read == 0)
            {
                return false;
            }

            target = target[read..];
        }

        return true;
    }

    private async ValueTask<int> ReadMaskedAsync(Memory<byte> buffer)
    {
        Memory<byte> target = buffer[..(int)Math.Min(buffer.Length, _remaining)];
        int read = await frames.ReadAsync(target).ConfigureAwait(false);
        FrameMask.Apply(target.Span[..read], target.Span, _key);
        _key = FrameMask.Turned(_key, read);
        _remaining -= read;
        return read;
    }
}
