using System.Management.Automation;

namespace MessageWebSockets.PowerShell.Commands;

/// <summary>
/// Runs a script of -OnConnected in a pipeline of its own, which can be stopped by itself; no command of the module's users.
/// </summary>
[Cmdlet(VerbsLifecycle.Invoke, "WsGreeting")]
internal sealed class RunGreetingCommand : PSCmdlet
{
    /// <summary>Runs it.</summary>
    [Parameter(Mandatory = true)]
    public Action Greeting { get; set; } = null!;

    /// <inheritdoc/>
    protected override void EndProcessing() => Greeting();
}
