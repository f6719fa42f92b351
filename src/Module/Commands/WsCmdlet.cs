using System.Collections.Concurrent;
using System.Globalization;
using System.Management.Automation;
using MessageWebSockets.PowerShell.Connecting;
using MessageWebSockets.PowerShell.Errors;
using MessageWebSockets.PowerShell.Messages;
using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell;

/// <summary>
/// The base of the module's cmdlets, and the only place that waits synchronously: while a task runs, the pipeline thread does
/// what other threads post (verbose, debug and warning records, script blocks), until the task ends or the user stops the pipeline.
/// </summary>
public abstract class WsCmdlet : PSCmdlet, IPipeline, IDisposable
{
    private static readonly TimeSpan LongestClose = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestTelling = TimeSpan.FromSeconds(1);
    private static readonly string[] s_relayedPreferences = ["Verbose", "Debug"];

    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentQueue<Action> _posted = new();
    private readonly ManualResetEventSlim _wake = new();
    private readonly List<MessageWebSocket> _shown = [];

    private protected WsCmdlet() => _stopping.Token.Register(_wake.Set);

    /// <summary>Cancelled when the user stops the pipeline (Ctrl+C), and when the cmdlet is over.</summary>
    internal CancellationToken StopToken => _stopping.Token;

    CancellationToken IPipeline.StopToken => StopToken;

    private protected static WsSession Session => WsSession.ForCurrentRunspace();

    /// <summary>Reads and writes JSON.</summary>
    internal PowerShellJson Json
    {
        get
        {
            try
            {
                return PowerShellJson.Instance;
            }
            catch (NotSupportedException e)
            {
                ThrowTerminatingError(WsErrors.JsonNotAvailable(e));
                throw;
            }
        }
    }

    private protected bool ShowsDebug => IsShown("Debug", "DebugPreference");

    private bool ShowsVerbose => IsShown("Verbose", "VerbosePreference");

    /// <summary>Whether the user gave a parameter.</summary>
    private protected bool IsBound(string parameter) => MyInvocation.BoundParameters.ContainsKey(parameter);

    /// <inheritdoc/>
    protected override void StopProcessing()
    {
        try
        {
            _stopping.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // A stop that comes as the cmdlet ends has nothing left to stop.
        }
    }

    /// <summary>Ends what the cmdlet still has under way; PowerShell calls it whichever way the pipeline ended.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc cref="Dispose()"/>
    /// <param name="disposing">Whether <see cref="Dispose()"/> calls it.</param>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            foreach (MessageWebSocket socket in _shown)
            {
                FrameLog.Leave(socket, this);
            }

