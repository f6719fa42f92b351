using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using MessageWebSockets.PowerShell.Errors;
using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell.Completion;

/// <summary>Completes the names of this session's sockets.</summary>
internal sealed class SocketNameCompleter : IArgumentCompleter
{
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        // Only the -Name of Get-MessageWebSocket takes wildcards.
        bool isPattern = parameterName == "Name";
        return WsSession.ForCurrentRunspace().Sockets
            .Where(socket => socket.Name.Length > 0 && NamePattern.Begins(socket.Name, wordToComplete))
            .Select(socket => new CompletionResult(
                Quote(isPattern ? NamePattern.Of(socket.Name) : socket.Name),
                socket.Name,
                CompletionResultType.ParameterValue,
                $"{socket.State} {(socket.Uri is { } uri ? Redaction.Of(uri) : "")}".TrimEnd()));
    }

    /// <summary>A name as it has to be typed.</summary>
    internal static string Quote(string name) =>
        name.All(static c => char.IsLetterOrDigit(c) || c is '.' or '-' or '_')
            ? name
            : $"'{name.Replace("'", "''", StringComparison.Ordinal)}'";
}
