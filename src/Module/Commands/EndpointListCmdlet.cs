using System.Management.Automation;
using MessageWebSockets.PowerShell.Completion;

namespace MessageWebSockets.PowerShell;

/// <summary>What cmdlets share that try many addresses, from the pipeline or a list, each with a name of its own.</summary>
public abstract class EndpointListCmdlet : MessageHandshakeCmdlet
{
    private protected EndpointListCmdlet()
    {
    }

    /// <summary>The addresses, ws:// or wss://.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [EndpointTransform]
    [AllowNull]
    [AllowEmptyCollection]
    public Uri?[]? Uri { get; set; }

    /// <summary>A name for the endpoint, for its result.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowNull]
    [AllowEmptyString]
    public string? Name { get; set; }
}
