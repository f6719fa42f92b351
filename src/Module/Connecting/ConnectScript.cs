using System.Management.Automation;
using System.Management.Automation.Runspaces;
using MessageWebSockets.PowerShell.Sessions;
using Microsoft.PowerShell.Commands;

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
    // Its errors and warnings, and what it writes to the host, go where those of the cmdlet go, redirected or not; on their own they
    // would go to the host.
    // By their types, because a restricted session may hide the commands. ForEach-Object sets $_ in whatever module the script is from.
    private const string Wrapper =
        "param($item, $each, $script, $sender, $cmdlet) & { & $each -InputObject $item -Process $script } 2>&1 3>&1 6>&1 | & $sender -Socket $item -Connecting $cmdlet";

    private static readonly CmdletInfo s_each = new("ForEach-Object", typeof(ForEachObjectCommand));

    private readonly Runspace? _home = Runspace.DefaultRunspace;
    private IPipeline? _connecting;

    /// <inheritdoc/>
    public ScriptBlock Script { get; set; } = script;

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
            throw new InvalidOperationException("The script of -OnConnected runs in Connect-MessageWebSocket; ConnectAsync alone has no pipeline for it.");
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
            InvokeStoppable(() => Invoke(cmdlet, socket), cancellationToken);
            _ = Failure is null ? done.TrySetResult() : done.TrySetException(Failure);
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

    private void Invoke(IPipeline cmdlet, MessageWebSocket socket)
    {
        try
        {
            ScriptBlock.Create(Wrapper).Invoke(socket, s_each, Own(), sender, cmdlet);
        }
        catch (Exception e) when (e is not PipelineStoppedException)
        {
            // A break that leaves the script must not leave the caller's loop as well.
            Failure = e is RuntimeException ? e : new RuntimeException("it ends with exit, or with break or continue outside of a loop. Use return.", e);
        }
    }

    // In a pipeline of its own on this thread: what waits in it, such as Start-Sleep, is stopped as by Ctrl+C, and the cmdlet goes on.
    private void InvokeStoppable(Action greeting, CancellationToken cancellationToken)
    {
        using System.Management.Automation.PowerShell nested = System.Management.Automation.PowerShell.Create(RunspaceMode.CurrentRunspace);
        nested.AddCommand(runner).AddParameter("Greeting", greeting);
        using (cancellationToken.UnsafeRegister(static pipeline => ((System.Management.Automation.PowerShell)pipeline!).BeginStop(null, null), nested))
        {
            nested.Invoke();
        }
    }

    // A script belongs to the runspace it was made in, which may be busy when another one reconnects.
    private ScriptBlock Own() => Runspace.DefaultRunspace == _home ? Script : ScriptBlock.Create(Script.ToString());
}
