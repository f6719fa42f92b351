using System.Management.Automation;
using MessageWebSockets.PowerShell.Completion;
using MessageWebSockets.PowerShell.Errors;
using MessageWebSockets.PowerShell.Sessions;
using MessageWebSockets.PowerShell.Views;

namespace MessageWebSockets.PowerShell;

/// <summary>Closes connections with the close handshake.</summary>
[Cmdlet(VerbsCommon.Close, "MessageWebSocket", SupportsShouldProcess = true)]
[OutputType(typeof(MessageWebSocket))]
public sealed class CloseMessageWebSocketCommand : WsCmdlet
{
    private const ushort NormalClosure = 1000;
    private const double DefaultTimeoutSeconds = 5;

    // Each with its own time, which begins with its close: a pipeline may bring the next one long after.
    private readonly List<(MessageWebSocket Socket, Task<WebSocketCloseResult> Close, CancellationTokenSource? Patience)> _closing = [];

    // Not the StopToken, which is cancelled as well where a pipeline ended early.
    private readonly CancellationTokenSource _drop = new();

    /// <summary>
    /// The sockets, as objects or names, of which those that are not there are passed over; without it the only open one of this session.
    /// </summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [AllowNull]
    [AllowEmptyCollection]
    [SocketNameTransform(TakesUnknownNames = true)]
    [ArgumentCompleter(typeof(SocketNameCompleter))]
    public MessageWebSocket?[]? Socket { get; set; }

    /// <summary>The close code; without it the close frame is empty.</summary>
    [Parameter]
    [ValidateCloseCode]
    [ArgumentCompleter(typeof(CloseCodeCompleter))]
    public int Code { get; set; }

    /// <summary>The reason, at most 123 bytes; with code 1000 when none is given.</summary>
    [Parameter]
    [AllowEmptyString]
    [ValidateCloseReason]
    public string? Reason { get; set; }

    /// <summary>
    /// How long to wait for the server's answer, in seconds, once it takes nothing any more of what was sent; 0 for no limit.
    /// </summary>
    [Parameter]
    [ValidateTime]
    public double TimeoutSeconds { get; set; } = DefaultTimeoutSeconds;

    /// <summary>Emit the closed sockets.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (!IsBound(nameof(Socket)) && MyInvocation.ExpectingInput)
        {
            return;
        }

        // All at once: a hundred dead peers take no longer than one. What is not there, such as the variable of a connect that failed,
        // is closed already: in a finally block an error would take the place of the one that led there.
        foreach (MessageWebSocket? socket in IsBound(nameof(Socket)) ? Socket ?? [] : OnlyOpen())
        {
            if (socket is null)
            {
                continue;
            }

            if (SocketExtras.Of(socket).IsUnknown)
            {
                WriteWarning($"Nothing was closed: {WsErrors.UnknownName(socket.Name, Session.Sockets)}");
                continue;
            }

            MessageWebSocket latest = SocketExtras.LatestOf(socket);
            if (ShouldProcess(latest.ToString(), "Close the connection"))
            {
                Begin(latest);
            }
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        foreach ((MessageWebSocket socket, Task<WebSocketCloseResult> close, _) in _closing)
        {
            Finish(socket, close);
            WarnOfDropped(socket);
            if (PassThru)
            {
                WriteObject(socket);
            }
        }
    }

    /// <inheritdoc/>
    protected override void StopProcessing()
    {
        // Whoever stops a close wants it over: what is not closed by now is dropped.
        _drop.Cancel();
        base.StopProcessing();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (!disposing)
        {
            return;
        }

        foreach ((_, Task<WebSocketCloseResult> close, CancellationTokenSource? patience) in _closing)
        {
            if (patience is null)
            {
                continue;
            }

            // A pipeline that ended early, as by Select-Object -First, waits for none of them any more.
            patience.CancelAfter(TimeoutSeconds == 0 ? TimeSpan.FromSeconds(DefaultTimeoutSeconds) : Times.Limit(TimeoutSeconds));

            _ = close.ContinueWith(
                closed =>
                {
                    _ = closed.Exception;
                    patience.Dispose();
                },
                TaskScheduler.Default);
        }
    }

