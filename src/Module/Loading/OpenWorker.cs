using System.Diagnostics;

namespace MessageWebSockets.PowerShell.Loading;

/// <summary>A worker that keeps one connection open for the whole load.</summary>
internal abstract class OpenWorker(LoadContext context) : LoadWorker(context)
{
    private readonly MessageWebSocket _socket = context.NewSocket();
    private int _state;

    private const int Opened = 1;
    private const int Ended = 2;

    protected MessageWebSocket Socket => _socket;

    /// <inheritdoc/>
    public override bool IsOpen => Volatile.Read(ref _state) == Opened;

    /// <inheritdoc/>
    public override async Task OpenAsync(CancellationToken cancellationToken)
    {
        // Messages are handled as they arrive: an inbox that nobody reads would fill and hold the server back.
        _socket.MessageReceived += OnMessageReceived;
        _socket.Closed += OnClosed;
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Plan.Patience);
        long started = Stopwatch.GetTimestamp();
        try
        {
            await _socket.ConnectAsync(Plan.Uri, limit.Token).ConfigureAwait(false);
            Context.Connects.Record(Microseconds(started));
            Context.Tally.CountOpened();
            if (Interlocked.CompareExchange(ref _state, Opened, 0) != 0)
            {
                // Closed by its server before this thread came to say that it is open.
                Context.Tally.CountEnded();
            }
        }
        catch (Exception e) when (e is MessageWebSocketException or OperationCanceledException)
        {
            _socket.Dispose();
            if (!cancellationToken.IsCancellationRequested)
            {
                Context.Tally.CountRefusal(LoadFailure.KindOf(e));
            }
        }
    }

    /// <inheritdoc/>
    public override async Task CloseAsync(TimeSpan limit)
    {
        if (Interlocked.Exchange(ref _state, Ended) == Opened)
        {
            Context.Tally.CountEnded();
            using CancellationTokenSource patience = new(limit);
            try
            {
                await _socket.CloseAsync(1000, "", patience.Token).ConfigureAwait(false);
            }
            catch (Exception e) when (e is MessageWebSocketException or InvalidOperationException or OperationCanceledException)
            {
                // The load is over; how its connections end is not part of it.
            }
        }

        await _socket.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Handles a message; on the thread that received it.</summary>
    protected virtual void Receive(WsMessage message) => Context.Tally.CountReceived(message.Length);

    /// <summary>Counts the end of the connection, once; not that which <see cref="CloseAsync"/> brings about.</summary>
    protected void Lose(string kind)
    {
        int before = Interlocked.Exchange(ref _state, Ended);
        if (before == Ended)
        {
            return;
        }

        Context.Tally.CountError(kind);
        if (before == Opened)
        {
            Context.Tally.CountEnded();
        }
    }

    private void OnMessageReceived(MessageWebSocket sender, MessageWebSocketMessageReceivedEventArgs args)
    {
        if (args.Message is { } message)
        {
            Receive(message);
        }
        else if (args.Error is { } error)
        {
            Lose(LoadFailure.KindOf(error));
        }
    }

    private void OnClosed(MessageWebSocket sender, WebSocketClosedEventArgs args) => Lose(LoadFailure.Closed(args.Code));
}
