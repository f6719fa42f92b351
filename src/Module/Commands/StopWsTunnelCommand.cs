using System.Management.Automation;
using MessageWebSockets.PowerShell.Commands;
using MessageWebSockets.PowerShell.Completion;
using MessageWebSockets.PowerShell.Errors;

namespace MessageWebSockets.PowerShell;

/// <summary>Stops tunnels of Start-WsTunnel.</summary>
[Cmdlet(VerbsLifecycle.Stop, "WsTunnel", DefaultParameterSetName = ByName, SupportsShouldProcess = true)]
[OutputType(typeof(WsTunnel))]
public sealed class StopWsTunnelCommand : WsCmdlet
{
    private const string ByName = "Name";
    private const string ByObject = "Tunnel";

    private readonly List<WsTunnel> _stopping = [];

    /// <summary>The names of the tunnels, with wildcards; without it all of this session.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ParameterSetName = ByName)]
    [SupportsWildcards]
    [AllowNull]
    [AllowEmptyCollection]
    [ValidateNames]
    [ArgumentCompleter(typeof(TunnelNameCompleter))]
    public string?[]? Name { get; set; }

    /// <summary>The tunnels, as objects, or names without wildcards.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ParameterSetName = ByObject)]
    [AllowNull]
    [AllowEmptyCollection]
    [TunnelNameTransform]
    [ArgumentCompleter(typeof(TunnelNameCompleter))]
    public WsTunnel?[]? Tunnel { get; set; }

    /// <summary>Emit the stopped tunnels.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        IEnumerable<WsTunnel> chosen = this.ToStop(
            Tunnel, nameof(Tunnel), Name, Session.Tunnels, static tunnel => tunnel.TunnelName, WsErrors.TunnelNotFound);
        foreach (WsTunnel tunnel in chosen)
        {
            if (ShouldProcess($"{tunnel} ({tunnel.From} to {tunnel.To}, {tunnel.Connections} connections)", "Stop the tunnel"))
            {
                _stopping.Add(tunnel);
            }
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        // All at once: each may wait a moment for its connections.
        Wait(Task.WhenAll(_stopping.Select(static tunnel => tunnel.StopAsync())));
        if (PassThru)
        {
            WriteObject(_stopping, enumerateCollection: true);
        }
    }
}
