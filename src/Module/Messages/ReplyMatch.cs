namespace MessageWebSockets.PowerShell.Messages;

/// <summary>Tells the reply to one request from all other messages: this one takes the first that comes.</summary>
internal class ReplyMatch
{
    /// <summary>How many messages came that are no JSON and could not be judged.</summary>
    public int Unreadable { get; protected set; }

    /// <summary>Whether a message is the reply. For the receive loop.</summary>
    public virtual bool IsReply(WsMessage message) => true;

    /// <summary>The reply among the messages that waited in the inbox to be judged, once the connection has ended; null for none.</summary>
    public virtual WsMessage? FindLate() => null;
}
