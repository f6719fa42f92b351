using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell.Completion;

/// <summary>Completes the names of this session's servers.</summary>
internal sealed class ServerNameCompleter : IArgumentCompleter
{
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        return WsSession.ForCurrentRunspace().Servers
            .Where(server => NamePattern.Begins(server.ServerName, wordToComplete))
            .Select(static server => new CompletionResult(
                SocketNameCompleter.Quote(server.ServerName), server.ServerName, CompletionResultType.ParameterValue, $"{server.Mode} {server.Uri}"));
    }
}
