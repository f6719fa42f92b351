using System.Collections.Immutable;

namespace MessageWebSockets.PowerShell.Sessions;

/// <summary>
/// Brings the frames of a socket onto the debug stream of the cmdlets that run with -Debug. A socket has one only while there is such
/// a cmdlet, and none where the user set a trace of their own. A socket that took another's place shares the other's.
/// </summary>
internal sealed class FrameLog : IProgress<FrameTraceEntry>
{
    private static readonly Lock s_lock = new();

    private ImmutableArray<IPipeline> _readers = [];

    /// <summary>Shows the frames of a socket from now on.</summary>
    /// <returns>False when the user traces them.</returns>
    public static bool TryJoin(MessageWebSocket socket, IPipeline reader)
    {
        lock (s_lock)
        {
            if (socket.Control.FrameTrace is { } trace and not FrameLog)
            {
                return false;
            }

            FrameLog log = socket.Control.FrameTrace as FrameLog ?? new FrameLog();
            if (!log._readers.Contains(reader))
            {
                log._readers = log._readers.Add(reader);
            }

            if (socket.Control.FrameTrace is null)
            {
                socket.Control.FrameTrace = log;
            }

            return true;
        }
    }

    /// <summary>Shows them no longer.</summary>
    public static void Leave(MessageWebSocket socket, IPipeline reader)
    {
        lock (s_lock)
        {
            if (socket.Control.FrameTrace is FrameLog log)
            {
                log._readers = log._readers.Remove(reader);
                if (log._readers.IsEmpty)
                {
                    socket.Control.FrameTrace = null;
                }
            }
        }
    }

    /// <summary>Waits until the frames that passed before are shown, a moment at most.</summary>
    public static void WaitUntilTold(IEnumerable<MessageWebSocket> sockets, TimeSpan longest) =>
        Task.WaitAll([.. sockets.Select(static socket => socket.Control.Frames.SettledAsync())], longest);

    public void Report(FrameTraceEntry value)
    {
        foreach (IPipeline reader in _readers)
        {
            reader.Post(() => reader.WriteDebug(value.ToString()));
        }
    }
}
