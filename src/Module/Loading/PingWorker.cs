namespace MessageWebSockets.PowerShell.Loading;

/// <summary>Sends pings; in <see cref="WsLoadMode.Receive"/>, where nothing is ever due, it only receives.</summary>
internal sealed class PingWorker(LoadContext context) : OpenWorker(context)
{
    private int _unanswered;

    /// <inheritdoc/>
    public override int Unanswered => Volatile.Read(ref _unanswered);

    /// <inheritdoc/>
    protected override ValueTask DoAsync(long due)
    {
        // Not waited for: with a rate the next one is due whether this is answered or not.
        _ = PingAsync(due);
        return default;
    }

    private async Task PingAsync(long due)
    {
        Interlocked.Increment(ref _unanswered);
        try
        {
            Task<TimeSpan> pong = Socket.PingAsync(CancellationToken.None);
            Context.Tally.CountSent(0);
            await pong.ConfigureAwait(false);
        }
        catch (Exception e) when (e is MessageWebSocketException or InvalidOperationException)
        {
            // Stays unanswered.
            Lose(LoadFailure.KindOf(e));
            return;
        }

        Context.RoundTrips.Record(Microseconds(due));
        Interlocked.Decrement(ref _unanswered);
        Context.Tally.CountAnswer();
        DueAfterAnswer();
    }
}
