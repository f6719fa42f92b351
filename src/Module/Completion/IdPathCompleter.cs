using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell.Completion;

/// <summary>Completes where requests carry their number: as this session's connections say, then as well-known protocols do.</summary>
internal sealed class IdPathCompleter : IArgumentCompleter
{
    private static readonly (string Path, string Meaning)[] Known =
    [
        ("id", "Home Assistant, DevTools"),
        ("id:string", "graphql-transport-ws"),
        ("invocationId:string", "SignalR"),
        ("d.requestId:string", "OBS"),
    ];

    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        return WsSession.ForCurrentRunspace().Sockets
            .Select(static socket => (Path: socket.Control.IdProperty ?? "", Meaning: "used in this session"))
            .Where(static known => known.Path.Length > 0)
            .Concat(Known)
            .DistinctBy(static known => known.Path)
            .Where(known => NamePattern.Begins(known.Path, wordToComplete))
            .Select(static known => new CompletionResult(known.Path, known.Path, CompletionResultType.ParameterValue, known.Meaning));
    }
}
