using MessageWebSockets.PowerShell.Sessions;

namespace MessageWebSockets.PowerShell.Messages;

/// <summary>Tells the answer to a batch of JSON-RPC requests (JSON-RPC 2.0 section 6) from everything else that a peer sends.</summary>
/// <param name="ids">The ids of the requests that want an answer.</param>
/// <param name="extras">Those of the socket: an error without an id, as that for a batch the peer could not read, is for the one that
/// waits alone.</param>
internal sealed class JsonRpcBatchFilter(IReadOnlyList<long> ids, SocketExtras extras) : ReplyMatch
{
    private readonly Dictionary<long, JsonRpcReply> _replies = [];
    private readonly Queue<JsonRpcReply> _withoutId = [];
    private bool _isFound;

    /// <summary>The error for the batch as a whole, if that is the answer.</summary>
    public JsonRpcReply? Refusal { get; private set; }

    /// <summary>
    /// The answer to a request; null where there is none. An error without an id is for one of those that have none with theirs.
    /// </summary>
    public JsonRpcReply? ReplyTo(long id) =>
        _replies.TryGetValue(id, out JsonRpcReply reply) || _withoutId.TryDequeue(out reply) ? reply : null;

    public override bool IsReply(WsMessage message)
    {
        if (_isFound)
        {
            // Came as the wait ended.
            return false;
        }

        ReadOnlyMemory<byte> utf8 = message.AsMemory();
        _isFound = JsonMembers.Elements(utf8) is { } elements ? IsAnswer(elements) : IsRefusal(utf8);
        return _isFound;
    }

    private bool IsAnswer(IReadOnlyList<ReadOnlyMemory<byte>> elements)
    {
        _replies.Clear();
        _withoutId.Clear();
        foreach (ReadOnlyMemory<byte> element in elements)
        {
            if (Read(element) is not { } answer)
            {
                continue;
            }

            if (JsonMembers.IsNull(answer.Id))
            {
                if (answer.Reply.IsError)
                {
                    _withoutId.Enqueue(answer.Reply);
                }
            }
            else if (ids.Where(id => JsonMembers.IsNumber(answer.Id, id)).Take(1).ToArray() is [var id])
            {
                _replies[id] = answer.Reply;
            }
        }

        return _replies.Count > 0 || (_withoutId.Count > 0 && extras.HasSingleRequest);
    }

    private bool IsRefusal(ReadOnlyMemory<byte> utf8)
    {
        if (Read(utf8) is not { } answer)
        {
            Unreadable += JsonMembers.Find(utf8) is null ? 1 : 0;
            return false;
        }

        bool isMine = JsonMembers.IsNull(answer.Id) && answer.Reply.IsError && extras.HasSingleRequest;
        Refusal = isMine ? answer.Reply : null;
        return isMine;
    }

    private static (ReadOnlyMemory<byte> Id, JsonRpcReply Reply)? Read(ReadOnlyMemory<byte> utf8)
    {
        // What has a method is a request or notification of the peer's own.
        if (JsonMembers.Find(utf8, "id", "method", "result", "error") is not [var id, var method, var result, var error]
            || !JsonMembers.IsNull(method))
        {
            return null;
        }

        return (id, new JsonRpcReply(result, JsonMembers.IsNull(error) ? default : error));
    }
}
