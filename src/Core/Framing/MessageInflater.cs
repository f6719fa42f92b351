using System.IO.Compression;

namespace MessageWebSockets.Framing;

/// <summary>
/// Decompresses messages (RFC 7692 section 7.2.2), a piece at a time: each piece of a message is given and inflated until nothing more
/// comes; the last one is given as that.
/// </summary>
/// <remarks>
/// A sender may end a message with a final DEFLATE block (section 7.2.3.4), which the framework's framing refuses. Nothing but the
/// byte that begins the omitted empty block may follow one; the last bytes of each piece are therefore given to the decompression
/// apart from the others: what it has not asked for is what lies behind the final block.
///
/// The decompression does not say where in a block it is. A message that was cut off would take the bytes that are put back at its end
/// for a part of its content, and be handed out as if it were whole. Behind them come therefore empty blocks. Where a message has ended
/// as it must, all of these yield nothing and change nothing; anywhere else in a block they yield bytes, or are none that a block can have.
///
/// Most messages are spared all but a few of the empty blocks, which cost as much as a short message does. Where the last bytes of a
/// message yielded some of its content, it can break off no later than at the beginning of a block's head, and each head that begins
/// so is refused within the first 332 bits of the tail.
/// </remarks>
internal sealed class MessageInflater(bool keepsContext) : IDisposable
{
    // The lengths of codes at the head of a block may take as many bits as this many empty blocks have; anywhere else one is enough.
    private const int EmptyBlocks = 64;

    // Where the last bytes of the message, NearEnd of them, yielded content: of their 24 bits one at least is content and one the end of
    // its block. That leaves a further block 22 for its head: the first 17, and 5 of those that say what lengths its codes of lengths
    // have. With the bits of the tail behind them these codes are none, or stand for nothing but zeros, 316 of them.
    private const int NearEnd = 3;
    private const int FewEmptyBlocks = 10;
    private const int EmptyBlockLength = 5;

    // What a sender cuts off the end of each message, and the empty blocks behind it.
    private static readonly byte[] s_tail =
        [0x00, 0x00, 0xFF, 0xFF, .. Enumerable.Repeat<byte[]>([0x00, 0x00, 0x00, 0xFF, 0xFF], EmptyBlocks).SelectMany(block => block)];

    private readonly Feed _feed = new();
    private DeflateStream? _inflate;
    private bool _isEnding;
    private bool _endsWithFinalBlock;
    private int _behindFinalBlock;

    /// <summary>Gives the next bytes of the message, once the last ones yield nothing more.</summary>
    /// <param name="compressed">The bytes, which must stay as they are until <see cref="Inflate"/> returns 0.</param>
    /// <param name="isEnd">Whether they end the message.</param>
    public void Give(ReadOnlyMemory<byte> compressed, bool isEnd)
    {
        _isEnding = isEnd;
        _feed.Fill(compressed, isEnd);
    }

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
        if (!_endsWithFinalBlock)
        {
            _inflate ??= new DeflateStream(_feed, CompressionMode.Decompress);
            int written = _inflate.Read(target);
            if (written > 0)
            {
                _feed.CountYield();
                return _feed.IsInTail
                    ? throw Broken("it sent a compressed message that ends within a block (RFC 7692 section 7.2.1).")
                    : written;
            }

            // After its final block the decompression asks for nothing any more.
            _endsWithFinalBlock = !_feed.IsOver;
        }

        if (_endsWithFinalBlock)
        {
            RefuseBehindFinalBlock(_feed.Left.Span);
            _feed.Fill(default, isEnd: false);
        }

        if (_isEnding)
        {
            Reset();
        }

        return 0;
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

        _isEnding = _endsWithFinalBlock = false;
        _behindFinalBlock = 0;
    }

    /// <summary>
    /// Hands the decompression what it asks for: all but the last bytes, these, at the end of a message the tail, and then nothing until
    /// there is more.
    /// </summary>
    private sealed class Feed : SequentialStream
    {
        private int _apart;
        private int _step;
        private bool _isEnd;
        private bool _isNearEnd;
        private bool _endsInContent;

        /// <summary>What was not asked for yet of the bytes of the message.</summary>
        public ReadOnlyMemory<byte> Left { get; private set; }

        /// <summary>Whether what was asked for last is the tail.</summary>
        public bool IsInTail { get; private set; }

        /// <summary>Whether everything was asked for.</summary>
        public bool IsOver => Left.Length == 0 && _isEnd == IsInTail;

        public override bool CanRead => true;

        public override bool CanWrite => false;

        public void Fill(ReadOnlyMemory<byte> message, bool isEnd)
        {
            Left = message;
            _isEnd = isEnd;
            IsInTail = _isNearEnd = _endsInContent = false;

            // At the end of a message it is enough to know whether a final block leaves too much behind: more than one byte, or another
            // one than zero. Before it each byte counts.
            _apart = isEnd && !message.Span.EndsWith((byte)0) ? 1 : 2;
            _step = isEnd ? _apart : 1;
        }

        /// <summary>What was asked for last yielded something.</summary>
        public void CountYield() => _endsInContent |= _isNearEnd;

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            if (Left.Length == 0)
            {
                if (IsOver)
                {
                    return 0;
                }

                // The decompression asks with a buffer of 8 KiB.
                IsInTail = true;
                ReadOnlySpan<byte> tail = _endsInContent ? s_tail.AsSpan(..^((EmptyBlocks - FewEmptyBlocks) * EmptyBlockLength)) : s_tail;
                tail.CopyTo(buffer);
                return tail.Length;
            }

            _isNearEnd = _isEnd && Left.Length <= NearEnd;
            int piece = _isEnd && Left.Length > NearEnd ? Left.Length - NearEnd
                : Left.Length > _apart ? Left.Length - _apart
                : Math.Min(_step, Left.Length);
            int count = Math.Min(buffer.Length, piece);
            Left.Span[..count].CopyTo(buffer);
            Left = Left[count..];
            return count;
        }
    }
}
