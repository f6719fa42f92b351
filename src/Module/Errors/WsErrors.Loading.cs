using System.Management.Automation;

namespace MessageWebSockets.PowerShell.Errors;

/// <summary>The errors of loads and their summaries.</summary>
internal static partial class WsErrors
{
    public static ErrorRecord NotOneMessage(int count, object script) => Create(
        "UnsupportedInputObject",
        new ArgumentException($"The script of -Message emitted {(count == 0 ? "nothing" : $"{count} objects")} in a call: "
            + "each makes one message, a string or a byte array."),
        null,
        ErrorCategory.InvalidType,
        script);

    public static ErrorRecord NoLoadSummary(object? item, string why) => Create(
        "UnsupportedInputObject",
        new ArgumentException(
            $"{(item is null ? "Null" : $"An object of type {TypeName(item)}")} is no result of Measure-WsLoad: "
            + $"{TerminalText.Escape(why)}"),
        "Pipe results of Measure-WsLoad here, or what came of them from a job, another machine, Export-Clixml or ConvertTo-Json -Depth 4.",
        ErrorCategory.InvalidType,
        item);

    /// <summary>A summary that cannot be added to those before it.</summary>
    /// <param name="kind">What kind of load it is of.</param>
    /// <param name="others">What kind the others are of.</param>
    /// <param name="item">The summary.</param>
    public static ErrorRecord LoadsDiffer(string kind, string others, object item) => Create(
        "LoadsDiffer",
        new InvalidOperationException(
            $"A load of {TerminalText.Escape(kind)} is not added to one of {TerminalText.Escape(others)}: "
            + "their counts and times mean different things."),
        "Add up each kind by itself: Group-Object Mode, Loop | ForEach-Object { $_.Group | Merge-WsLoad }",
        ErrorCategory.InvalidData,
        item);
}
