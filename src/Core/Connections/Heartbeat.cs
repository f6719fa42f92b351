namespace MessageWebSockets.Connections;

/// <summary>
/// Sends a message whenever nothing else was sent for so long, whatever the owner of the connection does meanwhile. It never waits: in
/// the turn of a message that is sent in fragments, and behind what the peer does not take, there is none.
/// </summary>
internal sealed class Heartbeat : IDisposable
{
    // How many times an interval a heartbeat that could not be sent is tried again.
    private const int TriesPerInterval = 4;

    private readonly MessageSender _sender;
    private readonly ReadOnlyMemory<byte> _message;
    private readonly SocketMessageType _type;
    private readonly long _interval;
    private readonly Action _sent;
    private readonly Timer _timer;

    /// <param name="sender">What it goes through.</param>
    /// <param name="message">What is sent.</param>
    /// <param name="type">The type it is sent with.</param>
    /// <param name="interval">How long nothing was sent before.</param>
    /// <param name="sent">Called for each one sent.</param>
    public Heartbeat(MessageSender sender, ReadOnlyMemory<byte> message, SocketMessageType type, TimeSpan interval, Action sent)
    {
        _sender = sender;
        _message = message;
        _type = type;
        _interval = Math.Max(1, (long)interval.TotalMilliseconds);
        _sent = sent;
        _timer = new Timer(static state => ((Heartbeat)state!).Tick(), this, Timeout.Infinite, Timeout.Infinite);
    }

    /// <summary>Starts one that ends with its connection.</summary>
    /// <inheritdoc cref="Heartbeat(MessageSender, ReadOnlyMemory{byte}, SocketMessageType, TimeSpan, Action)"/>
    public static void StartOn(
        Connection connection, ReadOnlyMemory<byte> message, SocketMessageType type, TimeSpan interval, Action sent)
    {
        Heartbeat heartbeat = new(connection.Sender, message, type, interval, sent);
        connection.Ended.UnsafeRegister(static state => ((Heartbeat)state!).Dispose(), heartbeat);
        heartbeat.Start();
    }

    public void Start()
    {
        _sender.WatchSends();
        _timer.Change(_interval, Timeout.Infinite);
    }

    public void Dispose() => _timer.Dispose();

    /// <summary>Sends the message if it is due.</summary>
    /// <param name="now">The time, in milliseconds of <see cref="Environment.TickCount64"/>.</param>
    /// <returns>After how many milliseconds the next one may be due.</returns>
    public long Step(long now)
    {
        long next = _sender.LastSent + _interval - now;
        if (next <= 0)
        {
            bool isSent = _sender.TrySendNow(_message.Span, _type);
            next = isSent ? _interval : _interval / TriesPerInterval;
            if (isSent)
            {
                _sent();
            }
        }

        return Math.Max(1, next);
    }

    private void Tick()
    {
        try
        {
            _timer.Change(StepOrPutOff(), Timeout.Infinite);
        }
        catch (Exception e) when (MessageSender.IsConnectionError(e))
        {
            // The connection ended, or its close has begun: that was the last one.
        }
    }

    private long StepOrPutOff()
    {
        try
        {
            return Step(Environment.TickCount64);
        }
        catch (Exception e) when (!MessageSender.IsConnectionError(e))
        {
            // There was no memory, for example. What leaves a timer ends the process, and later there may be some.
            return _interval;
        }
    }
}
