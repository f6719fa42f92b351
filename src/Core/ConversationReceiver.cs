using System.Text.RegularExpressions;

namespace MessageWebSockets;

/// <summary>Answers some of what a connection receives and passes over what is noise, in front of who takes the rest.</summary>
/// <remarks>
/// Called by the receive loop, which never waits here: what cannot be sent at once is left to <see cref="AutomaticReplies"/>. Rules are
/// for whole messages that came in one piece and in one array; longer ones are no such small talk.
/// </remarks>
internal sealed class ConversationReceiver(
    IReceiver receiver, AutoReply[] replies, Regex[] ignored, GreetingReply? awaited, ConversationCounts counts) : IReceiver
{
    private AutomaticReplies? _answers;
    private bool _isInMessage;

    public bool IsHeldUp => receiver.IsHeldUp;

    /// <summary>Says what answers are sent through, before anything is received.</summary>
    public void SendThrough(MessageSender sender) => _answers = new AutomaticReplies(sender, counts);

    public bool Take(ReceivedData received, long utcTicks, bool isClosing)
    {
        bool isWhole = received is { IsComplete: true, Bytes: not null } && !_isInMessage;
        _isInMessage = !received.IsComplete;
        bool isTaken = (isWhole && IsSmallTalk(received.Bytes!)) || awaited?.TryTake(isWhole ? received.Bytes : null) == true;
        return !isTaken && receiver.Take(received, utcTicks, isClosing);
    }

    public void CountDropped() => receiver.CountDropped();

    public Task WaitForReadersAsync(CancellationToken closeBegan) => receiver.WaitForReadersAsync(closeBegan);

    public void Publish() => receiver.Publish();

    public void PublishElsewhere() => receiver.PublishElsewhere();

    public Task LetReadersAnswerAsync(TimeSpan longest) => receiver.LetReadersAnswerAsync(longest);

    public void Complete(MessageWebSocketException? error)
    {
        awaited?.End(error);
        receiver.Complete(error);
    }

    public void TellFailure(MessageWebSocketException failure) => receiver.TellFailure(failure);

    private bool IsSmallTalk(byte[] payload)
    {
        foreach (AutoReply reply in replies)
        {
            if (reply.To(payload) is { } answer)
            {
                _answers?.Send(answer);
                return true;
            }
        }

        foreach (Regex pattern in ignored)
        {
            if (TextPattern.Match(pattern, payload) is not null)
            {
                counts.CountIgnored();
                return true;
            }
        }

        return false;
    }
}
