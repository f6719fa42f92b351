namespace MessageWebSockets.Bench;

/// <summary>A message size of the table, with the ratios that are asked of it.</summary>
internal sealed record MessageSize(int Bytes, string Name, double ReceiveTarget, double SendTarget)
{
    public static IReadOnlyList<MessageSize> All { get; } =
    [
        new(32, "32B", 1.0, 4),
        new(200, "200B", 1.2, 4),
        new(1024, "1KiB", 2.0, 3),
        new(16 * 1024, "16KiB", 1.0, 1.1),
        new(1024 * 1024, "1MiB", 1.0, 1.0),
    ];
}
