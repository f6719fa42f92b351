using System.Collections.Concurrent;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;
using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell.Messages;

/// <summary>
/// Runs the script block of a server for each message, in runspaces of its own: the one it was written in is busy with its user. It
/// sees the variables it names with <c>$using:</c>, and no others, and may no more than the session it was written in.
/// </summary>
internal sealed class HandlerScript : IDisposable
{
    // A handler that waits keeps one; more clients than this take turns.
    private static readonly int MostRunspaces = Math.Clamp(Environment.ProcessorCount * 2, 4, 16);

    private static readonly CmdletInfo s_output = new("Write-WsHandlerOutput", typeof(HandlerOutput));

    private readonly int _maxMessageSize;
    private readonly string _script;
    private readonly bool _hasProcessBlock;
    private readonly SessionRestrictions _restrictions;
    private readonly InitialSessionState _initial;
    private readonly ConcurrentBag<Runspace> _idle = [];
    private readonly SemaphoreSlim _turns = new(MostRunspaces, MostRunspaces);
    private volatile bool _isDisposed;

    /// <param name="handler">The script block.</param>
    /// <param name="session">Where the variables it names with $using: are, and which says what it may do.</param>
    /// <param name="runspace">The runspace of the session.</param>
    /// <param name="maxMessageSize">The most bytes of a message that is put out byte by byte.</param>
    /// <exception cref="ItemNotFoundException">One of them is not there.</exception>
    public HandlerScript(ScriptBlock handler, SessionState session, Runspace runspace, int maxMessageSize)
    {
        _maxMessageSize = maxMessageSize;
        _restrictions = new SessionRestrictions(session, runspace);
        _initial = _restrictions.CreateInitial();
        string text = handler.ToString();
        ScriptBlockAst script = Parser.ParseInput(text, out _, out _);
        _hasProcessBlock = script.ProcessBlock is not null;
        _script = Bind(text, script, session);
    }

    /// <summary>Answers one message: strings of the output go as text, bytes as binary.</summary>
    public async Task AnswerAsync(WsMessage message, WebSocketEchoClient client, CancellationToken cancellationToken)
    {
        await _turns.WaitAsync(cancellationToken).ConfigureAwait(false);
        Runspace? runspace = null;
        try
        {
            runspace = Rent();
            using System.Management.Automation.PowerShell shell = System.Management.Automation.PowerShell.Create();
            using PSDataCollection<WsMessage> input = [];
            using PSDataCollection<PSObject> output = [];
            shell.Runspace = runspace;
            runspace.SessionStateProxy.SetVariable("_", message);
            shell.AddScript(_script, useLocalScope: true).AddArgument(client);

            // A process block has its $_ from the pipeline, and sees nothing of the variable.
            if (_hasProcessBlock)
            {
                input.Add(message);
            }

            input.Complete();
            bool isAtEnd = false;
            shell.AddCommand(s_output).AddParameter(nameof(HandlerOutput.Ended), (Action)(() => isAtEnd = true));

            // While the script runs, so that what it says step by step arrives step by step; a client that does not read holds it up.
            HandlerReply reply = new(client, _maxMessageSize);
            output.DataAdded += (_, _) => reply.Take(output.ReadAll());
            shell.Streams.Error.DataAdded += (_, _) =>
            {
                foreach (ErrorRecord error in shell.Streams.Error.ReadAll())
                {
                    client.ReportError(error.Exception);
                }
            };

            using (cancellationToken.Register(() => shell.BeginStop(null, null)))
            {
                await Task.Factory.FromAsync(shell.BeginInvoke(input, output), shell.EndInvoke).ConfigureAwait(false);
            }

            if (!isAtEnd)
            {
                throw UserScript.LeftEarly("The handler", null);
            }

            reply.Finish();
        }
        catch (PipelineStoppedException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        finally
        {
            Return(runspace);
            _turns.Release();
        }
    }

    /// <summary>Closes the runspaces; those still busy close when they are done.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        while (_idle.TryTake(out Runspace? runspace))
        {
            runspace.Dispose();
        }
    }

    private Runspace Rent()
    {
        if (_idle.TryTake(out Runspace? idle))
        {
            // Nothing that one message left behind is there for the next, which may be another client's.
            idle.ResetRunspaceState();
            return idle;
        }

        Runspace runspace = RunspaceFactory.CreateRunspace(_initial.Clone());
        runspace.ThreadOptions = PSThreadOptions.ReuseThread;
        runspace.Name = "WsEchoServer";
        runspace.Open();
        _restrictions.ApplyTo(runspace);
        return runspace;
    }

    private void Return(Runspace? runspace)
    {
        if (runspace is null)
        {
            return;
        }

        if (runspace.RunspaceStateInfo.State != RunspaceState.Opened)
        {
            runspace.Dispose();
            return;
        }

        _idle.Add(runspace);
        if (_isDisposed)
        {
            Dispose();
        }
    }

    // The script as it runs here.
    private string Bind(string text, ScriptBlockAst script, SessionState session)
    {
        // From the end, and what takes the place of something before what comes in front of that.
        foreach (Edit edit in BindVariables(script, session).Concat(GuardStatements(script))
            .OrderByDescending(static edit => (edit.Offset, edit.Length)))
        {
            text = text.Remove(edit.Offset, edit.Length).Insert(edit.Offset, edit.Text);
        }

        return text;
    }

    // A statement that fails ends it, as it ends the other scripts of the module. Not by a script around it: for what that one calls,
    // commands that the session hides would be visible.
    private static IEnumerable<Edit> GuardStatements(ScriptBlockAst script)
    {
        foreach (NamedBlockAst block in new[] { script.BeginBlock, script.ProcessBlock, script.EndBlock }.OfType<NamedBlockAst>())
        {
            Ast[] statements = [.. block.Statements, .. block.Traps ?? []];
            if (statements.Length > 0)
            {
                yield return new Edit(statements.Min(static ast => ast.Extent.StartOffset), 0, "try { ");

                // At the end of the block and not of its last statement: an & that sends it to the background is no part of that. On a
                // line of its own, because of a comment.
                int end = block.Unnamed ? script.Extent.EndOffset : block.Extent.EndOffset - 1;
                yield return new Edit(end, 0, "\n} catch { throw }");
            }
        }
    }

    // $using:name becomes a variable of the runspaces. The braces keep it apart from what follows it in a string.
    private IEnumerable<Edit> BindVariables(ScriptBlockAst script, SessionState session)
    {
        Dictionary<string, string> names = new(StringComparer.OrdinalIgnoreCase);
        foreach ((VariableExpressionAst reference, bool isElsewhere) in HandlerVariables.OfSession(script))
        {
            string name = reference.VariablePath.UserPath;
            if (!names.TryGetValue(name, out string? alias))
            {
                PSVariable variable = session.PSVariable.Get(name)
                    ?? throw new ItemNotFoundException($"The handler uses $using:{name}, and there is no variable ${name} here.");
                names[name] = alias = $"__using_{names.Count}";
                _initial.Variables.Add(new SessionStateVariableEntry(alias, variable.Value, ""));
            }

            IScriptExtent extent = reference.Extent;
            string path = isElsewhere ? $"using:{alias}" : alias;
            string text = reference.Splatted ? $"@{path}" : $"${{{path}}}";
            yield return new Edit(extent.StartOffset, extent.EndOffset - extent.StartOffset, text);
        }
    }

    private readonly record struct Edit(int Offset, int Length, string Text);
}
