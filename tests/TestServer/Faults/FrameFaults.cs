namespace MessageWebSockets.TestServer;

/// <summary>What can be wrong with a frame. The server then reads, answers nothing, and waits for the client to go.</summary>
internal static class FrameFaults
{
    private const int BombMebibytes = 1024;
    private const int Rsv1 = 4;
    private const int PingFlood = 100_000;
    private const int FragmentsPerChunk = 16 * 1024;
    private static readonly ushort[] s_illegalCodes = [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535];
    private static readonly int[] s_reservedOpcodes = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15];
    private static readonly byte[] s_letters = "abc"u8.ToArray();

    public static IEnumerable<Fault> List() =>
    [
        Sends("reserved-bits", "all three reserved bits set", Frame(FrameOpcode.Text, s_letters, rsv: 7)),
        Sends("reserved-bit-1", "RSV1 without an extension", Frame(FrameOpcode.Text, s_letters, rsv: Rsv1)),
        Sends("reserved-bit-2", "RSV2", Frame(FrameOpcode.Text, s_letters, rsv: 2)),
        Sends("reserved-bit-3", "RSV3", Frame(FrameOpcode.Text, s_letters, rsv: 1)),
        .. s_reservedOpcodes.Select(opcode =>
            Sends($"reserved-opcode-{opcode}", $"opcode {opcode}", Frame((FrameOpcode)opcode, s_letters))),
        Sends("masked-by-server", "a masked text frame", FrameBytes.Build(FrameOpcode.Text, s_letters, masked: true)),
        Sends("length-with-top-bit", "a 64-bit length with its top bit set", Announced(FrameOpcode.Binary, 1UL << 63)),
        Sends(
            "message-of-2-63-minus-1-bytes",
            "announces a message of 2^63-1 bytes, sends three of them and waits",
            Announced(FrameOpcode.Binary, long.MaxValue)),
        Sends("control-frame-too-long", "a ping of 126 bytes", Frame(FrameOpcode.Ping, new byte[126])),
        Sends(
            "close-frame-too-long",
            "a close frame of 126 bytes",
            Frame(FrameOpcode.Close, FrameBytes.ClosePayload(1000, new string('x', 124)))),
        Sends("fragmented-control-frame", "a ping without FIN", Frame(FrameOpcode.Ping, s_letters, fin: false)),
        Sends("continuation-out-of-nowhere", "a continuation frame with no message open", Frame(FrameOpcode.Continuation, s_letters)),
        Sends(
            "data-inside-fragmented-message",
            "a new text frame while a message is open",
            Frame(FrameOpcode.Text, s_letters, fin: false), Frame(FrameOpcode.Text, s_letters)),
        Sends("bad-utf8", "a text message that is not UTF-8", Frame(FrameOpcode.Text, [0x68, 0xC3, 0x28])),
        Sends("bad-utf8-truncated", "a text message that ends inside a character", Frame(FrameOpcode.Text, [0x68, 0xE2, 0x82])),
        Sends("bad-utf8-surrogate", "a text message with an encoded surrogate", Frame(FrameOpcode.Text, [0xED, 0xA0, 0x80])),
        Sends(
            "bad-utf8-split-over-fragments",
            "a character that its next fragment breaks",
            Frame(FrameOpcode.Text, [0xE2, 0x82], fin: false), Frame(FrameOpcode.Continuation, "A"u8.ToArray())),
        Sends("bad-utf8-in-close-reason", "a close reason that is not UTF-8", Frame(FrameOpcode.Close, [0x03, 0xE8, 0xC3, 0x28])),
        .. s_illegalCodes.Select(code =>
            Sends($"close-code-{code}", $"a close frame with the code {code}", FrameBytes.Close(code, "illegal"))),
        Sends("close-payload-of-1-byte", "half a close code", Frame(FrameOpcode.Close, [0x03])),
        Sends(
            "data-after-close",
            "a text message \"after-close\" behind a close frame",
            FrameBytes.Close(1000, "done"), FrameBytes.Text("after-close")),
        Sends("garbage-after-upgrade", "bytes that are no frames", [.. Enumerable.Range(0, 1024).Select(i => (byte)((i * 89) + 0x73))]),
        Make("deflate-bomb", "1 MiB that inflates to 1 GiB; ?mebibytes=1024", DeflateBombAsync),
        Deflated("bad-deflate-data", "a compressed message of a block type that does not exist", [0x07, 0x00, 0xFF, 0x12]),
        Deflated("bad-deflate-distance", "a compressed message that refers back beyond its beginning", [0x02, 0x43, 0x00, 0x00]),
        Make("compressed-continuation", "RSV1 on a continuation frame", CompressedContinuationAsync),
        Make(
            "endless-tiny-fragments",
            "fragments of one byte without an end; ?chunks=N ends after N times 16384 of them",
            TinyFragmentsAsync),
        Make("endless-message", "one message in fragments of 64 KiB without an end", EndlessMessageAsync),
        Make("ping-flood", "?count=100000 pings in a row, then the text message \"after\"; answers as /sink does", PingFloodAsync),
    ];

    private static Fault Make(string name, string description, Func<RawConnection, Task> script) =>
        new(name, FaultStage.Frames, description, script);

    private static Fault Sends(string name, string description, params byte[][] frames) => Make(
        name,
        description,
        async connection =>
        {
            await FaultScript.BeginAsync(connection);
            foreach (byte[] frame in frames)
            {
                await connection.SendBytesAsync(frame);
            }

            await connection.DrainToCloseAsync();
        });

    private static Fault Deflated(string name, string description, byte[] payload) => Make(
        name,
        description,
        async connection =>
        {
            if (await FaultScript.BeginDeflatedAsync(connection))
            {
                await connection.SendFrameAsync(FrameOpcode.Binary, payload, rsv: Rsv1);
                await connection.DrainToCloseAsync();
            }
        });

    private static byte[] Frame(FrameOpcode opcode, byte[] payload, bool fin = true, int rsv = 0) =>
        FrameBytes.Build(opcode, payload, fin, rsv);

    private static byte[] Announced(FrameOpcode opcode, ulong length) =>
        FrameBytes.Build(opcode, s_letters, declaredLength: length);

    private static async Task DeflateBombAsync(RawConnection connection)
    {
        if (await FaultScript.BeginDeflatedAsync(connection))
        {
            byte[] bomb = DeflateBomb.Build((int)FaultScript.Number(connection, "mebibytes", BombMebibytes));
            await FaultScript.SendUntilGoneAsync(
                connection, FrameBytes.Build(FrameOpcode.Binary, bomb, rsv: Rsv1), 1, connection.DrainFramesAsync());
        }
    }

    private static async Task CompressedContinuationAsync(RawConnection connection)
    {
        if (await FaultScript.BeginDeflatedAsync(connection))
        {
            await connection.SendFrameAsync(FrameOpcode.Text, s_letters, fin: false);
            await connection.SendFrameAsync(FrameOpcode.Continuation, s_letters, rsv: Rsv1);
            await connection.DrainFramesAsync();
        }
    }

    private static async Task TinyFragmentsAsync(RawConnection connection)
    {
        await FaultScript.BeginAsync(connection);
        await connection.SendTextAsync("x", fin: false);
        byte[] fragment = FrameBytes.Build(FrameOpcode.Continuation, "x"u8, fin: false);
        byte[] chunk = [.. Enumerable.Repeat(fragment, FragmentsPerChunk).SelectMany(bytes => bytes)];
        long chunks = FaultScript.Number(connection, "chunks", -1);
        await FaultScript.SendUntilGoneAsync(connection, chunk, chunks, connection.DrainFramesAsync());
    }

    private static async Task EndlessMessageAsync(RawConnection connection)
    {
        await FaultScript.BeginAsync(connection);
        await connection.SendFrameAsync(FrameOpcode.Binary, s_letters, fin: false);
        byte[] fragment = FrameBytes.Build(FrameOpcode.Continuation, new byte[64 * 1024], fin: false);
        await FaultScript.SendUntilGoneAsync(connection, fragment, -1, connection.DrainFramesAsync());
    }

    private static async Task PingFloodAsync(RawConnection connection)
    {
        await FaultScript.BeginAsync(connection);
        byte[] ping = FrameBytes.Build(FrameOpcode.Ping, "ping"u8);
        int count = (int)FaultScript.Number(connection, "count", PingFlood);
        byte[] pings = [.. Enumerable.Repeat(ping, count).SelectMany(bytes => bytes), .. FrameBytes.Text("after")];
        await FaultScript.SendUntilGoneAsync(connection, pings, 1, FaultScript.SinkUntilGoneAsync(connection));
    }
}
