using System.Management.Automation;
using System.Management.Automation.Host;

namespace MessageWebSockets.PowerShell.Messages;

/// <summary>
/// What ConvertTo-Json has to say of an object goes to a cmdlet: warnings as its own. What would end the pipeline is an exception
/// instead, so that one object without JSON does not take the others with it.
/// </summary>
/// <param name="cmdlet">The cmdlet.</param>
internal sealed class JsonMessages(ICommandRuntime cmdlet) : ICommandRuntime
{
    public PSHost Host => cmdlet.Host;

    public PSTransactionContext CurrentPSTransaction => cmdlet.CurrentPSTransaction;

    /// <summary>A cmdlet that stands for another one as far as this class says.</summary>
    public static PSCmdlet For(PSCmdlet cmdlet) => new Speaker { CommandRuntime = new JsonMessages(cmdlet.CommandRuntime) };

    public void ThrowTerminatingError(ErrorRecord errorRecord) =>
        throw new FormatException(errorRecord.Exception.Message, errorRecord.Exception);

    public void WriteWarning(string text) => cmdlet.WriteWarning(text);

    public void WriteVerbose(string text) => cmdlet.WriteVerbose(text);

    public void WriteDebug(string text) => cmdlet.WriteDebug(text);

    public void WriteError(ErrorRecord errorRecord) => cmdlet.WriteError(errorRecord);

    public void WriteProgress(ProgressRecord progressRecord) => cmdlet.WriteProgress(progressRecord);

    public void WriteProgress(long sourceId, ProgressRecord progressRecord) => cmdlet.WriteProgress(sourceId, progressRecord);

    public void WriteCommandDetail(string text) => cmdlet.WriteCommandDetail(text);

    public void WriteObject(object sendToPipeline) => throw new NotSupportedException();

    public void WriteObject(object sendToPipeline, bool enumerateCollection) => throw new NotSupportedException();

    public bool ShouldContinue(string query, string caption) => cmdlet.ShouldContinue(query, caption);

    public bool ShouldContinue(string query, string caption, ref bool yesToAll, ref bool noToAll) =>
        cmdlet.ShouldContinue(query, caption, ref yesToAll, ref noToAll);

    public bool ShouldProcess(string target) => cmdlet.ShouldProcess(target);

    public bool ShouldProcess(string target, string action) => cmdlet.ShouldProcess(target, action);

    public bool ShouldProcess(string verboseDescription, string verboseWarning, string caption) =>
        cmdlet.ShouldProcess(verboseDescription, verboseWarning, caption);

    public bool ShouldProcess(
        string verboseDescription, string verboseWarning, string caption, out ShouldProcessReason shouldProcessReason) =>
        cmdlet.ShouldProcess(verboseDescription, verboseWarning, caption, out shouldProcessReason);

    public bool TransactionAvailable() => cmdlet.TransactionAvailable();

    private sealed class Speaker : PSCmdlet;
}
