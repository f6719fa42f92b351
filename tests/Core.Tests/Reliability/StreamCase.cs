using System.Text;
using FsCheck;
using FsCheck.Fluent;
using MessageWebSockets.TestServer;

namespace MessageWebSockets.Tests.Reliability;

using FrameOpcode = MessageWebSockets.TestServer.FrameOpcode;

/// <summary>One message of a random stream, how it is cut into frames, and which control frames stand between them.</summary>
internal sealed record StreamMessage(bool IsText, byte[] Payload, int[] Cuts, int Controls, bool Compress)
{
    private const int Rsv1 = 4;

    // The borders of the length forms of a frame header and of our buffers, one to each side.
    private static readonly int[] s_interestingSizes =
        [0, 1, 125, 126, 127, 4095, 4096, 4097, 65535, 65536, 65537, 131072, 131073, 200_000];

    public static Gen<StreamMessage> Any { get; } =
        from isText in ArbMap.Default.GeneratorFor<bool>()
        from size in Gen.Frequency(
            (5, Gen.Choose(0, 200)),
            (2, Gen.Choose(0, 10_000)),
            (1, Gen.Elements(s_interestingSizes)))
        from seed in Gen.Choose(0, int.MaxValue)
        from cuts in Gen.Frequency((2, Gen.Constant(Array.Empty<int>())), (1, Gen.Choose(0, size).ArrayOf(5)))
        from controls in Gen.Choose(0, 3)
        from compress in ArbMap.Default.GeneratorFor<bool>()
        let payload = isText ? Text(size, seed) : Bytes(size, seed)
        select new StreamMessage(isText, payload, [.. cuts.Where(cut => cut <= size).Order()], controls, compress);

    public override string ToString() =>
        $"{(IsText ? "text" : "binary")} {Payload.Length} cut at {string.Join("+", Cuts)} controls "
        + $"{Controls}{(Compress ? " compressed" : "")}";

    public IEnumerable<byte[]> Frames(bool deflate)
    {
        bool isCompressed = deflate && Compress;
        byte[] wire = isCompressed ? FrameBytes.Deflate(Payload) : Payload;
        int start = 0;
        int[] ends = [.. Cuts.Where(cut => cut <= wire.Length), wire.Length];
        for (int i = 0; i < ends.Length; i++)
        {
            FrameOpcode opcode = i > 0 ? FrameOpcode.Continuation : IsText ? FrameOpcode.Text : FrameOpcode.Binary;
            int rsv = i == 0 && isCompressed ? Rsv1 : 0;
            yield return FrameBytes.Build(opcode, wire.AsSpan(start, ends[i] - start), fin: i == ends.Length - 1, rsv);
            start = ends[i];
            if (Controls > i)
            {
                yield return FrameBytes.Build(i % 2 == 0 ? FrameOpcode.Ping : FrameOpcode.Pong, new byte[Controls * 40]);
            }
        }
    }

    private static byte[] Bytes(int size, int seed)
    {
        byte[] bytes = new byte[size];
        new Random(seed).NextBytes(bytes);

        // Half of it compressible.
        bytes.AsSpan(size / 2).Fill((byte)seed);
        return bytes;
    }

    private static byte[] Text(int size, int seed)
    {
        Random random = new(seed);
        StringBuilder text = new();
        for (int length = 0; length < size;)
        {
            Rune rune = random.Next(4) switch
            {
                0 => new Rune(random.Next(0x80, 0x800)),
                1 => new Rune(random.Next(0x800, 0xD800)),
                2 => new Rune(random.Next(0x10000, 0x110000)),
                _ => new Rune(random.Next(0, 0x80)),
            };
            length += rune.Utf8SequenceLength;
            text.Append(rune);
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }
}

/// <summary>A stream of messages and how the server hands it to TCP.</summary>
internal sealed record StreamCase(StreamMessage[] Messages, int WriteSize, bool Deflate, bool Partial)
{
    public static Gen<StreamCase> Any { get; } =
        from messages in StreamMessage.Any.ListOf()
        from writeSize in Gen.Choose(1, 100_000)
        from deflate in ArbMap.Default.GeneratorFor<bool>()
        from partial in ArbMap.Default.GeneratorFor<bool>()
        select new StreamCase([.. messages], writeSize, deflate, partial);

    public byte[] Bytes() =>
        [.. Messages.SelectMany(message => message.Frames(Deflate)).SelectMany(frame => frame), .. FrameBytes.Close(1000, "end")];

    public override string ToString() =>
        $"{(Deflate ? "deflated, " : "")}{(Partial ? "partial, " : "")}writes of {WriteSize}: "
        + string.Join(" ", Messages.Select(message => $"[{message}]"));
}
