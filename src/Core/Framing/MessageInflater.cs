using System.IO.Compression;

namespace MessageWebSockets.Framing;

/// <summary>
/// Decompresses messages (RFC 7692 section 7.2.2), a piece at a time: each frame of a message is begun, inflated until nothing more
/// comes, and the message ended.
/// </summary>
/// <remarks>
/// A sender may end a message with a final DEFLATE block (section 7.2.3.4), which the framework's framing refuses. Nothing but the
/// byte that begins the omitted empty block may follow one; the last two bytes of each frame are therefore given to the decompression
/// one by one: what it has not taken of them is what lies behind the final block.
///
/// The decompression does not say where in a block it is. A message that was cut off would take the bytes that are put back at its end
/// for a part of its content, and be handed out as if it were whole. Behind them come therefore empty blocks. Where a message has ended
/// as it must, all of these yield nothing and change nothing; anywhere else in a block they yield bytes, or are none that a block can have.
/// </remarks>
internal sealed class MessageInflater(bool keepsContext) : IDisposable
{
    private const int FedSingly = 2;

    // The lengths of codes at the head of a block may take as many bits as this many empty blocks have; anywhere else one is enough.
    private const int EmptyBlocks = 64;

    // What a sender cuts off the end of each message, and the empty blocks behind it.
    private static readonly byte[] s_tail =
        [0x00, 0x00, 0xFF, 0xFF, .. Enumerable.Repeat<byte[]>([0x00, 0x00, 0x00, 0xFF, 0xFF], EmptyBlocks).SelectMany(block => block)];

    private readonly Feed _feed = new();
    private DeflateStream? _inflate;
    private ReadOnlyMemory<byte> _input;
    private bool _isFed;
    private bool _isEnding;
    private bool _isTail;
    private bool _endsWithFinalBlock;
    private int _behindFinalBlock;

    /// <summary>Gives bytes of the message, which must stay as they are until <see cref="Inflate"/> returns 0.</summary>
    public void Give(ReadOnlyMemory<byte> compressed) => _input = compressed;

    /// <summary>Says that all of the message was given.</summary>
    public void End() => _isEnding = true;

    /// <summary>Writes what the bytes given so far yield; 0 when all of that was written.</summary>
    /// <exception cref="ProtocolViolationException">The data cannot be decompressed.</exception>
    public int Inflate(Span<byte> target)
    {
        try
        {
            return InflateCore(target);
        }
        catch (InvalidDataException e)
        {
            throw Broken("it sent compressed data that cannot be decompressed (RFC 7692 section 7.2.2).", e);
        }
    }

    public void Dispose() => _inflate?.Dispose();

    private static ProtocolViolationException Broken(string message, Exception? cause = null) =>
        new(ProtocolViolationException.InvalidData, message, cause);

    private int InflateCore(Span<byte> target)
    {
        _inflate ??= new DeflateStream(_feed, CompressionMode.Decompress);
        while (_isFed || (_isFed = FeedNext()))
        {
            if (!_endsWithFinalBlock)
            {
                int written = _inflate.Read(target);
                if (written > 0)
                {
                    return _isTail
                        ? throw Broken("it sent a compressed message that ends within a block (RFC 7692 section 7.2.1).")
                        : written;
                }

                // After its final block the decompression asks for nothing any more.
                _endsWithFinalBlock = _feed.Left.Length > 0;
            }

            if (_endsWithFinalBlock && !_isTail)
            {
                RefuseBehindFinalBlock(_feed.Left.Span);
            }

            _feed.Left = default;
            _isFed = false;
        }

        return 0;
    }

    private bool FeedNext()
    {
        if (_input.Length > 0)
        {
            int count = _input.Length > FedSingly ? _input.Length - FedSingly : 1;
            _feed.Left = _input[..count];
            _input = _input[count..];
            return true;
        }

        if (_isEnding && !_isTail)
        {
            _feed.Left = s_tail;
            _isTail = true;
            return true;
        }

        if (_isTail)
        {
            Reset();
        }

        return false;
    }

    private void RefuseBehindFinalBlock(ReadOnlySpan<byte> left)
    {
        _behindFinalBlock += left.Length;
        if (_behindFinalBlock > 1 || left.ContainsAnyExcept((byte)0))
        {
            throw Broken("it sent compressed data behind a final block (RFC 7692 section 7.2.1), which is not read.");
        }
    }

    private void Reset()
    {
        if (_endsWithFinalBlock || !keepsContext)
        {
            _inflate?.Dispose();
            _inflate = null;
        }

        _isEnding = _isTail = _endsWithFinalBlock = false;
        _behindFinalBlock = 0;
    }

    /// <summary>Hands the decompression what it is given, and then nothing until there is more.</summary>
    private sealed class Feed : SequentialStream
    {
        public ReadOnlyMemory<byte> Left { get; set; }

        public override bool CanRead => true;

        public override bool CanWrite => false;

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            int count = Math.Min(buffer.Length, Left.Length);
            Left.Span[..count].CopyTo(buffer);
            Left = Left[count..];
            return count;
        }
    }
}
