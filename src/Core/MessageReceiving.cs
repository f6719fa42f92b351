namespace MessageWebSockets;

/// <summary>Puts together what becomes of the messages of one connection.</summary>
internal static class MessageReceiving
{
    /// <param name="settings">How they are received.</param>
    /// <param name="origin">What they come through.</param>
    /// <param name="handlers">Who they go to; null for the inbox.</param>
    /// <param name="inbox">The inbox, which says when nothing more comes in either case.</param>
    /// <param name="pause">Says when receiving is held up by who receives.</param>
    /// <param name="counts">Told of answers and of what is ignored.</param>
    public static ReceivingEnd Create(
        ReceivingSettings settings,
        object origin,
        IMessageEvents? handlers,
        Inbox<WsMessage> inbox,
        ReceivePause pause,
        ConversationCounts counts)
    {
        IReceiver receiver = handlers is null
            ? new InboxReceiver(origin, inbox, pause, settings.FullMode)
            : new HandlerReceiver(origin, handlers, inbox, pause);
        HeldReceiver? held = handlers is not null && settings.IsGreeted ? new HeldReceiver(receiver, settings.InboxLimit) : null;
        receiver = held ?? receiver;
        ConversationReceiver? conversation = settings.AutoReplies.Length + settings.Ignore.Length == 0
            ? null
            : new ConversationReceiver(receiver, settings.AutoReplies, settings.Ignore, counts);
        return new ReceivingEnd(
            conversation ?? receiver,
            (framing, frames) => RecordReader.Over(
                new MessageAssembler(framing, frames, settings.MaxMessageSize, settings.WholeMessages), settings.Records),
            inbox,
            conversation is null ? null : conversation.SendThrough,
            held is null ? null : held.Release);
    }
}
