namespace MessageWebSockets.Connections;

/// <summary>
/// Which messages of a connection it sent by itself, heartbeats and automatic replies, by their places among all that were accepted.
/// </summary>
/// <remarks>Thread-safe; messages are announced in the turn of their sender.</remarks>
/// <param name="writer">Tells how many messages are with the network.</param>
internal sealed class OwnMessages(FrameWriter writer)
{
    private readonly Lock _lock = new();

    // Of those that may not be written yet; of the others only their number counts.
    private readonly List<long> _places = [];
    private long _written;

    /// <summary>Notes one ahead of its being sent, as it may be written before that returns.</summary>
    /// <param name="place">Which message of all it will be.</param>
    public void Announce(long place)
    {
        lock (_lock)
        {
            int written = CountIn(_places, writer.MessagesWritten);
            _places.RemoveRange(0, written);
            _written += written;
            _places.Add(place);
        }
    }

    /// <summary>The one that was announced last was not sent.</summary>
    public void Withdraw()
    {
        lock (_lock)
        {
            _places.RemoveAt(_places.Count - 1);
        }
    }

    /// <summary>Counts all other messages.</summary>
    /// <param name="accepted">Tells how many messages were accepted in all.</param>
    /// <returns>How many of the others were accepted, are with the network, and are in a write that is under way or failed.</returns>
    public (long Accepted, long Written, long InDoubt) CountOthers(Func<long> accepted)
    {
        lock (_lock)
        {
            // In this order, so that a message which is handed over in between is in one of the two.
            long doubtful = writer.MessagesInDoubt;
            long written = writer.MessagesWritten;
            long others = OthersIn(written);
            return (OthersIn(accepted()), others, OthersIn(written + doubtful) - others);
        }
    }

    private static int CountIn(List<long> places, long first)
    {
        int count = 0;
        while (count < places.Count && places[count] <= first)
        {
            count++;
        }

        return count;
    }

    // Among the first so many messages, which are all that are written at least.
    private long OthersIn(long first) => first - _written - CountIn(_places, first);
}
