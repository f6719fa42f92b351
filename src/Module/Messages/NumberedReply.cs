namespace MessageWebSockets.PowerShell.Messages;

/// <summary>Tells the reply to one request by the number that both carry.</summary>
/// <param name="path">Where they carry it.</param>
/// <param name="id">The number of the request, as it is written.</param>
internal sealed class NumberedReply(IdPath path, ReadOnlyMemory<byte> id) : ReplyMatch
{
    private bool _isFound;

    public override bool IsReply(WsMessage message)
    {
        if (_isFound)
        {
            // Came as the wait ended.
            return false;
        }

        if (path.Find(message.AsMemory()) is not { } its)
        {
            Unreadable++;
            return false;
        }

        _isFound = !its.IsEmpty && JsonMembers.AreEqual(its, id);
        return _isFound;
    }
}
