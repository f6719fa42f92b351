using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace MessageWebSockets.PowerShell.Loading;

/// <summary>Connects and closes, again and again.</summary>
internal sealed class ConnectWorker(LoadContext context) : LoadWorker(context)
{
    /// <inheritdoc/>
    public override bool IsOpen => true;

    /// <inheritdoc/>
    public override int Unanswered => 0;

    /// <summary>Nothing: each connection is opened when it is due.</summary>
    public override Task OpenAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override Task CloseAsync(TimeSpan limit) => Task.CompletedTask;

    /// <inheritdoc/>
    protected override async ValueTask DoAsync(long due)
    {
        MessageWebSocket socket = Context.NewSocket();
        await using ConfiguredAsyncDisposable owned = socket.ConfigureAwait(false);
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(Context.Stop);
        limit.CancelAfter(Plan.Patience);
        long started = Stopwatch.GetTimestamp();
        try
        {
            await socket.ConnectAsync(Plan.Uri, limit.Token).ConfigureAwait(false);
            Context.Connects.Record(Microseconds(started));
            Context.RoundTrips.Record(Microseconds(due));
            Context.Tally.CountOpened();
            Context.Tally.CountAnswer();
        }
        catch (Exception e) when (e is MessageWebSocketException or OperationCanceledException)
        {
            Context.Stop.ThrowIfCancellationRequested();
            Context.Tally.CountRefusal(LoadFailure.KindOf(e));
            DueAfterAnswer();
            return;
        }

        try
        {
            await socket.CloseAsync(1000, "", limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is MessageWebSocketException or InvalidOperationException or OperationCanceledException)
        {
            if (!Context.Stop.IsCancellationRequested)
            {
                Context.Tally.CountError(LoadFailure.KindOf(e));
            }
        }

        Context.Tally.CountEnded();
        DueAfterAnswer();
    }
}
