using System.Management.Automation;
using MessageWebSockets.PowerShell.Commands;
using MessageWebSockets.PowerShell.Completion;
using MessageWebSockets.PowerShell.Errors;

namespace MessageWebSockets.PowerShell;

/// <summary>Stops servers of Start-WsEchoServer.</summary>
[Cmdlet(VerbsLifecycle.Stop, "WsEchoServer", DefaultParameterSetName = ByName, SupportsShouldProcess = true)]
[OutputType(typeof(WebSocketEchoServer))]
public sealed class StopWsEchoServerCommand : WsCmdlet
{
    private const string ByName = "Name";
    private const string ByObject = "Server";

    private readonly List<WebSocketEchoServer> _stopping = [];

    /// <summary>The names of the servers, with wildcards; without it all of this session.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ParameterSetName = ByName)]
    [SupportsWildcards]
    [AllowNull]
    [AllowEmptyCollection]
    [ValidateNames]
    [ArgumentCompleter(typeof(ServerNameCompleter))]
    public string?[]? Name { get; set; }

    /// <summary>The servers, as objects, or names without wildcards.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ParameterSetName = ByObject)]
    [AllowNull]
    [AllowEmptyCollection]
    [ServerNameTransform]
    [ArgumentCompleter(typeof(ServerNameCompleter))]
    public WebSocketEchoServer?[]? Server { get; set; }

    /// <summary>Emit the stopped servers.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        IEnumerable<WebSocketEchoServer> chosen = this.ToStop(
            Server, nameof(Server), Name, Session.Servers, static server => server.ServerName, WsErrors.ServerNotFound);
        foreach (WebSocketEchoServer server in chosen)
        {
            if (ShouldProcess($"{server} ({server.Uri}, {server.Connections} connections)", "Stop the server"))
            {
                _stopping.Add(server);
            }
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        // All at once: each may wait a moment for clients that do not answer.
        Wait(Task.WhenAll(_stopping.Select(static server => server.StopAsync())));
        if (PassThru)
        {
            WriteObject(_stopping, enumerateCollection: true);
        }
    }
}
