using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace MessageWebSockets.Connections;

/// <summary>
/// Lets what was sent leave before the process ends. A send is complete when the message is in the send buffer, and nothing of that
/// outlives the process: without this a script whose last line sends would lose it now and then. What was written to a stream and not
/// flushed leaves, too.
/// </summary>
internal static class ExitFlush
{
    private static readonly TimeSpan Stall = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(10);

    private static readonly ConcurrentDictionary<FrameStream, MessageSender> s_open = new();
    private static int s_isHooked;

    public static void Add(FrameStream transport, MessageSender sender)
    {
        s_open.TryAdd(transport, sender);
        if (Interlocked.Exchange(ref s_isHooked, 1) == 0)
        {
            AppDomain.CurrentDomain.ProcessExit += static (_, _) => Flush();
        }
    }

    public static void Remove(FrameStream transport) => s_open.TryRemove(transport, out _);

    // All connections at once, so that a hundred dead peers take no longer than one.
    [SuppressMessage("Usage", "VSTHRD002:Avoid synchronous waits", Justification = "The process ends when this returns.")]
    private static void Flush() =>
        Task.WaitAll([.. s_open.Select(static open => FlushAsync(open.Key, open.Value))]);

    private static Task<bool> FlushAsync(FrameStream transport, MessageSender sender)
    {
        sender.SendLastWords();
        return Linger.WhileTakenAsync(ReachPeerAsync(transport), transport, Stall, TimeProvider.System);
    }

    /// <summary>
    /// Waits until the peer's system has what was accepted, or, where this system does not tell, until this system has it.
    /// </summary>
    internal static async Task ReachPeerAsync(FrameStream transport)
    {
        await transport.Writer.DrainAsync(CancellationToken.None).ConfigureAwait(false);

        // What this system still holds is lost where the peer says something after the end of the process: the answer is a reset.
        // What others send from now on is not waited for.
        ulong? all = null;
        while (transport.Progress?.Invoke() is { IsWaiting: true } now && now.Acknowledged < (all ??= now.Acknowledged + now.Outstanding))
        {
            await Task.Delay(Look).ConfigureAwait(false);
        }
    }
}
