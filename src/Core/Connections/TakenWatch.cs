namespace MessageWebSockets.Connections;

/// <summary>Tells, from one look to the next, whether the peer takes what was sent.</summary>
/// <remarks>
/// A part that the system accepts shows it in steps of 128 KiB, or 16 over HTTP/2, and not at all once the system has everything. What the
/// peer's system has acknowledged shows the rest, where that is known.
/// </remarks>
internal sealed class TakenWatch
{
    private readonly FrameStream _transport;
    private readonly bool _isBounded;
    private long _accepted;
    private long _heardBelow;
    private PeerProgress? _progress;

    /// <summary>Takes the first look.</summary>
    /// <param name="transport">What the peer takes from.</param>
    /// <param name="isBounded">
    /// Whether the wait has an end of its own. Over HTTP/2 whatever the peer says counts as taking then: the last of what it takes shows
    /// in nothing else, and no more than that wait is lost with a peer that talks and takes nothing.
    /// </param>
    public TakenWatch(FrameStream transport, bool isBounded)
    {
        _transport = transport;
        _isBounded = isBounded;
        Look();
    }

    /// <summary>Whether the peer has taken something since the last look.</summary>
    public bool HasTaken()
    {
        (long accepted, PeerProgress? progress, long heardBelow) = (_accepted, _progress, _heardBelow);
        Look();
        bool hasTaken = _accepted > accepted || (_isBounded && _heardBelow > heardBelow);
        if (progress is not { } before || _progress is not { } now)
        {
            return hasTaken;
        }

        _progress = now.Behind(before);
        return hasTaken || now.IsBeyond(before);
    }

    private void Look()
    {
        _accepted = _transport.Writer.Network.BytesSent;
        _progress = _transport.Progress?.Invoke();
        _heardBelow = _transport.Writer.Network.LastHeardBelow?.Invoke() ?? 0;
    }
}
