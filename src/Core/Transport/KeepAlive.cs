namespace MessageWebSockets;

/// <summary>
/// Sends an unsolicited pong or a ping at each interval, and finds out that a peer has vanished.
/// </summary>
/// <remarks>
/// Any byte that arrives is a sign of life. While the receive loop is paused, bytes cannot be seen, so the clock stands still.
/// </remarks>
internal sealed class KeepAlive : IDisposable
{
    private readonly FrameStream _transport;
    private readonly Func<long> _pauses;
    private readonly Action _peerVanished;
    private readonly TimeSpan _interval;
    private readonly TimeSpan _timeout;
    private readonly Timer _timer;
    private bool _awaitingLife;
    private long _bytesAtPing;
    private long _pausesAtPing;

    /// <param name="transport">What the frames go through.</param>
    /// <param name="interval">How often to send something.</param>
    /// <param name="timeout">How long silence may last after a ping; zero sends no ping.</param>
    /// <param name="pauses">Counts the starts and ends of pauses of the receive loop: odd while it is paused.</param>
    /// <param name="peerVanished">Called once when the peer gave no sign of life in time.</param>
    public KeepAlive(FrameStream transport, TimeSpan interval, TimeSpan timeout, Func<long> pauses, Action peerVanished)
    {
        _transport = transport;
        _interval = interval;
        _timeout = timeout;
        _pauses = pauses;
        _peerVanished = peerVanished;
        _timer = new Timer(static state => ((KeepAlive)state!).Tick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Start() => Schedule(_interval);

    public void Dispose() => _timer.Dispose();

    private void Tick()
    {
        try
        {
            if (_awaitingLife && _transport.BytesReceived == _bytesAtPing)
            {
                long pauses = _pauses();
                if (pauses == _pausesAtPing)
                {
                    _peerVanished();
                    return;
                }

                // The loop was paused in the meantime: bytes may have waited unread. The clock starts anew.
                _pausesAtPing = IsPaused(pauses) ? pauses - 1 : pauses;
                Schedule(_timeout);
                return;
            }

            _awaitingLife = false;
            TimeSpan silence = TimeSpan.FromMilliseconds(Environment.TickCount64 - _transport.LastReceived);
            long pausesNow = _pauses();
            if (_timeout > TimeSpan.Zero && silence >= _interval && !IsPaused(pausesNow))
            {
                _bytesAtPing = _transport.BytesReceived;
                _pausesAtPing = pausesNow;
                _awaitingLife = true;
                _transport.SendKeepAlivePing();
                Schedule(_timeout);
            }
            else
            {
                _transport.SendUnsolicitedPong();

                // With a timeout the next look comes when the silence is an interval long, so that a dead peer is noticed within
                // interval and timeout, and not an interval later.
                Schedule(_timeout > TimeSpan.Zero && silence < _interval ? _interval - silence : _interval);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The connection ended while the timer fired; its receive loop reports that.
        }
    }

    private static bool IsPaused(long pauses) => (pauses & 1) != 0;

    private void Schedule(TimeSpan dueTime) => _timer.Change(dueTime, Timeout.InfiniteTimeSpan);
}
