using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace MessageWebSockets.PowerShell.Completion;

/// <summary>Completes close codes with their meaning (RFC 6455 section 7.4.1 and the IANA registry).</summary>
internal sealed class CloseCodeCompleter : IArgumentCompleter
{
    private static readonly (ushort Code, string Meaning)[] Codes =
    [
        (1000, "normal closure"),
        (1001, "going away"),
        (1002, "protocol error"),
        (1003, "unsupported data"),
        (1007, "invalid payload data"),
        (1008, "policy violation"),
        (1009, "message too big"),
        (1010, "mandatory extension missing"),
        (1011, "internal error"),
        (1012, "service restart"),
        (1013, "try again later"),
        (1014, "bad gateway"),
        (3000, "unauthorized; 3000 to 3999 are registered"),
        (4000, "4000 to 4999 are for private use"),
    ];

    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) => Codes
        .Select(static code => (Text: code.Code.ToString(CultureInfo.InvariantCulture), code.Meaning))
        .Where(code => code.Text.StartsWith(wordToComplete, StringComparison.Ordinal))
        .Select(static code =>
            new CompletionResult(code.Text, $"{code.Text} {code.Meaning}", CompletionResultType.ParameterValue, code.Meaning));
}
