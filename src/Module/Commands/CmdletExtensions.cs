using System.Diagnostics.CodeAnalysis;
using System.Management.Automation;

namespace MessageWebSockets.PowerShell.Commands;

/// <summary>What several cmdlets do alike with what is wrong.</summary>
internal static class CmdletExtensions
{
    private static readonly TimeSpan s_longestStop = TimeSpan.FromSeconds(5);

    /// <summary>Whether there is an error, which is written; where it is not about one item of a pipeline, it ends the cmdlet.</summary>
    public static bool IsRefused(this PSCmdlet cmdlet, ErrorRecord? refusal)
    {
        if (refusal is null)
        {
            return false;
        }

        if (!cmdlet.MyInvocation.ExpectingInput)
        {
            cmdlet.ThrowTerminatingError(refusal);
        }

        cmdlet.WriteError(refusal);
        return true;
    }

    /// <summary>
    /// Writes a warning about what listens to others; where the user has the cmdlet end at it, nothing listens on when it has ended.
    /// </summary>
    [SuppressMessage("Usage", "VSTHRD002", Justification = "What stops has served nobody yet, and needs nothing of this thread.")]
    public static void WarnOrStop(this PSCmdlet cmdlet, IAsyncDisposable listener, string warning)
    {
        try
        {
            cmdlet.WriteWarning(warning);
        }
        catch
        {
            listener.DisposeAsync().AsTask().Wait(s_longestStop);
            throw;
        }
    }
}
