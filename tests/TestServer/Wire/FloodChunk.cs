using System.Buffers.Binary;

namespace MessageWebSockets.TestServer;

/// <summary>
/// Many frames in one block of bytes. They are built once; from one write to the next only their sequence numbers change,
/// so that a flood costs little more than the copy into the socket.
/// </summary>
internal sealed class FloodChunk
{
    private const int ChunkSize = 256 * 1024;
    private const int TextDigits = 10;
    private const int BinaryDigits = 8;

    private readonly byte[] _bytes;
    private readonly FloodPlan _plan;
    private readonly int _headerLength;
    private readonly int _frameLength;

    public FloodChunk(FloodPlan plan)
    {
        _plan = plan;
        Span<byte> header = stackalloc byte[14];
        _headerLength = FrameBytes.WriteHeader(header, plan.Type, (ulong)plan.Size);
        _frameLength = _headerLength + plan.Size;
        FramesPerChunk = Math.Max(1, ChunkSize / _frameLength);
        _bytes = GC.AllocateUninitializedArray<byte>(FramesPerChunk * _frameLength, pinned: true);
        _bytes.AsSpan().Fill((byte)'x');
        for (int frame = 0; frame < FramesPerChunk; frame++)
        {
            header[.._headerLength].CopyTo(_bytes.AsSpan(frame * _frameLength));
        }
    }

    public int FramesPerChunk { get; }

    /// <summary>The bytes of the frames numbered from <paramref name="first"/> on; valid until the next call.</summary>
    public ReadOnlyMemory<byte> Fill(long first, int count)
    {
        for (int frame = 0; frame < count; frame++)
        {
            Span<byte> payload = _bytes.AsSpan((frame * _frameLength) + _headerLength, _plan.Size);
            if (_plan.Type == FrameOpcode.Binary)
            {
                WriteBinary(payload, first + frame);
            }
            else
            {
                WriteText(payload, first + frame);
            }
        }

        return _bytes.AsMemory(0, count * _frameLength);
    }

    private static void WriteText(Span<byte> payload, long number)
    {
        for (int digit = Math.Min(TextDigits, payload.Length) - 1; digit >= 0; digit--)
        {
            (number, long rest) = Math.DivRem(number, 10);
            payload[digit] = (byte)('0' + rest);
        }
    }

    private static void WriteBinary(Span<byte> payload, long number)
    {
        if (payload.Length >= BinaryDigits)
        {
            BinaryPrimitives.WriteInt64BigEndian(payload, number);
            return;
        }

        for (int digit = payload.Length - 1; digit >= 0; digit--, number >>= 8)
        {
            payload[digit] = (byte)number;
        }
    }
}