            _stopping.Cancel();
            _stopping.Dispose();
        }
    }

    /// <summary>Writes a verbose record if the user asked for them: under -Debug alone, WriteVerbose would ask whether to go on.</summary>
    internal void Tell(string message)
    {
        if (ShowsVerbose)
        {
            WriteVerbose(message);
        }
    }

    /// <summary>Ends the cmdlet where the user has stopped the pipeline.</summary>
    private protected void StopIfAsked()
    {
        // The engine says so a moment before it calls StopProcessing.
        if (Stopping || StopToken.IsCancellationRequested)
        {
            throw new PipelineStoppedException();
        }
    }

    /// <summary>Lets another thread have something done on the pipeline thread, at the next wait.</summary>
    internal void Post(Action action)
    {
        _posted.Enqueue(action);
        _wake.Set();
    }

    /// <summary>Waits for a result without keeping the pipeline thread from what is posted to it.</summary>
    /// <exception cref="PipelineStoppedException">The user stopped the pipeline.</exception>
    internal T Wait<T>(ValueTask<T> operation)
    {
        if (operation.IsCompletedSuccessfully)
        {
            return operation.Result;
        }

        Task<T> task = operation.AsTask();
        Wait(task);
        return task.Result;
    }

    /// <inheritdoc cref="Wait{T}(ValueTask{T})"/>
    internal void Wait(ValueTask operation)
    {
        if (!operation.IsCompletedSuccessfully)
        {
            Wait(operation.AsTask());
        }
    }

    /// <inheritdoc cref="Wait{T}(ValueTask{T})"/>
    internal void Wait(Task task)
    {
        if (!task.IsCompleted)
        {
            // Synchronously: all the completing thread does is to set the event.
            _ = task.ContinueWith(
                static (_, wake) => ((ManualResetEventSlim)wake!).Set(),
                _wake,
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
            PumpUntil(task);
        }

        RunPosted();
        try
        {
            task.GetAwaiter().GetResult();
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            throw new PipelineStoppedException();
        }
    }

    /// <summary>Waits for a step of a connect that another class makes for this cmdlet.</summary>
    private protected virtual void WaitForConnect(Task step) => Wait(step);

    /// <summary>Gives something a moment to end, for a cmdlet that is over; whether and how it ends no longer matters.</summary>
    private protected static void WaitBriefly(Func<Task> begin)
    {
        try
        {
            begin().Wait(TimeSpan.FromMilliseconds(250));
        }
        catch (Exception e) when (e is AggregateException or MessageWebSocketException or InvalidOperationException)
        {
        }
    }

    /// <summary>Writes what other threads posted; for loops that are too busy to wait.</summary>
    private protected void RunPosted()
    {
        if (_shown.Count > 0)
        {
            // What was done so far is shown before what comes next.
            FrameLog.WaitUntilTold(_shown, LongestTelling);
        }

        while (_posted.TryDequeue(out Action? action))
        {
            action();
        }
    }

    /// <summary>
    /// The socket to use: the given one or what took its place, else the only open one of this session. With none open it is the last
    /// one that ended, so that it is said why; the moment at which its end is noticed makes no difference then.
    /// </summary>
    private protected MessageWebSocket Resolve(MessageWebSocket? given)
    {
        // In a script of -OnConnected the connection it greets is meant, which is the session's only afterwards.
        if (Session.Greeted is { } greeted && (given is null || SocketExtras.IsToReplace(greeted, given)))
        {
            return greeted;
        }

        if (given is not null)
        {
            return SocketExtras.LatestOf(given);
        }

        // One that waits to be reconnected counts as open, lest a message goes to another server meanwhile.
        IReadOnlyList<MessageWebSocket> sockets = Session.Sockets;
        MessageWebSocket[] open =
            [.. sockets.Where(static socket => socket.State == MessageWebSocketState.Open || SocketExtras.IsDue(socket))];
        if (open.Length > 1)
        {
            ThrowTerminatingError(WsErrors.SeveralOpenSockets(open));
        }

        if (open is [var only])
        {
            return only;
        }

        MessageWebSocket? last = sockets.LastOrDefault(
            static socket => socket.State == MessageWebSocketState.Closing || WsSession.HasEnded(socket));
        if (last is null)
        {
            ThrowTerminatingError(WsErrors.NoOpenSocket());
        }

        return last!;
    }

    /// <summary>As <see cref="Resolve"/>, for a cmdlet that sends: one that is connected, again where it can be.</summary>
    /// <param name="given">What the user gave.</param>
    /// <param name="budget">How long a reconnect may take.</param>
    private protected MessageWebSocket ResolveWritable(MessageWebSocket? given, WaitBudget budget)
    {
        MessageWebSocket socket = Resolve(given);
        if (Unwritable(ref socket, budget) is { } refusal)
        {
            ThrowTerminatingError(refusal);
        }

        return socket;
    }

    /// <summary>Why nothing can be sent on a socket, which is replaced by its successor where it can be connected again.</summary>
    private protected ErrorRecord? Unwritable(ref MessageWebSocket socket, WaitBudget budget)
    {
        if (WsSession.HasEnded(socket) || (socket.State == MessageWebSocketState.Closing && SocketExtras.IsDue(socket)))
        {
            MessageWebSocket lost = socket;
            try
            {
                if (budget.Spend(left => Connector.Renew(this, lost, left)) is { } successor)
                {
                    socket = successor;
                    return null;
                }
            }
            catch (TimeoutException)
            {
                return WsErrors.ReconnectTimeout(lost, budget.Limit, null);
            }

            return Ended(null, socket);
        }

        return socket.State switch
        {
            MessageWebSocketState.Closing => Ended(null, socket),
            MessageWebSocketState.Created or MessageWebSocketState.Connecting => WsErrors.SocketNotConnected(socket),
            _ => null,
        };
    }

    /// <summary>Reconnects, and stops the cmdlet when its time is over meanwhile.</summary>
    private protected MessageWebSocket? Renew(
        MessageWebSocket lost, WaitBudget budget, MessageWebSocketException? failure = null, string? progress = null)
    {
        try
        {
            return budget.Spend(left => Connector.Renew(this, lost, left, failure));
        }
        catch (TimeoutException)
        {
            ThrowTerminatingError(WsErrors.ReconnectTimeout(lost, budget.Limit, progress));
            return null;
        }
    }

    /// <summary>Stops the cmdlet when messages cannot be received from a socket.</summary>
    private protected void CheckReadable(MessageWebSocket socket)
    {
        if (Unreadable(socket) is { } refusal)
        {
            ThrowTerminatingError(refusal);
        }
    }

    /// <summary>Why messages cannot be received from a socket; null where they can be.</summary>
    private protected static ErrorRecord? Unreadable(MessageWebSocket socket)
    {
        try
        {
            socket.TryPeek(out _);
            return null;
        }
        catch (ObjectDisposedException)
        {
            return EndOf(null, socket);
        }
        catch (InvalidOperationException)
        {
            return socket.State is MessageWebSocketState.Created or MessageWebSocketState.Connecting
                ? WsErrors.SocketNotConnected(socket)
                : WsErrors.MessagesGoToHandlers(socket);
        }
    }

    /// <summary>
    /// A connection that is of no use any more. What a send or ping meets is only the effect; the reason may be a close that is on its
    /// way through the receive loop, and is waited for for a moment.
    /// </summary>
    /// <param name="failure">What was met; null where the socket was closed.</param>
    /// <param name="socket">The socket.</param>
    /// <param name="progress">What was done before.</param>
    private protected ErrorRecord Ended(MessageWebSocketException? failure, MessageWebSocket socket, string? progress = null)
    {
        AwaitEnd(socket);
        return EndOf(failure, socket, progress);
    }

    /// <summary>Waits for a moment until a connection that is of no use any more has ended.</summary>
    private protected void AwaitEnd(MessageWebSocket socket)
    {
        if (!WsSession.HasEnded(socket))
        {
            Wait(WaitForEndAsync(socket, StopToken));
        }
    }

    /// <summary>
    /// The error of a connection that is of no use any more, with how the attempts to reconnect ended, or that another one takes its place.
    /// </summary>
    private protected static ErrorRecord EndOf(MessageWebSocketException? failure, MessageWebSocket socket, string? progress = null)
    {
        Reconnection? reconnection = SocketExtras.Of(socket).Reconnection;
        string?[] parts = [reconnection?.Outcome, progress];
        string detail = string.Join(' ', parts.Where(static part => part is { Length: > 0 }));
        bool isRenewed = SocketExtras.IsDue(socket) || SocketExtras.LatestOf(socket) != socket;
        return reconnection?.TakeFailure() is { } last
            ? WsErrors.WithDetail(last, detail)
            : WsErrors.Ended(failure, socket, detail.Length > 0 ? detail : null, isRenewed);
    }

    /// <summary>Shows the frames of a socket on the debug stream for as long as this cmdlet runs, if the user asked for that.</summary>
    private protected void ShowFrames(MessageWebSocket socket)
    {
        // While it is greeted, the cmdlet that connects may be showing them.
        bool isShown = _shown.Contains(socket) || (socket == Session.Greeted && socket.Control.FrameTrace is FrameLog);
        if (ShowsDebug && !isShown && FrameLog.TryJoin(socket, this))
        {
            _shown.Add(socket);
        }
    }

    void IPipeline.Post(Action action) => Post(action);

    void IPipeline.Wait(Task task) => WaitForConnect(task);

    void IPipeline.Tell(string message) => Tell(message);

    IEnumerable<PSVariable> IPipeline.GivenPreferences => s_relayedPreferences
        .Where(IsBound)
        .Select(name => new PSVariable(
            $"{name}Preference",
            LanguagePrimitives.IsTrue(MyInvocation.BoundParameters[name]) ? ActionPreference.Continue : ActionPreference.SilentlyContinue));

    bool IPipeline.StopsAtErrors => Preference("ErrorAction", "ErrorActionPreference") is ActionPreference.Stop;

    bool IPipeline.TryRelay(object? item)
    {
        switch (item is PSObject wrapped ? wrapped.BaseObject : item)
        {
            case ErrorRecord error:
                WriteError(error);
                return true;
            case WarningRecord warning:
                WriteWarning(warning.Message);
                return true;
            case InformationRecord information:
                WriteInformation(information);
                return true;
            case VerboseRecord verbose when ShowsVerbose:
                WriteVerbose(verbose.Message);
                return true;
            case VerboseRecord verbose:
                Host.UI.WriteVerboseLine(verbose.Message);
                return true;
            case DebugRecord debug when ShowsDebug:
                WriteDebug(debug.Message);
                return true;
            case DebugRecord debug:
                Host.UI.WriteDebugLine(debug.Message);
                return true;
            default:
                return false;
        }
    }

    private void PumpUntil(Task task)
    {
        while (!task.IsCompleted)
        {
            _wake.Wait(CancellationToken.None);
            _wake.Reset();
            if (_stopping.IsCancellationRequested && !task.IsCompleted)
            {
                // The task was given the token and ends in its own time; the user does not wait for that.
                Forget(task);
                throw new PipelineStoppedException();
            }

            try
            {
                RunPosted();
            }
            catch
            {
                // Such as -WarningAction Stop: the cmdlet is over, and with it what it waited for.
                _stopping.Cancel();
                Forget(task);
                throw;
            }
        }
    }

    private static async Task WaitForEndAsync(MessageWebSocket socket, CancellationToken cancellationToken)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(LongestClose);
        try
        {
            await socket.ReceiveNextAsync(static _ => false, patience.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is MessageWebSocketException or InvalidOperationException or OperationCanceledException)
        {
            // It ended abnormally, its messages go to handlers, or it takes too long: then what was met has to do.
        }
    }

    private static void Forget(Task task) => _ = task.ContinueWith(static t => t.Exception, TaskScheduler.Default);

    private bool IsShown(string parameter, string preference)
    {
        if (MyInvocation.BoundParameters.TryGetValue(parameter, out object? given))
        {
            return LanguagePrimitives.IsTrue(given);
        }

        return Preference(parameter, preference) is not (null or ActionPreference.SilentlyContinue or ActionPreference.Ignore);
    }

    private ActionPreference? Preference(string parameter, string preference)
    {
        object? value = MyInvocation.BoundParameters.TryGetValue(parameter, out object? given) ? given : GetVariableValue(preference);
        return LanguagePrimitives.TryConvertTo(value, CultureInfo.InvariantCulture, out ActionPreference action) ? action : null;
    }

    /// <summary>The warning of messages that were accepted, and so go out, though not yet.</summary>
    private protected static string StillWaiting(MessageWebSocket socket, long waiting, long accepted) =>
        $"{waiting} of {accepted} messages still wait for {socket} to read; they go out when it does.";
}
