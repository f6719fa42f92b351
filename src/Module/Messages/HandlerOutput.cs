using System.Management.Automation;
using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell.Messages;

/// <summary>
/// Hands on what a handler emits, and tells of its end: a script that is left by exit, break or continue ends in no other way that could
/// be seen, and does not get there.
/// </summary>
[Cmdlet(VerbsCommunications.Write, "WsHandlerOutput")]
internal sealed class HandlerOutput : ScriptSink
{
    /// <summary>Called at the end of the script.</summary>
    [Parameter(Mandatory = true)]
    public Action Ended { get; set; } = null!;

    /// <inheritdoc/>
    protected override void ProcessRecord() => WriteObject(InputObject);

    /// <inheritdoc/>
    protected override void EndProcessing() => Ended();
}
