namespace MessageWebSockets.Connections;

/// <summary>The close handshake of one connection (RFC 6455 section 7), whichever side begins it.</summary>
/// <remarks>Thread-safe, but for <see cref="OnPeerClosed"/>, which is the receive loop's.</remarks>
internal sealed class CloseHandshake(ConnectionState state, MessageSender sender, ConnectionResources resources)
{
    private volatile bool _isClosedLocally;
    private volatile bool _isGivenUp;

    /// <summary>Whether nobody waits for what the peer still sends.</summary>
    public bool IsClosedLocally => _isClosedLocally;

    /// <summary>Whether nobody waits for the peer's close frame any longer, which was told as the end of the connection.</summary>
    public bool IsGivenUp => _isGivenUp;

    /// <summary>Sends the close frame and ends reading; the last bytes go in the background, and nothing waits for them.</summary>
    public void Close(ushort? code, string reason)
    {
        // First: the peer may end its side at the same moment, and is then to have what was sent all the same.
        _isClosedLocally = true;
        if (state.TryBeginClose(code, reason))
        {
            SendFrame(code, reason);
        }

        // Whoever began the close: once somebody waits for it no longer, it is over.
        bool isNews = state.Events.OnClosed(state.CloseBegun!, byPeer: false);
        CompleteReading();
        _ = resources.ReleaseAfterLingerAsync();
        if (isNews)
        {
            // Last of all, because a handler may take its time.
            state.Events.RaiseClosed(state.CloseBegun!);
        }
    }

    /// <summary>The peer has ended its side of TCP; behind a local close it may still take what was sent.</summary>
    public Task OnPeerEndedAsync() => _isClosedLocally ? resources.WhenSentAsync() : Task.CompletedTask;

    /// <summary>Sends the close frame, and waits for the peer's and for the end of TCP.</summary>
    /// <param name="code">The code; null for an empty close frame.</param>
    /// <param name="reason">The reason, only with a code.</param>
    /// <param name="timeout">How long the peer may take, in place of the setting; zero for any time.</param>
    /// <param name="cancellationToken">Ends the wait; the connection is then dropped.</param>
    public async Task<WebSocketCloseResult> CloseAsync(
        ushort? code, string reason, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        if (state.TryBeginClose(code, reason))
        {
            state.Events.OnClosing();
            SendFrame(code, reason);
        }

        WebSocketCloseResult result =
            await WaitForPeerAsync(timeout ?? state.Settings.CloseTimeout, cancellationToken).ConfigureAwait(false)
            ?? throw state.NoAnswer();
        try
        {
            await state.Released.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException e)
        {
            // The end is told already, as the orderly one that it is: all that was still to come is that of TCP.
            resources.Release(null);
            throw ContractError.Canceled(cancellationToken, e);
        }

        return result;
    }

    /// <summary>The peer's close frame was read: it is answered, and told.</summary>
    public void OnPeerClosed()
    {
        WebSocketCloseResult close = state.Transport.Reader.ReceivedClose ?? new WebSocketCloseResult(1005, "");
        bool byPeer = state.TryBeginClose(close.Code, "", byPeer: true);
        if (byPeer)
        {
            // RFC 6455 section 5.5.1: the answer repeats the code.
            SendFrame(close.Code == 1005 ? null : close.Code, "");
        }

        bool isNews = state.Events.OnClosed(close, byPeer: true);
        state.Receiver.Complete(null);
        state.OnPeerClosed(close, wasFirst: byPeer);
        state.Transport.Writer.EndPings();
        _ = resources.ReleaseAtTcpEndAsync(null);
        if (isNews)
        {
            // Last, because a handler may take its time.
            state.Events.RaiseClosed(close);
        }
    }

    /// <summary>Sends the close frame, behind all that was accepted.</summary>
    public void SendFrame(ushort? code, string reason)
    {
        try
        {
            sender.SendLastWords();
            state.Transport.Writer.SendClose(code, reason);
        }
        catch (Exception e) when (e is IOException or OutOfMemoryException)
        {
            // A peer that is gone needs no close frame, and one that there is no memory for must not keep the connection from its end.
        }
    }

    // What the peer said, or null when it says nothing any more. One that still takes what was sent ahead of the close frame cannot have
    // come to it yet: its time begins anew with whatever it takes.
    private async Task<WebSocketCloseResult?> WaitForPeerAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        Task<WebSocketCloseResult?> closed = state.PeerClosed;
        try
        {
            if (timeout <= TimeSpan.Zero
                || await Linger.WhileTakenAsync(closed, state.Transport, timeout, state.Settings.Clock, cancellationToken)
                    .ConfigureAwait(false))
            {
                return await closed.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException e)
        {
            GiveUp(state.Failures.GivenUp(e));
            throw ContractError.Canceled(cancellationToken, e);
        }

        MessageWebSocketException unanswered = state.Failures.Unanswered(timeout, new TimeoutException());
        GiveUp(unanswered);
        throw unanswered;
    }

    // The peer may have closed just now, so that nobody has told the readers yet.
    private void CompleteReading()
    {
        if (state.Transport.Reader.ReceivedClose is null)
        {
            state.Receiver.CompleteHere();
        }
        else
        {
            state.Receiver.Complete(null);
        }
    }

    // Half a close handshake is no orderly end. Closed is raised all the same: the close was a local one.
    private void GiveUp(MessageWebSocketException unanswered)
    {
        bool isNews = state.TryFail(unanswered);
        _isGivenUp = isNews;
        state.Events.OnAborted(unanswered);
        state.Receiver.Complete(unanswered);
        resources.Release(unanswered);
        if (isNews && !state.Events.IsClosed)
        {
            // Last of all, because a handler may take its time.
            state.Events.RaiseClosed(state.CloseBegun!);
        }
    }
}
