namespace MessageWebSockets.Server;

/// <summary>Where the messages of one client go.</summary>
internal interface IClientMessages
{
    /// <summary>How many of them were dealt with.</summary>
    public long Done { get; }

    /// <summary>Takes a message; the next one is read when this completes.</summary>
    public ValueTask TakeAsync(ServerMessage message);

    /// <summary>Takes no more.</summary>
    /// <param name="discards">Whether those that nobody has begun with are dropped.</param>
    /// <returns>Completes, never faulted, when those that were taken are dealt with.</returns>
    public Task CompleteAsync(bool discards);
}
