using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell.Completion;

/// <summary>Completes names of request headers that a WebSocket client may have to set.</summary>
internal sealed class HeaderNameCompleter : IArgumentCompleter
{
    private static readonly string[] Names =
    [
        "Accept-Language", "Authorization", "Cookie", "Origin", "Referer", "User-Agent", "X-Api-Key", "X-Request-Id",
    ];

    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        return WsSession.ForCurrentRunspace().RequestHeaders.Keys
            .Concat(Names)
            .Distinct(StringComparer.OrdinalIgnoreCase)
            .Where(name => NamePattern.Begins(name, wordToComplete))
            .Select(static name => new CompletionResult(name));
    }
}
