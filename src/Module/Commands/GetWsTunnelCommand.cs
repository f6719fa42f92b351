using System.Management.Automation;
using MessageWebSockets.PowerShell.Commands;
using MessageWebSockets.PowerShell.Completion;
using MessageWebSockets.PowerShell.Errors;

namespace MessageWebSockets.PowerShell;

/// <summary>Lists the tunnels of this session.</summary>
[Cmdlet(VerbsCommon.Get, "WsTunnel")]
[OutputType(typeof(WsTunnel))]
public sealed class GetWsTunnelCommand : WsCmdlet
{
    /// <summary>The names to list, with wildcards.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(TunnelNameCompleter))]
    public string[]? Name { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => WriteObject(
        Name is null ? Session.Tunnels : this.Named(Name, Session.Tunnels, static tunnel => tunnel.TunnelName, WsErrors.TunnelNotFound),
        enumerateCollection: true);
}
