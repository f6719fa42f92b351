using System.Buffers;
using System.Runtime.InteropServices;

namespace MessageWebSockets.Framing;

/// <summary>A growing stretch of pooled memory that frames are appended to until the pump takes them. Not thread-safe.</summary>
/// <remarks>
/// Large arrays come from a pool with few of each size and go back after every write: the shared pool keeps every size once for each
/// thread and many times for each core, long after anybody needs it.
/// </remarks>
internal sealed class OutboundBuffer
{
    /// <summary>The most that a buffer keeps for what comes next, in bytes.</summary>
    internal const int KeptLength = 64 * 1024;

    private const int SmallestRent = 4096;
    private const byte MaskBit = 0x80;

    // At most 8 MiB in all, of 128 KiB to 2 MiB each; what is longer is left to the garbage collector. Two are what one sender needs.
    private const int LongestPooled = 2 * 1024 * 1024;
    private const int PooledOfEachLength = 2;
    private static readonly ArrayPool<byte> s_largeArrays = ArrayPool<byte>.Create(LongestPooled, PooledOfEachLength);

    private byte[] _bytes = [];

    public int Count { get; private set; }

    /// <summary>How many messages have their last byte in here.</summary>
    public int CompletedMessages { get; set; }

    public ReadOnlyMemory<byte> Content => _bytes.AsMemory(0, Count);

    /// <summary>Whether its content would have to be copied, more of it than so much, to add something behind.</summary>
    /// <param name="length">The length of that, in bytes.</param>
    /// <param name="mostCopied">How much may be copied.</param>
    public bool WouldCopy(long length, int mostCopied) => Count > mostCopied && Count + length > _bytes.Length;

    /// <summary>Adds a frame that is masked already.</summary>
    public void Append(ReadOnlySpan<byte> header, in FramePayload payload)
    {
        Span<byte> target = Extend((long)header.Length + payload.Length);
        header.CopyTo(target);
        payload.CopyTo(target[header.Length..]);
    }

    /// <summary>Adds a frame and masks it on the way (RFC 6455 section 5.3).</summary>
    /// <param name="header">The header, without a mask.</param>
    /// <param name="payload">The payload, not masked.</param>
    /// <param name="key">The masking key; its bytes go out in memory order.</param>
    public void AppendMasked(ReadOnlySpan<byte> header, in FramePayload payload, uint key)
    {
        Span<byte> target = Extend((long)header.Length + sizeof(uint) + payload.Length);
        header.CopyTo(target);
        target[1] |= MaskBit;
        MemoryMarshal.Write(target[header.Length..], key);
        payload.MaskTo(target[(header.Length + sizeof(uint))..], key);
    }

    private Span<byte> Extend(long length)
    {
        int start = Count;
        if (length > Array.MaxLength - start)
        {
            throw new InsufficientMemoryException("What is to be sent does not fit into an array.");
        }

        int needed = start + (int)length;
        if (needed > _bytes.Length)
        {
            long doubled = Math.Min(2L * _bytes.Length, Array.MaxLength);
            byte[] larger = Rent((int)Math.Max(Math.Max(needed, doubled), SmallestRent));
            _bytes.AsSpan(0, Count).CopyTo(larger);
            Release();
            _bytes = larger;
        }

        Count = needed;
        return _bytes.AsSpan(start, (int)length);
    }

    private static byte[] Rent(int length) => (length <= KeptLength ? ArrayPool<byte>.Shared : s_largeArrays).Rent(length);

    /// <summary>Empties the buffer but keeps its memory, up to <see cref="KeptLength"/>, for what comes next.</summary>
    public void Clear()
    {
        Count = 0;
        CompletedMessages = 0;
        if (_bytes.Length > KeptLength)
        {
            Release();
        }
    }

    /// <summary>Gives the memory of an empty buffer back, so that an idle connection holds none.</summary>
    public void Release()
    {
        if (_bytes.Length > 0)
        {
            (_bytes.Length <= KeptLength ? ArrayPool<byte>.Shared : s_largeArrays).Return(_bytes);
            _bytes = [];
        }
    }
}
