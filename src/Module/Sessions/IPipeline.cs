using System.Management.Automation;

namespace MessageWebSockets.PowerShell.Sessions;

/// <summary>The pipeline of a cmdlet that runs: its streams, and its thread for those who work on others.</summary>
internal interface IPipeline
{
    /// <summary>Cancelled when the user stops the pipeline, and when the cmdlet is over.</summary>
    public CancellationToken StopToken { get; }

    /// <summary>Has something done on the pipeline thread, at the next wait.</summary>
    public void Post(Action action);

    /// <summary>Whether other lost connections wait for an attempt, so that one of several that failed leaves the next to them.</summary>
    public bool HasOthersToReconnect => false;

    /// <summary>Waits on the pipeline thread, which does meanwhile what is posted.</summary>
    /// <exception cref="PipelineStoppedException">The user stopped the pipeline.</exception>
    public void Wait(Task task);

    /// <summary>Writes a verbose record if the user asked for them.</summary>
    public void Tell(string message);

    public void WriteDebug(string text);

    public void WriteWarning(string text);

    /// <summary>Writes what a script of the user's wrote to a stream beside its output to that stream; false for anything else.</summary>
    /// <remarks>What the user did not ask this cmdlet for, and the script writes all the same, is the host's to show.</remarks>
    public bool TryRelay(object? item);

    /// <summary>The preferences that -Verbose and -Debug of the cmdlet say, and no others: a script that it runs has them too.</summary>
    public IEnumerable<PSVariable> GivenPreferences { get; }

    public void WriteError(ErrorRecord errorRecord);

    /// <summary>Whether an error that is written ends the cmdlet.</summary>
    public bool StopsAtErrors { get; }
}
