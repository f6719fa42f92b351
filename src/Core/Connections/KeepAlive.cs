namespace MessageWebSockets.Connections;

/// <summary>
/// Sends a ping after each silent interval, or an unsolicited pong when the peer was heard of, and finds out that a peer has vanished.
/// </summary>
/// <remarks>
/// Any byte that arrives is a sign of life, and so is any of ours that the peer takes. The clock of a ping starts when the ping was
/// written to the network, or when the network stopped to take anything, and runs only while the network is asked for bytes: whatever
/// else holds up the receive loop, a full inbox, a handler, a filter, is not the peer's silence.
/// </remarks>
internal sealed class KeepAlive : IDisposable
{
    // The length of the answer to a ping of ours. That alone does not end a silence: the next ping goes out an interval after the last.
    private const int AnswerLength = 2 + sizeof(ulong);

    // How often the progress of the peer is looked at while the clock of a ping runs.
    private const int LooksPerTimeout = 4;

    private readonly ReadBuffer _received;
    private readonly FrameWriter _writer;
    private readonly Func<PeerProgress?>? _askProgress;
    private readonly Action _peerVanished;
    private readonly long _interval;
    private readonly long _timeout;
    private readonly Timer _timer;
    private long _lastSent;
    private long _lastPinged;
    private long _bytesWhenPinged;
    private long _clockStarted;
    private PeerProgress _progress;
    private long _lastProgress;

    // When the timer should fire, and by how much it came too late while the clock of a ping ran: in that time this process did not look.
    private long _due;
    private long _late;

    // The ping whose clock runs, the first since the peer was heard of, and the newest one.
    private PendingPing? _clock;
    private PendingPing? _newest;

    /// <param name="received">What the peer sent, and when.</param>
    /// <param name="writer">What sends, and knows what the peer takes.</param>
    /// <param name="progress">Tells what the peer has taken; null when there is nothing to ask.</param>
    /// <param name="interval">How often to send something.</param>
    /// <param name="timeout">How long silence may last after a ping; zero sends no ping.</param>
    /// <param name="peerVanished">Called once when the peer gave no sign of life in time.</param>
    public KeepAlive(
        ReadBuffer received, FrameWriter writer, Func<PeerProgress?>? progress, TimeSpan interval, TimeSpan timeout, Action peerVanished)
    {
        _received = received;
        _writer = writer;
        _askProgress = progress;
        _interval = Math.Max(1, (long)interval.TotalMilliseconds);
        _timeout = (long)Math.Ceiling(timeout.TotalMilliseconds);
        _peerVanished = peerVanished;
        _timer = new Timer(static state => ((KeepAlive)state!).Tick(), this, Timeout.Infinite, Timeout.Infinite);
    }

    public void Start()
    {
        Begin(Environment.TickCount64);
        Schedule(_interval);
    }

    public void Dispose() => _timer.Dispose();

    /// <summary>The first interval begins.</summary>
    public void Begin(long now) => _lastSent = _lastPinged = now;

    /// <summary>Does what is due.</summary>
    /// <param name="now">The time, in milliseconds of <see cref="Environment.TickCount64"/>.</param>
    /// <returns>After how many milliseconds something may be due again; null when the peer gave no sign of life in time.</returns>
    public long? Step(long now)
    {
        if (_clock is not null && _received.BytesReceived != _bytesWhenPinged)
        {
            _clock = null;
        }

        LookAtProgress(now);
        if (now >= GivenUp(now))
        {
            return null;
        }

        Send(now);
        long next = Math.Min(Math.Min(GivenUp(now), _lastSent + _interval), CanPing ? PingDue : long.MaxValue);
        next = _clock is not null && _askProgress is not null ? Math.Min(next, now + (_timeout / LooksPerTimeout)) : next;
        return Math.Max(1, next - now);
    }

    /// <summary>
    /// Says that the time to look has come too late: the process was stopped, or had no thread for it, and what came meanwhile has not been
    /// read. That time is not the peer's.
    /// </summary>
    /// <param name="milliseconds">By how much.</param>
    public void NoteLate(long milliseconds) => _late = _clock is null ? 0 : _late + Math.Max(0, milliseconds);

    private void Schedule(long wait)
    {
        _due = Environment.TickCount64 + wait;
        _timer.Change(wait, Timeout.Infinite);
    }

    private void Tick()
    {
        try
        {
            if (StepOrPutOff() is { } wait)
            {
                Schedule(wait);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The connection ended while the timer fired; its receive loop reports that.
        }
    }

    // Null when there is nothing more to do.
    private long? StepOrPutOff()
    {
        try
        {
            long now = Environment.TickCount64;
            NoteLate(now - _due);
            long? wait = Step(now);
            if (wait is null)
            {
                _peerVanished();
            }

            return wait;
        }
        catch (Exception e) when (e is not (IOException or ObjectDisposedException))
        {
            // There was no memory, for example. What leaves a timer ends the process, and later there may be some.
            return _interval;
        }
    }

    // A ping that is sent after a look did not wait at it, so that its acknowledgement counts for nothing.
    private void LookAtProgress(long now)
    {
        if (_timeout > 0 && _askProgress?.Invoke() is { } progress)
        {
            if (progress.IsBeyond(_progress))
            {
                _lastProgress = now;
            }

            _progress = progress;
        }
    }

    private void Send(long now)
    {
        if (CanPing && now >= PingDue)
        {
            // One at a time: a peer that talks but never answers pings must not make them pile up.
            if (_newest is { } before)
            {
                _writer.Forget(before);
                _newest = null;
            }

            _lastSent = _lastPinged = now;
            _bytesWhenPinged = _received.BytesReceived;
            _newest = _writer.SendKeepAlivePing();
            if (_clock is null)
            {
                _clock = _newest;
                _clockStarted = now;
                _late = 0;
            }
        }
        else if (now >= _lastSent + _interval)
        {
            _lastSent = now;
            _writer.SendUnsolicitedPong();
        }
    }

    // While nothing is read no silence is heard, and a ping that still waits to be written needs none behind it.
    private bool CanPing => _timeout > 0 && _received.ReadingSince != 0 && _newest is not { Written: 0 };

    private long PingDue
    {
        get
        {
            bool isUnheard = _newest is not null && _received.BytesReceived - _bytesWhenPinged <= AnswerLength;
            return (isUnheard ? _lastPinged : Math.Max(_lastPinged, _received.LastReceived)) + _interval;
        }
    }

    private static long Latest(params ReadOnlySpan<long> times)
    {
        long latest = 0;
        foreach (long time in times)
        {
            latest = Math.Max(latest, time);
        }

        return latest;
    }

    // When the peer counts as vanished if nothing is heard of it until then.
    private long GivenUp(long now)
    {
        if (_clock is not { } ping)
        {
            return long.MaxValue;
        }

        // A ping that still waits to be written waits with what is before it, for a peer that accepts nothing.
        long unansweredSince = ping.Written != 0 ? ping.Written : _writer.Network.WaitingSince;
        long readingSince = _received.ReadingSince;
        return unansweredSince == 0 || readingSince == 0
            ? now + _timeout
            : Latest(unansweredSince, _clockStarted, readingSince, _lastProgress, _writer.Network.LastAccepted) + _timeout + _late;
    }
}
