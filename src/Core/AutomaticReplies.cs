namespace MessageWebSockets;

/// <summary>Sends the answers of one connection: at once where that is possible, else in order as soon as it is.</summary>
/// <remarks>While the peer takes nothing, or a message is being sent in fragments, the newest 256 wait; older ones are answered by
/// those.</remarks>
internal sealed class AutomaticReplies(MessageSender sender, ConversationCounts counts)
{
    private const int MostWaiting = 256;

    private readonly Lock _lock = new();
    private readonly Queue<PresetMessage> _waiting = new();
    private bool _isSending;

    public void Send(PresetMessage answer)
    {
        lock (_lock)
        {
            if (_isSending)
            {
                if (_waiting.Count == MostWaiting)
                {
                    _waiting.Dequeue();
                }

                _waiting.Enqueue(answer);
                return;
            }

            if (TrySendNow(answer))
            {
                return;
            }

            _waiting.Enqueue(answer);
            _isSending = true;
        }

        ThreadPool.UnsafeQueueUserWorkItem(static replies => _ = replies.SendWaitingAsync(), this, preferLocal: false);
    }

    // True also when the connection is over: whoever receives or sends is told, and nothing has to be answered.
    private bool TrySendNow(PresetMessage answer)
    {
        try
        {
            bool isSent = sender.TrySendNow(answer.AsMemory().Span, answer.MessageType);
            if (isSent)
            {
                counts.CountReply();
            }

            return isSent;
        }
        catch (Exception e) when (MessageSender.IsConnectionError(e))
        {
            return true;
        }
    }

    private async Task SendWaitingAsync()
    {
        try
        {
            while (TryDequeue(out PresetMessage? answer))
            {
                await sender.SendOwnAsync(answer!.AsMemory(), answer.MessageType).ConfigureAwait(false);
                counts.CountReply();
            }
        }
        catch (Exception e) when (MessageSender.IsConnectionError(e))
        {
            // Over; later answers have nowhere to go either, and are dropped as they come.
        }
    }

    private bool TryDequeue(out PresetMessage? answer)
    {
        lock (_lock)
        {
            _isSending = _waiting.TryDequeue(out answer);
            return _isSending;
        }
    }
}
