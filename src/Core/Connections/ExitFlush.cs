using System.Collections.Concurrent;

namespace MessageWebSockets;

/// <summary>
/// Lets what was sent leave before the process ends. A send is complete when the message is in the send buffer, and nothing of that
/// outlives the process: without this a script whose last line sends would lose it now and then.
/// </summary>
internal static class ExitFlush
{
    // In all, however many connections there are: a peer that does not read must not keep a script from ending.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

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

    private static void Flush()
    {
        using CancellationTokenSource patience = new(Longest);
        Task[] drains = [.. s_open.Keys.Select(stream => DrainAsync(stream, patience.Token))];
        Task.WaitAll(drains);
    }

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
