using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Net;
using System.Net.NetworkInformation;

namespace MessageWebSockets.PowerShell.Completion;

/// <summary>Completes addresses that a server can listen on.</summary>
internal sealed class ListenAddressCompleter : IArgumentCompleter
{
    private static readonly (string Address, string Meaning)[] Special =
    [
        ("127.0.0.1", "this machine alone"),
        ("::1", "this machine alone, IPv6"),
        ("0.0.0.0", "every IPv4 address of this machine"),
        ("::", "every address of this machine"),
    ];

    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        string word = wordToComplete.Trim('\'', '"');
        return Special.Concat(OfInterfaces())
            .Where(candidate => candidate.Address.StartsWith(word, StringComparison.OrdinalIgnoreCase))
            .DistinctBy(static candidate => candidate.Address)
            .Select(static candidate =>
                new CompletionResult(candidate.Address, candidate.Address, CompletionResultType.ParameterValue, candidate.Meaning));
    }

    private static IEnumerable<(string Address, string Meaning)> OfInterfaces()
    {
        try
        {
            return
            [
                .. NetworkInterface.GetAllNetworkInterfaces()
                    .Where(static item => item.OperationalStatus == OperationalStatus.Up)
                    .SelectMany(
                        static item => item.GetIPProperties().UnicastAddresses,
                        static (item, unicast) => (unicast.Address.ToString(), item.Name)),
            ];
        }
        catch (NetworkInformationException)
        {
            // An error helps nobody who is typing: there is just nothing to complete.
            return [];
        }
    }
}
