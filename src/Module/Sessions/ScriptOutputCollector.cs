using System.Management.Automation;

namespace MessageWebSockets.PowerShell.Sessions;

/// <summary>Keeps what a script emits, also where it throws afterwards.</summary>
[Cmdlet(VerbsCommunications.Write, "WsScriptOutput")]
internal sealed class ScriptOutputCollector : ScriptSink
{
    /// <summary>Where objects go.</summary>
    [Parameter(Mandatory = true)]
    [AllowEmptyCollection]
    public List<PSObject?> Output { get; set; } = null!;

    /// <summary>Where error records go.</summary>
    [Parameter(Mandatory = true)]
    [AllowEmptyCollection]
    public List<ErrorRecord> Errors { get; set; } = null!;

    /// <summary>The cmdlet that runs the script, which writes its warnings and the like as they come.</summary>
    [Parameter(Mandatory = true)]
    public IPipeline Asking { get; set; } = null!;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (InputObject?.BaseObject is ErrorRecord error)
        {
            Errors.Add(error);
        }
        else if (!Asking.TryRelay(InputObject))
        {
            Output.Add(InputObject);
        }
    }
}
