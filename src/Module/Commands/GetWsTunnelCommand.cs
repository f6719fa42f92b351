using System.Management.Automation;
using MessageWebSockets.PowerShell.Completion;
using MessageWebSockets.PowerShell.Errors;
using MessageWebSockets.PowerShell.Sessions;

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
    protected override void ProcessRecord()
    {
        if (Name is null)
        {
            WriteObject(Session.Tunnels, enumerateCollection: true);
            return;
        }

        foreach (string name in Name)
        {
            NamePattern pattern = new(name);
            WsTunnel[] found = [.. Session.Tunnels.Where(tunnel => pattern.IsMatch(tunnel.TunnelName))];
            if (found.Length == 0 && !pattern.HasWildcards)
            {
                WriteError(WsErrors.TunnelNotFound(name, Session.Tunnels.Select(static tunnel => tunnel.TunnelName)));
            }

            WriteObject(found, enumerateCollection: true);
        }
    }
}
