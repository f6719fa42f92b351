namespace MessageWebSockets.PowerShell.Messages;

/// <summary>
/// How many messages of a pipeline were accepted, and how many of them were handed to the network, over all the connections that it used:
/// as far as no other script sends at the same time. What a socket said by itself is none of them.
/// </summary>
internal sealed class SendTally
{
    private MessageWebSocket? _socket;
    private long _sentBefore;

    // Of earlier connections.
    private long _writtenEarlier;
    private long _doubtfulEarlier;
    private long _lostEarlier;

    /// <summary>How many messages the connection in use accepted.</summary>
    public long Accepted { get; private set; }

    /// <summary>How many of them have not gone to the network.</summary>
    public long Waiting => Accepted - Counted().Written;

    /// <summary>A message was accepted.</summary>
    public void Accept() => Accepted++;

    /// <summary>From now on messages go over this connection.</summary>
    public void Use(MessageWebSocket socket)
    {
        (long written, long doubtful) = Counted();
        _writtenEarlier += written;
        _doubtfulEarlier += doubtful;
        _lostEarlier += Accepted - written - doubtful;
        _socket = socket;
        Accepted = 0;
        _sentBefore = socket.Information.OfCallers.Sent;
    }

    /// <summary>What became of the messages, in a sentence.</summary>
    /// <param name="failed">How many were not even accepted.</param>
    public string Outcome(int failed)
    {
        (long written, long doubtful) = Counted();
        long lost = _lostEarlier + Accepted - written - doubtful + failed;
        written += _writtenEarlier;
        doubtful += _doubtfulEarlier;
        string doubt = doubtful == 0 ? "" : $", {doubtful} may have been, in a write that failed,";
        static string Were(long count) => count == 1 ? $"{count} was" : $"{count} were";
        return $"Of this pipeline's messages {Were(written)} handed to the network{doubt} and {Were(lost)} not.";
    }

    // How many messages went to the network over this connection, and how many may have.
    private (long Written, long Doubtful) Counted()
    {
        (_, long before, long doubtful) = _socket?.Information.OfCallers ?? default;
        before -= _sentBefore;
        long written = Math.Clamp(before, 0, Accepted);
        return (written, Math.Clamp(before + doubtful, 0, Accepted) - written);
    }
}
