using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell.Completion;

/// <summary>Completes the names of what this session runs.</summary>
internal abstract class SessionNameCompleter : IArgumentCompleter
{
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        All(WsSession.ForCurrentRunspace())
            .Where(item => NamePattern.Begins(item.Name, wordToComplete))
            .Select(static item => new CompletionResult(
                SocketNameCompleter.Quote(item.Name), item.Name, CompletionResultType.ParameterValue, item.Description));

    /// <summary>The name of each, and what tells it from others.</summary>
    private protected abstract IEnumerable<(string Name, string Description)> All(WsSession session);
}