    private MessageWebSocket[] OnlyOpen()
    {
        // In a script of -OnConnected the connection it greets is meant, as with every cmdlet.
        if (Session.Greeted is { } greeted)
        {
            return [greeted];
        }

        MessageWebSocket[] living =
            [.. Session.Sockets.Where(static socket => socket.State == MessageWebSocketState.Open || SocketExtras.IsDue(socket))];
        if (living.Length == 0)
        {
            Tell("This session has no open socket; there is nothing to close.");
            return Session.Sockets.Where(WsSession.HasEnded).ToArray() is [var ended] ? [ended] : [];
        }

        if (living.Length > 1)
        {
            WriteError(WsErrors.SeveralOpenSockets(living));
            return [];
        }

        return living;
    }

    private void Begin(MessageWebSocket socket)
    {
        if (SocketExtras.Of(socket).Reconnection is { } reconnection)
        {
            // A reconnect may have put a newer one in its place meanwhile.
            socket = reconnection.Close();
        }

        ShowFrames(socket);
        Session.Remove(socket);
        if (socket.State is not (MessageWebSocketState.Open or MessageWebSocketState.Closing))
        {
            socket.Close();
            _closing.Add((socket, Task.FromResult(new WebSocketCloseResult(socket.Information.CloseCode ?? 1005, "")), null));
            return;
        }

        // What the server still takes of what was sent does not count: only the token ends that.
        CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(_drop.Token);
        TimeSpan timeout = Times.OfSeconds(TimeoutSeconds);
        ushort? code = IsBound(nameof(Code)) ? (ushort)Code : string.IsNullOrEmpty(Reason) ? null : NormalClosure;
        string? reason = code is null ? null : Reason ?? "";
        _closing.Add((socket, socket.CloseWithinAsync(code, reason, timeout, patience.Token), patience));
    }

    // What was accepted and has not left never does now.
    private static string Lost(MessageWebSocket socket) => WsErrors.Unsent(socket) switch
    {
        0 => "",
        1 => ", and with it 1 message that had not left",
        var count => $", and with it {count} messages that had not left",
    };

    // The close frame of a server is behind all that it sent before; of an inbox without room that is dropped on the way there.
    private void WarnOfDropped(MessageWebSocket socket)
    {
        long dropped = socket.Control.InboxFullMode == InboxFullMode.Wait ? socket.Information.MessagesDropped : 0;
        if (dropped > 0)
        {
            WriteWarning(
                $"{dropped} {(dropped == 1 ? "message" : "messages")} that {socket} sent before the connection was closed found no room in"
                + " the inbox and cannot be received any more. To keep everything, receive until there is nothing left, then close.");
        }
    }

    private void Finish(MessageWebSocket socket, Task<WebSocketCloseResult> close)
    {
        const int Interval = 500;
        TransferProgress progress = new(this, $"Closing {socket}", (long)Times.OfSeconds(TimeoutSeconds).TotalMilliseconds);
        long started = Environment.TickCount64;
        using Timer ticking = new(
            _ => Post(() => progress.Report(Environment.TickCount64 - started, "Waiting for the server to answer")),
            null,
            Interval,
            Interval);
        try
        {
            Wait(close);
            string reason = close.Result.Reason.Length > 0 ? $" ({TerminalText.Escape(close.Result.Reason)})" : "";
            Tell($"Closed {socket}: {(close.Result.Code == 1005 ? "no code" : $"code {close.Result.Code}")}{reason}.");
        }
        catch (MessageWebSocketException e) when (WsErrors.IsUnansweredClose(e))
        {
            WriteWarning(
                $"{socket} did not answer the close within {WsErrors.Seconds(Times.OfSeconds(TimeoutSeconds))}. "
                + $"The connection was dropped{Lost(socket)}.");
        }
        catch (MessageWebSocketException e)
        {
            WriteWarning($"The connection to {socket} broke while it was closed{Lost(socket)}: {TerminalText.Escape(e.Message)}");
        }
        finally
        {
            if (!StopToken.IsCancellationRequested)
            {
                progress.Complete();
            }
        }
    }
}
