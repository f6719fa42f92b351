using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using MessageWebSockets.PowerShell.Connecting;
using MessageWebSockets.PowerShell.Profiles;
using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell.Completion;

/// <summary>Completes the names of the profiles that come with the module.</summary>
internal sealed class ProfileNameCompleter : IArgumentCompleter
{
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        ProfileFiles.Names
            .Where(name => NamePattern.Begins(name, wordToComplete))
            .Select(static name => new CompletionResult(
                name, name, CompletionResultType.ParameterValue, ProfileFiles.Read(ProfileFiles.Find(name)!).Description ?? name));
}
