using System.Collections;
using System.Management.Automation;
using MessageWebSockets.PowerShell.Errors;
using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell.Connecting;

/// <summary>
/// Runs the script of -OnConnected on the pipeline thread of the cmdlet that connects or reconnects. What it emits goes, one by one, to
/// a cmdlet that sends it; while it runs, the new connection is the one that cmdlets of it use.
/// </summary>
/// <param name="script">The script.</param>
/// <param name="sender">The cmdlet that sends what is emitted through the socket of its -Socket.</param>
/// <param name="runner">The cmdlet that does what its -Greeting says.</param>
internal sealed class ConnectScript(ScriptBlock script, CmdletInfo sender, CmdletInfo runner) : IConnectScript
{
    private UserScript _script = new(script);
    private IPipeline? _connecting;

    /// <inheritdoc/>
    public ScriptBlock Script
    {
        set => _script = new UserScript(value);
    }

    /// <inheritdoc/>
    public IPipeline? Connecting
    {
        get => Volatile.Read(ref _connecting);
        set => Volatile.Write(ref _connecting, value);
    }

    /// <inheritdoc/>
    public Exception? Failure { get; private set; }

    /// <inheritdoc/>
    public Task RunAsync(MessageWebSocket socket, CancellationToken cancellationToken)
    {
        Failure = null;
        if (Connecting is not { } cmdlet)
        {
            throw new InvalidOperationException(
                "The script of -OnConnected runs in Connect-MessageWebSocket; ConnectAsync alone has no pipeline for it.");
        }

        // The library knows by it that whoever uses the socket there is who greets.
        ExecutionContext? flow = ExecutionContext.Capture();
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        cmdlet.Post(() =>
        {
            if (cancellationToken.IsCancellationRequested)
            {
                done.TrySetCanceled(cancellationToken);
            }
            else if (flow is null)
            {
                Run(cmdlet, socket, done, cancellationToken);
            }
            else
            {
                ExecutionContext.Run(flow, _ => Run(cmdlet, socket, done, cancellationToken), null);
            }
        });
        return done.Task;
    }

    private void Run(IPipeline cmdlet, MessageWebSocket socket, TaskCompletionSource done, CancellationToken cancellationToken)
    {
        WsSession session = WsSession.ForCurrentRunspace();
        MessageWebSocket? outer = session.Greeted;
        SocketExtras extras = SocketExtras.Of(socket);
        session.Greeted = socket;
        extras.IsGreeted = true;
        try
        {
            InvokeStoppable(() => Invoke(cmdlet, socket, cancellationToken), cancellationToken);
            _ = cancellationToken.IsCancellationRequested ? done.TrySetCanceled(cancellationToken)
                : Failure is null ? done.TrySetResult()
                : done.TrySetException(Failure);
        }
        catch (PipelineStoppedException) when (cancellationToken.IsCancellationRequested && !cmdlet.StopToken.IsCancellationRequested)
        {
            done.TrySetCanceled(cancellationToken);
        }
        finally
        {
            extras.IsGreeted = false;
            session.Greeted = outer;
            done.TrySetCanceled(CancellationToken.None);
        }
    }

    private void Invoke(IPipeline cmdlet, MessageWebSocket socket, CancellationToken cancellationToken)
    {
        ErrorRecord? refusal = null;
        try
        {
            Action<ErrorRecord> refused = reason => refusal = reason;
            Hashtable parameters = new()
            {
                ["Socket"] = socket, ["Connecting"] = cmdlet, ["Refused"] = refused, ["Over"] = cancellationToken,
            };
            _script.Run(cmdlet, socket, [], sender, parameters);
            if (socket.Information.Connection is { IsClosedHere: true })
            {
                refusal = WsErrors.GreetingClosed(socket);
            }
        }
        catch (Exception e) when (e is not PipelineStoppedException)
        {
            // A break that leaves the script must not leave the caller's loop as well.
            Failure = e is RuntimeException thrown ? ScriptFailure.Shown(thrown) : _script.LeftEarly(e);
        }

        if (refusal is not null)
        {
            Failure = ScriptFailure.Of(refusal);
        }
    }

    // In a pipeline of its own on this thread: what waits in it, such as Start-Sleep, is stopped as by Ctrl+C, and the cmdlet goes on.
    private void InvokeStoppable(Action greeting, CancellationToken cancellationToken)
    {
        using System.Management.Automation.PowerShell nested = System.Management.Automation.PowerShell.Create(RunspaceMode.CurrentRunspace);
        nested.AddCommand(runner).AddParameter("Greeting", greeting);
        using (cancellationToken.UnsafeRegister(
            static pipeline => ((System.Management.Automation.PowerShell)pipeline!).BeginStop(null, null), nested))
        {
            nested.Invoke();
        }

        // Invoke says so by no exception, and Ctrl+C comes here before the cmdlet is told.
        if (nested.InvocationStateInfo.State == PSInvocationState.Stopped)
        {
            throw new PipelineStoppedException();
        }
    }
}
