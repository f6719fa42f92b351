using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;

namespace MessageWebSockets.PowerShell.Sessions;

/// <summary>
/// Runs a script block of the user's on the pipeline thread of a cmdlet. What it says beside its output is the cmdlet's to say: invoked
/// alone, it would go to the host, where neither a redirection nor -ErrorVariable nor -WarningAction of the cmdlet reaches it.
/// </summary>
/// <param name="script">The script.</param>
/// <param name="name">What its failures call it.</param>
/// <param name="hearsErrors">Whether errors it reports are heard where the session silences them, because they decide something.</param>
internal sealed class UserScript(ScriptBlock script, string name = "it", bool hearsErrors = false)
{
    // A script sees the variables around it, so that these have names that nobody's have. Commands go by their types, because a
    // restricted session may hide them.
    private const string Invocation = "& $__wsScript @__wsArguments 2>&1 3>&1 4>&1 5>&1 6>&1 | & $__wsTaker @__wsTakerParameters";

    // A process block has its $_ from the pipeline, and sees nothing of the variable.
    private const string Piping = "$__wsInput | ";

    // Without a try around it, which may be the caller's, a script goes on after a statement that failed: a filter would answer, a
    // certificate be accepted, and a login be taken for done.
    private const string Beginning = "try { ";
    private const string End = " } catch { throw }";

    private static readonly CmdletInfo s_collector = new("Write-WsScriptOutput", typeof(ScriptOutputCollector));

    private readonly Runspace? _home = Runspace.DefaultRunspace;

    /// <summary>Runs the script to its end, whichever that is.</summary>
    /// <param name="cmdlet">The cmdlet that runs it.</param>
    /// <param name="subject">What it finds in $_.</param>
    /// <param name="arguments">Its arguments.</param>
    public ScriptOutcome Run(IPipeline cmdlet, object? subject, params object?[] arguments) =>
        Run(cmdlet, subject, arguments, mayLeaveEarly: true);

    /// <summary>
    /// As <see cref="Run(IPipeline, object?, object?[])"/>, where a break, continue or exit that leaves the script is its failure: who
    /// started the cmdlet knows of no loop, and would end without a word.
    /// </summary>
    /// <param name="cmdlet">The cmdlet that runs it.</param>
    /// <param name="subject">What it finds in $_.</param>
    /// <param name="arguments">Its arguments.</param>
    public ScriptOutcome RunToEnd(IPipeline cmdlet, object? subject, params object?[] arguments) =>
        Run(cmdlet, subject, arguments, mayLeaveEarly: false);

    /// <summary>Tells of a script that was left by what leaves loops and scripts.</summary>
    /// <param name="name">What the script is called, as the beginning of a sentence.</param>
    /// <param name="e">How that was noticed; null where the end was not reached.</param>
    public static RuntimeException LeftEarly(string name, Exception? e) =>
        new($"{name} ends with exit, or with break or continue outside of a loop. Use return.", e);

    /// <inheritdoc cref="LeftEarly(string, Exception?)"/>
    public RuntimeException LeftEarly(Exception e) => LeftEarly(name, e);

    /// <summary>Runs the script; what it emits goes, one by one and with the records of all its streams among it, to a cmdlet.</summary>
    /// <param name="cmdlet">The cmdlet that runs it.</param>
    /// <param name="subject">What it finds in $_.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="taker">The cmdlet.</param>
    /// <param name="takerParameters">Parameters of the cmdlet.</param>
    /// <exception cref="Exception">What the script or the cmdlet throws.</exception>
    public void Run(IPipeline cmdlet, object? subject, object?[] arguments, CmdletInfo taker, IDictionary takerParameters)
    {
        // A script belongs to the runspace it was made in, which may be busy when another one runs it.
        ScriptBlock own = Runspace.DefaultRunspace == _home ? script : ScriptBlock.Create(script.ToString());
        ScriptBlock wrapper = ScriptBlock.Create(Beginning + (HasProcessBlock(own) ? Piping : "") + Invocation + End);

        // What a script of a module sees is what is around it there.
        wrapper = own.Module?.NewBoundScriptBlock(wrapper) ?? wrapper;
        PSVariable[] hearing = hearsErrors && !cmdlet.StopsAtErrors
            ? [new PSVariable("ErrorActionPreference", ActionPreference.Continue)]
            : [];
        wrapper.InvokeWithContext(
            null,
            [
                new PSVariable("_", subject),
                new PSVariable("__wsInput", new[] { subject }),
                new PSVariable("__wsScript", own),
                new PSVariable("__wsArguments", arguments),
                new PSVariable("__wsTaker", taker),
                new PSVariable("__wsTakerParameters", takerParameters),
                .. hearing,
                .. cmdlet.GivenPreferences,
            ]);
    }

    // However it ends, the errors until then are told.
    private ScriptOutcome Run(IPipeline cmdlet, object? subject, object?[] arguments, bool mayLeaveEarly)
    {
        List<PSObject?> output = [];
        List<ErrorRecord> errors = [];
        Exception? failure = null;
        try
        {
            Run(cmdlet, subject, arguments, s_collector, new Hashtable { ["Output"] = output, ["Errors"] = errors, ["Asking"] = cmdlet });
        }
        catch (FlowControlException e) when (!mayLeaveEarly)
        {
            failure = LeftEarly(e);
        }
        catch (Exception e) when (e is not (PipelineStoppedException or FlowControlException))
        {
            failure = e;
        }

        return new ScriptOutcome(output, errors, failure);
    }

    // ${function:name} has a function around it.
    private static bool HasProcessBlock(ScriptBlock script) =>
        (script.Ast as ScriptBlockAst ?? (script.Ast as FunctionDefinitionAst)?.Body) is { ProcessBlock: not null };
}
