using System.Management.Automation;
using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell.Messages;

/// <summary>Asks a script of the user's whether a message is the reply to one request.</summary>
/// <param name="cmdlet">The cmdlet that waits for the reply; scripts run on its pipeline thread.</param>
/// <param name="script">The script.</param>
/// <param name="read">Makes of a message what the script judges; a FormatException says that it is no reply.</param>
/// <param name="over">Cancelled when nobody waits for the reply any more.</param>
internal sealed class ReplyScript(IPipeline cmdlet, ScriptBlock script, Func<WsMessage, object?> read, CancellationToken over) : ReplyMatch
{
    private readonly UserScript _script = new(script);
    private bool _isFound;

    /// <summary>The message that the script failed at.</summary>
    public WsMessage? FailedAt { get; private set; }

    /// <summary>What the script found to be the reply.</summary>
    public object? Reply { get; private set; }

    /// <remarks>The receive loop waits here, so that messages are judged in order and one that is refused is queued in its place.</remarks>
    public override bool IsReply(WsMessage message)
    {
        TaskCompletionSource<bool> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        cmdlet.Post(() => Answer(message, answer));
        try
        {
            answer.Task.Wait(over);
            return answer.Task.Result;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        catch (AggregateException e) when (e.InnerException is not null)
        {
            throw e.InnerException;
        }
    }

    private void Answer(WsMessage message, TaskCompletionSource<bool> answer)
    {
        if (over.IsCancellationRequested || _isFound)
        {
            // Came as the wait ended; it is no longer asked about.
            answer.SetResult(false);
            return;
        }

        object? judged;
        try
        {
            judged = read(message);
        }
        catch (FormatException)
        {
            Unreadable++;
            answer.SetResult(false);
            return;
        }

        ScriptOutcome outcome = _script.Run(cmdlet, judged, judged);
        outcome.ReportErrors(cmdlet);
        if (outcome.Failure is not null)
        {
            FailedAt = message;
            answer.SetException(outcome.Failure);
            return;
        }

        _isFound = LanguagePrimitives.IsTrue(outcome.Output);
        Reply = _isFound ? judged : null;
        answer.SetResult(_isFound);
    }
}
