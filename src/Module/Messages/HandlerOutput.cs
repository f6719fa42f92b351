using System.Management.Automation;

namespace MessageWebSockets.PowerShell.Messages;

/// <summary>
/// Hands on what a handler emits, and tells of its end: a script that is left by exit, break or continue ends in no other way that could
/// be seen, and does not get there. No command of the module's users.
/// </summary>
[Cmdlet(VerbsCommunications.Write, "WsHandlerOutput")]
internal sealed class HandlerOutput : PSCmdlet
{
    /// <summary>What was emitted.</summary>
    [Parameter(ValueFromPipeline = true)]
    [AllowNull]
    [AllowEmptyString]
    [AllowEmptyCollection]
    public PSObject? InputObject { get; set; }

    /// <summary>Called at the end of the script.</summary>
    [Parameter(Mandatory = true)]
    public Action Ended { get; set; } = null!;

    /// <inheritdoc/>
    protected override void ProcessRecord() => WriteObject(InputObject);

    /// <inheritdoc/>
    protected override void EndProcessing() => Ended();
}
