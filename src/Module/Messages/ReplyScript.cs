using System.Collections.Concurrent;
using System.Management.Automation;
using System.Runtime.ExceptionServices;
using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell.Messages;

/// <summary>Asks a script of the user's whether a message is the reply to one request.</summary>
/// <param name="cmdlet">The cmdlet that waits for the reply; scripts run on its pipeline thread.</param>
/// <param name="script">The script.</param>
/// <param name="read">Makes of a message what the script judges; a FormatException says that it is no reply.</param>
/// <param name="closeBegan">Cancelled when the close of the connection begins.</param>
/// <param name="over">Cancelled when nobody waits for the reply any more.</param>
internal sealed class ReplyScript(
    IPipeline cmdlet, ScriptBlock script, Func<WsMessage, object?> read, CancellationToken closeBegan, CancellationToken over) : ReplyMatch
{
    private readonly UserScript _script = new(script);
    private readonly ConcurrentQueue<Question> _late = new();
    private WsMessage? _found;
    private Exception? _failure;

    /// <summary>The message that the script failed at.</summary>
    public WsMessage? FailedAt { get; private set; }

    /// <summary>What the script found to be the reply.</summary>
    public object? Reply { get; private set; }

    /// <remarks>
    /// The receive loop waits here, so that messages are judged in order and one that is refused is queued in its place. Once the close
    /// has begun it does not: the script may be who closes, and waits for the peer's close frame, which is behind this message.
    /// </remarks>
    public override bool IsReply(WsMessage message)
    {
        Question question = new(message);
        if (closeBegan.IsCancellationRequested)
        {
            _late.Enqueue(question);
            return false;
        }

        cmdlet.Post(() => Judge(question));
        using CancellationTokenSource giveUp = CancellationTokenSource.CreateLinkedTokenSource(closeBegan, over);
        try
        {
            question.Verdict.Task.Wait(giveUp.Token);
        }
        catch (OperationCanceledException)
        {
            // The verdict may come at the same moment.
            if (!question.Verdict.Task.IsCompleted)
            {
                _late.Enqueue(question);
                return false;
            }
        }
        catch (AggregateException)
        {
            // Is thrown below as it is.
        }

        return question.Verdict.Task.GetAwaiter().GetResult();
    }

    /// <summary>
    /// The reply among what came as the connection was closed, and waits in the inbox: for the pipeline thread, once nothing more comes.
    /// </summary>
    /// <exception cref="Exception">What the script threw.</exception>
    public override WsMessage? FindLate()
    {
        while (_found is null && _failure is null && _late.TryDequeue(out Question? question))
        {
            Judge(question);
        }

        if (_failure is not null)
        {
            ExceptionDispatchInfo.Throw(_failure);
        }

        return _found;
    }

    private void Judge(Question question)
    {
        if (question.Verdict.Task.IsCompleted)
        {
            return;
        }

        if (over.IsCancellationRequested || _found is not null || _failure is not null)
        {
            // Came as the wait ended; it is no longer asked about.
            question.Verdict.SetResult(false);
            return;
        }

        object? judged;
        try
        {
            judged = read(question.Message);
        }
        catch (FormatException)
        {
            Unreadable++;
            question.Verdict.SetResult(false);
            return;
        }

        ScriptOutcome outcome = _script.Run(cmdlet, judged, judged);
        outcome.ReportErrors(cmdlet);
        if (outcome.Failure is not null)
        {
            FailedAt = question.Message;
            _failure = outcome.Failure;
            question.Verdict.SetException(outcome.Failure);
            return;
        }

        bool isReply = LanguagePrimitives.IsTrue(outcome.Output);
        if (isReply)
        {
            _found = question.Message;
            Reply = judged;
        }

        question.Verdict.SetResult(isReply);
    }

    /// <summary>Whether one message is the reply; answered on the pipeline thread.</summary>
    private sealed class Question(WsMessage message)
    {
        public WsMessage Message => message;

        public TaskCompletionSource<bool> Verdict { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
