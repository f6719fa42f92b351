namespace MessageWebSockets.Connections;

/// <summary>Tells, from one look to the next, whether the peer takes what was sent.</summary>
/// <remarks>
/// A part that the system accepts shows it in steps of 128 KiB, and not at all once the system has everything. What the peer's system has
/// acknowledged shows the rest, where that is known.
/// </remarks>
internal sealed class TakenWatch
{
    private readonly FrameStream _transport;
    private long _accepted;
    private PeerProgress? _progress;

    /// <summary>Takes the first look.</summary>
    public TakenWatch(FrameStream transport)
    {
        _transport = transport;
        Look();
    }

    /// <summary>Whether the peer has taken something since the last look.</summary>
    public bool HasTaken()
    {
        (long accepted, PeerProgress? progress) = (_accepted, _progress);
        Look();
        if (progress is not { } before || _progress is not { } now)
        {
            return _accepted > accepted;
        }

        _progress = now.Behind(before);
        return _accepted > accepted || now.IsBeyond(before);
    }

    private void Look()
    {
        _accepted = _transport.Writer.Network.BytesSent;
        _progress = _transport.Progress?.Invoke();
    }
}
