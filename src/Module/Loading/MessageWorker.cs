using MessageWebSockets.PowerShell.Messages;

namespace MessageWebSockets.PowerShell.Loading;

/// <summary>Sends messages; in <see cref="WsLoadMode.Echo"/> it waits for their answers as well.</summary>
internal sealed class MessageWorker(LoadContext context) : OpenWorker(context)
{
    private readonly Outstanding? _outstanding = context.Plan.Mode == WsLoadMode.Echo
        ? new Outstanding(context.Messages.AreNumbered)
        : null;

    // Numbers that no other connection has at the same time, here or on another machine: a server that passes messages on to all its
    // clients sends the others' messages too, and none of them is an answer.
    private long _number = Random.Shared.NextInt64(long.MaxValue / 2);

    /// <inheritdoc/>
    public override int Unanswered => _outstanding?.Count ?? 0;

    /// <inheritdoc/>
    protected override async ValueTask DoAsync(long due)
    {
        long number = ++_number;
        OutgoingMessage message = await Context.Messages.NextAsync(number, Context.Stop).ConfigureAwait(false);
        _outstanding?.Add(number, due);
        try
        {
            await message.SendAsync(Socket, Context.Stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            _outstanding?.WithdrawLast();
            throw;
        }
        catch (Exception e) when (e is MessageWebSocketException or InvalidOperationException)
        {
            Lose(LoadFailure.KindOf(e));
            throw new OperationCanceledException("The connection is over.", e);
        }

        Context.Tally.CountSent(message.Length);
        if (_outstanding is null)
        {
            DueAfterAnswer();
        }
    }

    /// <inheritdoc/>
    protected override void Receive(WsMessage message)
    {
        base.Receive(message);
        if (_outstanding?.TryTake(message.AsMemory().Span, out long due) == true)
        {
            Context.RoundTrips.Record(Microseconds(due));
            Context.Tally.CountAnswer();
            DueAfterAnswer();
        }
    }
}
