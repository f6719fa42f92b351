namespace MessageWebSockets.Bench;

/// <summary>A message size of the table, with the ratios that are asked of it.</summary>
/// <param name="Bytes">The size.</param>
/// <param name="Name">Its name.</param>
/// <param name="OwnArray">Receiving, against a ClientWebSocket that gives each message an array of its own.</param>
/// <param name="OneBuffer">Receiving, against one that reads into one buffer and keeps nothing.</param>
/// <param name="Send">Sending, against a loop of ClientWebSocket.</param>
internal sealed record MessageSize(int Bytes, string Name, double OwnArray, double OneBuffer, double Send)
{
    public static IReadOnlyList<MessageSize> All { get; } =
    [
        new(32, "32B", 2.0, 1.5, 20),
        new(200, "200B", 2.0, 1.5, 20),
        new(1024, "1KiB", 2.0, 1.3, 10),
        new(16 * 1024, "16KiB", 1.3, 1.0, 1.5),
        new(1024 * 1024, "1MiB", 1.1, 0.9, 1.0),
    ];
}
