namespace MessageWebSockets;

/// <summary>
/// Where the messages of a socket go: to its handlers if it had any when the connect began, else into an inbox.
/// </summary>
/// <param name="socket">What they come through.</param>
/// <param name="client">Its life.</param>
/// <param name="events">Its events.</param>
internal sealed class MessageReceiving(object socket, ClientSocket client, IMessageEvents events)
{
    private Inbox<WsMessage>? _inbox;
    private bool _pushes;

    /// <summary>The inbox, for who reads from it.</summary>
    /// <exception cref="InvalidOperationException">Not connected yet, or messages go to handlers (E_ILLEGAL_METHOD_CALL).</exception>
    /// <exception cref="ObjectDisposedException">Closed before it was connected (RO_E_CLOSED).</exception>
    public Inbox<WsMessage> Inbox
    {
        get
        {
            // PowerShell may have removed the last handler meanwhile; the messages go nowhere then, and certainly not to a reader.
            if ((client.Connection is not null && _pushes) || events.HasMessageHandlers)
            {
                throw ContractError.IllegalMethodCall(
                    "Messages of this socket go to its MessageReceived handlers; a socket without handlers can be read from.");
            }

            return client.IsGreetedByOthers ? throw client.NothingToRead() : Volatile.Read(ref _inbox) ?? throw client.NothingToRead();
        }
    }

    /// <summary>A connect begins: handlers can no longer be added.</summary>
    public void Begin() => _pushes = events.HasMessageHandlers;

    /// <summary>Puts together what becomes of the messages of one connection.</summary>
    /// <param name="settings">How they are received.</param>
    /// <param name="isGreeted">Whether something is done with the connection before it is anybody else's.</param>
    /// <param name="awaited">What is waited for before that; null for nothing.</param>
    /// <param name="counts">Told of answers and of what is ignored.</param>
    public ReceivingEnd Open(ReceivingSettings settings, bool isGreeted, GreetingReply? awaited, ConversationCounts counts)
    {
        ReceivePause pause = new();
        Inbox<WsMessage> inbox = new(settings.InboxLimit, pause);
        Volatile.Write(ref _inbox, inbox);
        IReceiver receiver = _pushes
            ? new HandlerReceiver(socket, events, inbox, pause)
            : new InboxReceiver(socket, inbox, pause, settings.FullMode);
        HeldReceiver? held = _pushes && isGreeted ? new HeldReceiver(receiver, settings.InboxLimit) : null;
        receiver = held ?? receiver;
        ConversationReceiver? conversation = settings.AutoReplies.Length + settings.Ignore.Length == 0 && awaited is null
            ? null
            : new ConversationReceiver(receiver, settings.AutoReplies, settings.Ignore, awaited, counts);
        return new ReceivingEnd(
            conversation ?? receiver,
            (framing, frames) => RecordReader.Over(
                new MessageAssembler(framing, frames, settings.MaxMessageSize, settings.WholeMessages), settings.Records),
            inbox,
            conversation is null ? null : conversation.SendThrough,
            held is null ? null : held.Release);
    }

    /// <summary>Drops the inbox of a connection that came to nothing.</summary>
    public void Discard() => Volatile.Write(ref _inbox, null);
}
