using System.Diagnostics.CodeAnalysis;

namespace MessageWebSockets.Server;

/// <summary>
/// Sends each message to every client, in the same order. It goes at the pace of the slowest that reads: what waits for a client has a
/// limit, and the next message waits for room. A client that takes nothing for a while is not waited for any longer.
/// </summary>
/// <remarks>Thread-safe.</remarks>
/// <param name="members">The clients at a time.</param>
/// <param name="patience">How long a client that has no room may take nothing.</param>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore whose handle nobody asks for has nothing to dispose.")]
internal sealed class Broadcast(Func<IEnumerable<ServerConnection>> members, TimeSpan patience)
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private long _dropped;

    /// <summary>How many clients were dropped because they did not read.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    /// <summary>Sends a message; completes when it is queued for everybody.</summary>
    /// <param name="message">The message.</param>
    /// <param name="cancellationToken">Ends the wait for its turn. A message whose turn has come goes to everybody.</param>
    public async Task SendAsync(ServerMessage message, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            foreach (ServerConnection member in members())
            {
                await SendToAsync(member, message).ConfigureAwait(false);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task SendToAsync(ServerConnection member, ServerMessage message)
    {
        if (member.IsClosing)
        {
            // It gets nothing more, and is not to be waited for anew with every message that others get.
            return;
        }

        if (!member.Outgoing.IsBusy)
        {
            member.Activity.Taken();
        }

        // All who take nothing run out of patience at the same time, and not one after the other.
        while (!member.Outgoing.TryAdd(message))
        {
            TimeSpan left = patience - member.Activity.Stall;
            if (left <= TimeSpan.Zero)
            {
                Interlocked.Increment(ref _dropped);
                member.Close(new ConnectionEnd(ConnectionEnd.PolicyViolation, "This client reads too slowly."), discards: true);
                return;
            }

            await Task.WhenAny(member.Outgoing.WaitForRoomAsync(message), Task.Delay(left, CancellationToken.None)).ConfigureAwait(false);
        }
    }
}
