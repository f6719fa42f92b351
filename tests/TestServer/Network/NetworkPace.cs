namespace MessageWebSockets.TestServer;

/// <summary>Passes bytes on when and in what pieces a network would.</summary>
internal sealed class NetworkPace(NetworkConditions conditions, int seed)
{
    public const int BufferSize = 32 * 1024;

    private readonly Random _random = new(seed);

    public async Task PassAsync(
        ReadOnlyMemory<byte> bytes, Func<ReadOnlyMemory<byte>, ValueTask> writeAsync, CancellationToken cancellationToken)
    {
        TimeSpan underWay = conditions.Latency + (conditions.Jitter * _random.NextDouble());
        if (underWay > TimeSpan.Zero)
        {
            await Task.Delay(underWay, cancellationToken);
        }

        while (!bytes.IsEmpty)
        {
            int size = conditions.ChunkSize > 0 ? Math.Min(conditions.ChunkSize, bytes.Length) : bytes.Length;
            await writeAsync(bytes[..size]);
            bytes = bytes[size..];
            if (conditions.BytesPerSecond > 0)
            {
                await Task.Delay(TimeSpan.FromSeconds((double)size / conditions.BytesPerSecond), cancellationToken);
            }
        }
    }
}
