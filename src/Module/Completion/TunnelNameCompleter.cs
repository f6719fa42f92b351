using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell.Completion;

/// <summary>Completes the names of this session's tunnels.</summary>
internal sealed class TunnelNameCompleter : IArgumentCompleter
{
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        return WsSession.ForCurrentRunspace().Tunnels
            .Where(tunnel => NamePattern.Begins(tunnel.TunnelName, wordToComplete))
            .Select(static tunnel => new CompletionResult(
                SocketNameCompleter.Quote(tunnel.TunnelName), tunnel.TunnelName, CompletionResultType.ParameterValue, $"{tunnel.From} to {tunnel.To}"));
    }
}
