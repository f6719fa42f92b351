using System.Management.Automation;
using System.Runtime.ExceptionServices;

namespace MessageWebSockets.PowerShell.Sessions;

/// <summary>What came of a script of the user's.</summary>
/// <param name="Output">What it emitted.</param>
/// <param name="Errors">The errors that did not end it.</param>
/// <param name="Failure">What ended it; null where it came to its end.</param>
internal readonly record struct ScriptOutcome(IReadOnlyList<PSObject?> Output, IReadOnlyList<ErrorRecord> Errors, Exception? Failure)
{
    /// <summary>Reports the errors that did not end the script, as those of a cmdlet.</summary>
    /// <exception cref="ActionPreferenceStopException">One is to end the cmdlet.</exception>
    public void ReportErrors(IPipeline cmdlet)
    {
        foreach (ErrorRecord error in Errors)
        {
            cmdlet.WriteError(error);
        }
    }

    /// <summary>Throws what ended the script.</summary>
    public void ThrowIfFailed()
    {
        if (Failure is not null)
        {
            ExceptionDispatchInfo.Throw(Failure);
        }
    }
}
