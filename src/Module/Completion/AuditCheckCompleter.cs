using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using MessageWebSockets.PowerShell.Auditing.Checks;
using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell.Completion;

/// <summary>Completes the names of the checks of Test-WsServer.</summary>
internal sealed class AuditCheckCompleter : IArgumentCompleter
{
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        AuditChecks.All
            .Where(check => NamePattern.Begins(check.Id, wordToComplete))
            .Select(static check =>
                new CompletionResult(check.Id, check.Id, CompletionResultType.ParameterValue, $"{check.Level}: {check.Reference}"));
}
