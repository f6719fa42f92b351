using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;

namespace MessageWebSockets.Bench;

/// <summary>How much memory a reader takes that is slower than its server, in a process of its own.</summary>
internal static class SlowReader
{
    public const string ChildName = "--slow-reader";

    private const int Size = 16 * 1024;
    private const int MessagesBetweenPauses = 64;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(2);

    public static IEnumerable<Benchmark> Create(BenchContext context)
    {
        Metric peak = new("peak working set", Unit.Mebibytes);
        Metric queued = new("longest inbox", Unit.Mebibytes);
        int gigabytes = context.Options.Quick ? 1 : 10;
        long count = gigabytes * 1_000_000_000L / Size;
        string[] arguments = [ChildName, context.Server.Flood(count, Size).AbsoluteUri, count.ToString(CultureInfo.InvariantCulture)];
        Side side = new(LibraryClient.Name, token => ChildProgram.MeasureSelfAsync(arguments, ["peak", "queued"], token));
        yield return new Benchmark("slow-reader", $"{gigabytes} GB in messages of 16 KiB through a slow reader", [peak, queued], [side])
        {
            Comparisons = [new Comparison(peak, null, new Target(Bound.AtMost, 250)), new Comparison(queued, null)],
            Timeout = TimeSpan.FromMinutes(5),
            MaximumRounds = 1,
        };
    }

    /// <summary>The child: reads, pauses, checks that no message is missing, and prints its peak.</summary>
    public static async Task RunChildAsync(Uri flood, long count)
    {
        await using MessageWebSocket socket = new();
        socket.Control.UseProxy = false;
        await socket.ConnectAsync(flood);
        long queued = 0;
        for (long i = 0; i < count; i++)
        {
            WsMessage message = await socket.ReceiveAsync()
                ?? throw new EndOfStreamException($"The connection ended after {i} of {count} messages.");
            Check(message, i);
            if (i % MessagesBetweenPauses == 0)
            {
                queued = Math.Max(queued, socket.Information.BytesQueued);
                await Task.Delay(s_pause);
            }
        }

        using Process self = Process.GetCurrentProcess();
        const double Mebibyte = 1024 * 1024;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"peak":{{self.PeakWorkingSet64 / Mebibyte}},"queued":{{queued / Mebibyte}}}"""));
    }

    private static void Check(WsMessage message, long expected)
    {
        Span<byte> number = stackalloc byte[sizeof(long)];
        message.AsSequence().Slice(0, sizeof(long)).CopyTo(number);
        long actual = BinaryPrimitives.ReadInt64BigEndian(number);
        if (actual != expected || message.Length != Size)
        {
            throw new InvalidDataException($"Message {actual} with {message.Length} bytes came where number {expected} was due.");
        }
    }
}
