using System.Diagnostics.CodeAnalysis;
using MessageWebSockets.PowerShell.Connecting;
using MessageWebSockets.PowerShell.Errors;
using MessageWebSockets.PowerShell.Messages;
using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell;

/// <content>What is done at the end of a socket, and for the other sockets while it is connected anew.</content>
public sealed partial class ReceiveWsMessageCommand : IPipeline
{
    // Those that ended meanwhile, to be connected anew in their turn.
    private readonly Queue<MessageSource.SocketEnd> _ended = new();

    private CancellationTokenSource? _reconnecting;

    bool IPipeline.HasOthersToReconnect => _ended.Count > 0;

    /// <summary>Waits for a step of a reconnect, and writes what the other sockets bring in the meantime.</summary>
    [SuppressMessage("Reliability", "CA2025", Justification = "What uses the source is waited for before that is disposed of.")]
    private protected override void WaitForConnect(Task step)
    {
        while (_reconnecting is { IsCancellationRequested: false } && !_source.IsOver && !step.IsCompleted)
        {
            Drain();
            if (_received >= _limit || _clock.IsOver)
            {
                _reconnecting.Cancel();
                break;
            }

            // What came has begun the time until the next message anew.
            _reconnecting.CancelAfter(_clock.Left());
            using CancellationTokenSource enough = CancellationTokenSource.CreateLinkedTokenSource(StopToken);
            Task<MessageSource.SocketEnd?> arrival = _source.WaitAsync(enough.Token).AsTask();
            Wait(Task.WhenAny(arrival, step));
            enough.Cancel();
            if (EndOf(arrival) is { } end)
            {
                _ended.Enqueue(end);
            }
        }

        Wait(step);
    }

    /// <summary>The end of a socket that was waited for; null where the wait was given up or a message came.</summary>
    private MessageSource.SocketEnd? EndOf(Task<MessageSource.SocketEnd?> arrival)
    {
        try
        {
            return Wait(new ValueTask<MessageSource.SocketEnd?>(arrival));
        }
        catch (OperationCanceledException) when (!StopToken.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>Reconnects after the end of a socket, or tells the end.</summary>
    /// <returns>False when the time was over meanwhile, or as many messages came from the others as are wanted.</returns>
    private bool TryGoOn(MessageSource.SocketEnd end)
    {
        try
        {
            if (Renew(end.Socket) is { } successor)
            {
                // The time goes on: a server that takes each connection and drops it must not keep this for ever.
                _source.Join(successor);
                ShowFrames(successor);
                return true;
            }
        }
        catch (TimeoutException) when (_ended.Count > 0 && _received < _limit && !_clock.IsOver && !_clock.IsTooQuiet)
        {
            // One of several that are lost: they take turns, so that a server which stays away keeps none from one that is back.
            _ended.Enqueue(end);
            return true;
        }
        catch (TimeoutException)
        {
            if (_received < _limit && !_clock.EndsInOrder)
            {
                WriteError(WsErrors.ReconnectTimeout(end.Socket, QuietTime, ProgressText));
            }

            return false;
        }

        if (SocketExtras.EndsInError(end.Socket, end.Failure) || (IsCounting && _source.IsOver && _ended.Count == 0))
        {
            WriteError(EndOf(end.Failure, end.Socket, ProgressText));
        }
        else
        {
            Tell($"{end.Socket} ended: {SocketText.State(end.Socket)}.");
        }

        return true;
    }

    private MessageWebSocket? Renew(MessageWebSocket lost)
    {
        using CancellationTokenSource reconnecting = new();
        _reconnecting = reconnecting;
        reconnecting.CancelAfter(_clock.Left());
        try
        {
            return Connector.Renew(this, lost, reconnecting.Token);
        }
        finally
        {
            // Before it is disposed of; also where a message was written that ended the pipeline.
            reconnecting.Cancel();
            _reconnecting = null;
        }
    }
}
