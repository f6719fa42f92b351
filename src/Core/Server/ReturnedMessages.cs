namespace MessageWebSockets.Server;

/// <summary>Sends the messages of a client back to it. One that does not read its answers is not read from either.</summary>
internal sealed class ReturnedMessages(MessageQueue outgoing) : IClientMessages
{
    // Nothing is left to do with one that was taken.
    public long Done => 0;

    public ValueTask TakeAsync(ServerMessage message) => new(outgoing.AddAsync(message, CancellationToken.None));

    public Task CompleteAsync(bool discards) => Task.CompletedTask;
}
