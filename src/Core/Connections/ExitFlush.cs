using System.Collections.Concurrent;

namespace MessageWebSockets.Connections;

/// <summary>
/// Lets what was sent leave before the process ends. A send is complete when the message is in the send buffer, and nothing of that
/// outlives the process: without this a script whose last line sends would lose it now and then.
/// </summary>
internal static class ExitFlush
{
    // A peer that takes nothing must not keep a script from ending; one that is only slow gets its time, within reason.
    private static readonly TimeSpan Stall = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    private static readonly ConcurrentDictionary<FrameStream, byte> s_open = new();
    private static int s_isHooked;

    public static void Add(FrameStream stream)
    {
        s_open.TryAdd(stream, 0);
        if (Interlocked.Exchange(ref s_isHooked, 1) == 0)
        {
            AppDomain.CurrentDomain.ProcessExit += static (_, _) => Flush();
        }
    }

    public static void Remove(FrameStream stream) => s_open.TryRemove(stream, out _);

    // For all connections together, so that a hundred dead peers take no longer than one.
    private static void Flush()
    {
        using CancellationTokenSource enough = new(Longest);
        FrameStream[] streams = [.. s_open.Keys];
        Task drained = Task.WhenAll(streams.Select(stream => DrainAsync(stream, enough.Token)));
        long before = -1;
        for (long sent = BytesSent(streams); sent > before && !enough.IsCancellationRequested && !drained.Wait(Stall); sent = BytesSent(streams))
        {
            before = sent;
        }
    }

    private static long BytesSent(FrameStream[] streams) => streams.Sum(static stream => stream.BytesSent);

    private static async Task DrainAsync(FrameStream stream, CancellationToken enough)
    {
        try
        {
            await stream.DrainAsync(enough).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // It broke, or its peer does not read.
        }
    }
}
