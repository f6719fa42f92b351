namespace MessageWebSockets.Server;

/// <summary>
/// Has the messages of a client worked on, one after the other, while the client is still read from: its pings are answered meanwhile,
/// and its end is noticed. A few wait; beyond that the client is not read from.
/// </summary>
internal sealed class WorkedMessages : IClientMessages
{
    // One message always fits, however long it is.
    private const int ReadAhead = 1024 * 1024;

    private readonly MessageQueue _waiting = new(ReadAhead);
    private readonly Task _working;
    private long _done;

    /// <param name="work">Deals with a message; never throws.</param>
    /// <param name="activity">Told of the work, for which a client may be silent.</param>
    public WorkedMessages(Func<ServerMessage, Task> work, ActivityClock activity)
    {
        _working = WorkAsync(work, activity);
    }

    public long Done => Volatile.Read(ref _done);

    public ValueTask TakeAsync(ServerMessage message) => new(_waiting.AddAsync(message, CancellationToken.None));

    public Task CompleteAsync(bool discards)
    {
        _waiting.Complete(discards);
        return _working;
    }

    private async Task WorkAsync(Func<ServerMessage, Task> work, ActivityClock activity)
    {
        while (await _waiting.TakeAsync().ConfigureAwait(false) is { } message)
        {
            activity.BeginWork();
            await work(message).ConfigureAwait(false);
            activity.EndWork();
            Volatile.Write(ref _done, _done + 1);
        }
    }
}
