using System.Management.Automation;
using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell.Messages;

/// <summary>Asks a script of the user's which messages it wants. For the pipeline thread.</summary>
/// <param name="cmdlet">The cmdlet that filters, whose errors those of the script are.</param>
/// <param name="script">The script.</param>
/// <param name="read">Makes of a message what the script judges; a FormatException says that it is nothing to be judged.</param>
internal sealed class MessageFilter(IPipeline cmdlet, ScriptBlock script, Func<WsMessage, object?> read)
{
    private readonly UserScript _script = new(script);
    private long _passed;
    private long _unreadable;

    /// <summary>What became of the messages it did not want, as a sentence to go on with; empty when there were none.</summary>
    public string PassedOver
    {
        get
        {
            string noJson = _unreadable == 0 ? "" : $", {_unreadable} of them no JSON";
            return _passed switch
            {
                0 => "",
                1 => $" -Filter passed over 1 message{noJson}, which is in the inbox.",
                _ => $" -Filter passed over {_passed} messages{noJson}, which are in the inbox.",
            };
        }
    }

    /// <summary>Whether the script wants a message.</summary>
    /// <param name="message">The message.</param>
    /// <param name="judged">What the script was given.</param>
    /// <param name="failure">What the script threw; null if it did not.</param>
    public bool Accepts(WsMessage message, out object? judged, out Exception? failure)
    {
        failure = null;
        _passed++;
        try
        {
            judged = read(message);
        }
        catch (FormatException)
        {
            judged = null;
            _unreadable++;
            return false;
        }

        ScriptOutcome outcome = _script.Run(cmdlet, judged, judged);
        outcome.ReportErrors(cmdlet);
        failure = outcome.Failure;
        bool isWanted = failure is null && LanguagePrimitives.IsTrue(outcome.Output);
        _passed -= isWanted ? 1 : 0;
        return isWanted;
    }
}
