using System.Management.Automation;

namespace MessageWebSockets.PowerShell.Sessions;

/// <summary>A command behind a script of the user's, which takes what it emits. No command of the module's users.</summary>
internal abstract class ScriptSink : PSCmdlet
{
    /// <summary>What was emitted.</summary>
    [Parameter(ValueFromPipeline = true)]
    [AllowNull]
    [AllowEmptyString]
    [AllowEmptyCollection]
    public PSObject? InputObject { get; set; }
}
