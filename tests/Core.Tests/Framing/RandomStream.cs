using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using MessageWebSockets.TestServer;
using WireOpcode = MessageWebSockets.TestServer.FrameOpcode;

namespace MessageWebSockets.Tests.Framing;

/// <summary>What a server might send after the upgrade, good or bad, all of it from one seed.</summary>
internal sealed class RandomStream : IDisposable
{
    private const int Rsv1 = 4;
    private const int MostReads = 2000;
    private static readonly int[] s_borders =
        [0, 1, 124, 125, 126, 127, 4095, 4096, 16 * 1024, (16 * 1024) + 1, 65535, 65536, 65537, 140_000];
    private static readonly ushort[] s_codes =
        [1000, 1001, 1002, 1003, 1007, 1008, 1011, 1012, 1013, 1014, 3000, 4000, 4999, 0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000];

    private readonly Random _random;
    private readonly MemoryStream _compressed = new();
    private readonly DeflateStream _deflate;
    private readonly List<byte> _bytes = [];

    public RandomStream(int seed)
    {
        _random = new Random(seed);
        IsCompressed = _random.Next(2) == 0;
        IsPartial = _random.Next(3) == 0;
        LongestRead = _random.Next(3) switch { 0 => 3, 1 => 200, _ => 100_000 };
        _deflate = new DeflateStream(_compressed, (CompressionLevel)_random.Next(4));
        for (int steps = _random.Next(1, 12); steps > 0; steps--)
        {
            AddStep();
        }

        if (Chance(60))
        {
            AddClose();
        }

        Damage();

        // Cuts everywhere are telling in short streams and merely slow in long ones.
        LongestRead = Math.Max(LongestRead, _bytes.Count / MostReads);
    }

    /// <summary>Whether permessage-deflate was agreed.</summary>
    public bool IsCompressed { get; }

    /// <summary>Whether chunks are read, not whole messages.</summary>
    public bool IsPartial { get; }

    /// <summary>The most that the network gives at a time, in bytes.</summary>
    public int LongestRead { get; }

    public byte[] Bytes => [.. _bytes];

    public void Dispose()
    {
        _deflate.Dispose();
        _compressed.Dispose();
    }

    private void AddStep()
    {
        switch (_random.Next(20))
        {
            case < 10:
                AddMessage(_random.Next(2) == 0, isGood: true);
                break;
            case < 12:
                AddMessage(isText: true, isGood: false);
                break;
            case < 15:
                AddControl();
                break;
            case 15:
                AddFinalBlock();
                break;
            case 16:
                AddAnything();
                break;
            case 17 when Chance(10):
                // A length in more bytes than it needs, of a frame that is good otherwise.
                Add([0x81, 126, 0, 5, .. "hello"u8]);
                break;
            case 17 when Chance(30):
                AddClose();
                break;
            default:
                AddMessage(isText: true, isGood: true);
                break;
        }
    }

    private void AddMessage(bool isText, bool isGood)
    {
        int size = _random.Next(8) switch { 0 =>
            s_borders[_random.Next(s_borders.Length)], < 6 => _random.Next(60), _ => _random.Next(3000) };
        byte[] payload = isText && isGood ? Text(size) : RandomBytes(size);
        bool isDeflated = IsCompressed && Chance(60);
        byte[] wire = isDeflated ? Deflate(payload) : payload;
        int[] cuts =
        [
            .. Enumerable.Range(0, _random.Next(3) == 0 ? _random.Next(1, 5) : 0).Select(_ => _random.Next(wire.Length + 1)).Order(),
            wire.Length,
        ];
        int start = 0;
        for (int i = 0; i < cuts.Length; i++)
        {
            bool isLast = i == cuts.Length - 1;
            WireOpcode opcode = i > 0 ? WireOpcode.Continuation : isText ? WireOpcode.Text : WireOpcode.Binary;
            Add(FrameBytes.Build(opcode, wire.AsSpan(start, cuts[i] - start), isLast && !Chance(2), i == 0 && isDeflated ? Rsv1 : 0));
            start = cuts[i];
            if (!isLast && Chance(30))
            {
                AddControl();
            }

            if (!isLast && Chance(4))
            {
                AddClose();
            }
        }
    }

    private void AddControl() =>
        Add(FrameBytes.Build(Chance(70) ? WireOpcode.Ping : WireOpcode.Pong, RandomBytes(_random.Next(126)), rsv: Chance(2) ? Rsv1 : 0));

    private void AddClose()
    {
        byte[] reason = Chance(85) ? Text(_random.Next(20)) : RandomBytes(_random.Next(20));
        byte[] code = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(code, s_codes[_random.Next(Chance(80) ? 13 : s_codes.Length)]);
        byte[] payload = _random.Next(10) switch { 0 => [], 1 => [.. code.AsSpan(0, 1)], _ => [.. code, .. reason] };
        Add(FrameBytes.Build(WireOpcode.Close, payload, rsv: Chance(3) ? Rsv1 : 0));
    }

    // RFC 7692 section 7.2.3.4, also without the byte behind the block, with others, and of an empty message.
    private void AddFinalBlock()
    {
        using MemoryStream block = new();
        using (DeflateStream deflate = new(block, CompressionLevel.Fastest, leaveOpen: true))
        {
            deflate.Write(Text(_random.Next(100)));
        }

        byte[] behind = _random.Next(4) switch { 0 => [], 1 => [1], 2 => [0, 0, 0, 0xFF, 0xFF, 0], _ => [0] };
        Add(FrameBytes.Build(WireOpcode.Text, [.. block.ToArray(), .. behind], rsv: Rsv1));
    }

    private void AddAnything() => Add(FrameBytes.Build(
        (WireOpcode)_random.Next(16), RandomBytes(_random.Next(140)), Chance(50), Chance(50) ? _random.Next(8) : 0, masked: Chance(10)));

    private void Damage()
    {
        if (Chance(25))
        {
            for (int i = _random.Next(1, 4); i > 0 && _bytes.Count > 0; i--)
            {
                _bytes[_random.Next(_bytes.Count)] ^= (byte)(1 << _random.Next(8));
            }
        }

        if (Chance(15))
        {
            int cut = _random.Next(_bytes.Count + 1);
            _bytes.RemoveRange(cut, _bytes.Count - cut);
        }
    }

    private void Add(byte[] frame) => _bytes.AddRange(frame);

    private bool Chance(int percent) => _random.Next(100) < percent;

    private byte[] RandomBytes(int size)
    {
        byte[] bytes = new byte[size];
        _random.NextBytes(bytes);
        return bytes;
    }

    private byte[] Text(int size)
    {
        StringBuilder text = new();
        for (int length = 0; length < size;)
        {
            Rune rune = _random.Next(8) switch
            {
                0 => new Rune(_random.Next(0x80, 0x800)),
                1 => new Rune(_random.Next(0x800, 0xD800)),
                2 => new Rune(_random.Next(0x10000, 0x110000)),
                _ => new Rune(_random.Next(0x20, 0x7F)),
            };
            length += rune.Utf8SequenceLength;
            text.Append(rune);
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    // One stream for all messages, which refer back to those before them.
    private byte[] Deflate(byte[] payload)
    {
        if (payload.Length == 0)
        {
            return [0x00];
        }

        _compressed.SetLength(0);
        _deflate.Write(payload);
        _deflate.Flush();
        byte[] all = _compressed.ToArray();
        return all.AsSpan().EndsWith<byte>([0, 0, 0xFF, 0xFF]) ? all[..^4] : all;
    }
}
