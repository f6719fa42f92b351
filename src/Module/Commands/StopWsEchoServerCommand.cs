using System.Management.Automation;
using MessageWebSockets.PowerShell.Completion;

namespace MessageWebSockets.PowerShell;

/// <summary>Stops servers of Start-WsEchoServer.</summary>
[Cmdlet(VerbsLifecycle.Stop, "WsEchoServer", SupportsShouldProcess = true)]
[OutputType(typeof(WebSocketEchoServer))]
public sealed class StopWsEchoServerCommand : WsCmdlet
{
    private readonly List<WebSocketEchoServer> _stopping = [];

    /// <summary>The servers, as objects or names; without it all of this session.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    [ServerNameTransform]
    [ArgumentCompleter(typeof(ServerNameCompleter))]
    public WebSocketEchoServer[]? Server { get; set; }

    /// <summary>Emit the stopped servers.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (Server is null && MyInvocation.ExpectingInput)
        {
            return;
        }

        foreach (WebSocketEchoServer server in Server ?? Session.Servers)
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
