using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell.Messages;

/// <summary>Tells the reply to a JSON-RPC request from everything else that a peer sends.</summary>
/// <param name="id">The id of the request.</param>
/// <param name="extras">Those of the socket: an error without an id, as that for a request the peer could not read, is for the one request
/// that waits.</param>
internal sealed class JsonRpcFilter(long id, SocketExtras extras) : ReplyMatch
{
    private bool _isFound;

    /// <summary>The reply, once it came.</summary>
    public JsonRpcReply Reply { get; private set; }

    public override bool IsReply(WsMessage message)
    {
        if (_isFound)
        {
            // Came as the wait ended.
            return false;
        }

        if (JsonMembers.Find(message.AsMemory(), "id", "method", "result", "error") is not [var itsId, var method, var result, var error])
        {
            Unreadable++;
            return false;
        }

        // A peer numbers its own requests as it likes: what has a method is a request or notification of its, whatever its id.
        bool isError = !JsonMembers.IsNull(error);
        if (!JsonMembers.IsNull(method)
            || !(JsonMembers.IsNull(itsId) ? isError && extras.HasSingleRequest : JsonMembers.IsNumber(itsId, id)))
        {
            return false;
        }

        Reply = new JsonRpcReply(result, isError ? error : default);
        _isFound = true;
        return true;
    }
}
