using System.Buffers;

namespace MessageWebSockets;

/// <summary>A growing stretch of pooled memory that frames are appended to until the pump takes them. Not thread-safe.</summary>
internal sealed class OutboundBuffer
{
    private const int SmallestRent = 4096;

    private byte[] _bytes = [];

    public int Count { get; private set; }

    /// <summary>How many messages have their last byte in here.</summary>
    public int CompletedMessages { get; set; }

    public ReadOnlyMemory<byte> Content => _bytes.AsMemory(0, Count);

    public void Append(ReadOnlySpan<byte> frame)
    {
        int needed = checked(Count + frame.Length);
        if (needed > _bytes.Length)
        {
            long doubled = Math.Min(2L * _bytes.Length, Array.MaxLength);
            byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Max(Math.Max(needed, doubled), SmallestRent));
            _bytes.AsSpan(0, Count).CopyTo(larger);
            Release();
            _bytes = larger;
        }

        frame.CopyTo(_bytes.AsSpan(Count));
        Count = needed;
    }

    /// <summary>Empties the buffer but keeps its memory for what comes next.</summary>
    public void Clear()
    {
        Count = 0;
        CompletedMessages = 0;
    }

    /// <summary>Gives the memory of an empty buffer back, so that an idle connection holds none.</summary>
    public void Release()
    {
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = [];
        }
    }
}
