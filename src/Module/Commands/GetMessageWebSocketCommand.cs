using System.Management.Automation;
using MessageWebSockets.PowerShell.Completion;
using MessageWebSockets.PowerShell.Errors;
using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell;

/// <summary>Lists the sockets of this session.</summary>
[Cmdlet(VerbsCommon.Get, "MessageWebSocket")]
[OutputType(typeof(MessageWebSocket))]
public sealed class GetMessageWebSocketCommand : WsCmdlet
{
    /// <summary>The names to list, with wildcards.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(SocketNameCompleter))]
    public string[]? Name { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (Name is null)
        {
            WriteObject(Session.Sockets, enumerateCollection: true);
            return;
        }

        foreach (string name in Name)
        {
            NamePattern pattern = new(name);
            MessageWebSocket[] found = [.. Session.Sockets.Where(socket => pattern.IsMatch(socket.Name))];
            if (found.Length == 0 && !pattern.HasWildcards)
            {
                WriteError(WsErrors.SocketNotFound(name, Session.Sockets));
            }

            WriteObject(found, enumerateCollection: true);
        }
    }
}
