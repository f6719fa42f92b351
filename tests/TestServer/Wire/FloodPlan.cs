using System.Globalization;

namespace MessageWebSockets.TestServer;

/// <summary>What a flood sends. Negative <paramref name="Count"/>: until the peer goes away.</summary>
/// <param name="Count">How many messages.</param>
/// <param name="Size">The length of each, in bytes before compression.</param>
/// <param name="Type">Text or binary.</param>
/// <param name="IsCompressed">Whether each is the same JSON, compressed without a context of the messages before it.</param>
public sealed record FloodPlan(long Count, int Size, FrameOpcode Type, bool IsCompressed = false)
{
    private const int MaximumSize = 256 * 1024 * 1024;

    /// <summary>Reads count, size and type from a query; the defaults are 1000 text messages of 100 bytes.</summary>
    public static FloodPlan Parse(Func<string, string?> query)
    {
        long count = long.Parse(query("count") ?? "1000", CultureInfo.InvariantCulture);
        int size = int.Parse(query("size") ?? "100", CultureInfo.InvariantCulture);
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, MaximumSize);
        FrameOpcode type = query("type") == "binary" ? FrameOpcode.Binary : FrameOpcode.Text;
        return new FloodPlan(count, size, type, query("deflate") is not null);
    }
}
